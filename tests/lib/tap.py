"""Black-box tests in Python: TAP output, as tests/lib/tap.sh does it for bash."""

import os
import sys
import tempfile

MEMORY = "/dev/shm"
MEMORY_NEEDED = 1 << 30

count = failed = 0


def result(ok, name, *comments):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}")
    for comment in comments:
        print(f"# {comment}")
    sys.stdout.flush()


def skip(name, reason):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {reason}", flush=True)


def done():
    print(f"1..{count}")
    sys.exit(failed > 0)


def effort(usual):
    """How many of something to do: KILN_TEST_EFFORT is in percent of what is usual."""
    return max(1, usual * int(os.environ.get("KILN_TEST_EFFORT", "100")) // 100)


def folder(name):
    """A temporary folder for a `with` statement: in memory where there is enough, since thousands of
    small files are flushed there at no cost."""
    where = None
    try:
        room = os.statvfs(MEMORY)
        if os.access(MEMORY, os.W_OK) and room.f_bavail * room.f_frsize >= MEMORY_NEEDED:
            where = MEMORY
    except OSError:
        pass
    return tempfile.TemporaryDirectory(prefix=f"kiln-{name}.", dir=where)
