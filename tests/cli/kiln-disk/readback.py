#!/usr/bin/env python3
"""Hold an ext4 image, as debugfs reads it, to the fixture's want.json and tar.

usage: readback.py IMAGE DIR SCRATCH      prints what differs; exit status 1 if anything does
"""

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

EPOCH = 1700000000
differences = 0


def differ(path, what, got, want):
    global differences
    if got != want:
        differences += 1
        if differences < 20:
            print(f"{path!r}: {what} is {got!r}, want {want!r}")


def debugfs(image, commands):
    script = "\n".join(commands) + "\n"
    done = subprocess.run(["debugfs", "-f", "-", image], input=script.encode(), check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode(errors="surrogateescape")


def stats(image, paths):
    """path -> what `stat` prints"""
    out = debugfs(image, [f'stat "{p}"' for p in paths])
    parts = re.split(r'^debugfs: stat "(.*)"\n', out, flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2]))


def field(text, pattern):
    found = re.search(pattern, text, re.M)
    return found.group(1) if found else None


def time_of(text, name):
    """[seconds, nanoseconds] from "0xSECONDS:EXTRA" """
    low, extra = (int(x, 16) for x in field(
        text, rf"^ ?{name}: 0x([0-9a-f]+:[0-9a-f]+)").split(":"))
    return [low + ((extra & 3) << 32), extra >> 2]


def check_entry(path, text, want):
    differ(path, "mode", int(field(text, r"Mode:\s+(\d+)") or "0", 8),
           want.get("on_disk_mode", want["mode"]))
    # debugfs prints owners as signed numbers.
    differ(path, "user", int(field(text, r"User:\s+(-?\d+)")) % 2**32, want["uid"])
    differ(path, "group", int(field(text, r"Group:\s+(-?\d+)")) % 2**32, want["gid"])
    differ(path, "type", field(text, r"Type: (.*?)\s+Mode:"), want.get("type"))
    differ(path, "generation", field(text, r"Generation: (\d+)"), "0")
    for name in ("ctime", "atime", "crtime"):
        differ(path, name, time_of(text, name), [EPOCH, 0])
    differ(path, "mtime", time_of(text, "mtime"), want.get("time", [1000000000, 0]))
    if "size" in want:
        differ(path, "size", int(field(text, r"Size: (\d+)$") or -1), want["size"])
    if "links" in want:
        differ(path, "links", int(field(text, r"Links: (\d+)") or -1), want["links"])
    if "device_is" in want:
        numbers = field(text, r"Device major/minor number: (\d+:\d+)").split(":")
        differ(path, "device", [int(n) for n in numbers], want["device_is"])
    if want.get("indexed"):
        differ(path, "index flag", int(field(text, r"Flags: (0x[0-9a-f]+)"), 16) & 0x1000, 0x1000)


def check_xattrs(image, path, want, scratch):
    out = debugfs(image, [f'ea_list "{path}"'])
    names = set(re.findall(r"^  (\S+) \(\d+\)", out, re.M))
    differ(path, "names of attributes", names, set(want))
    for name, value in want.items():
        file = scratch / "value"
        file.unlink(missing_ok=True)
        debugfs(image, [f'ea_get -V -f {file} "{path}" {name}'])
        got = file.read_bytes().hex() if file.exists() else None
        # debugfs gives access control lists in the kernel's form.
        if name.startswith("system.posix_acl"):
            text = field(out, re.escape(name) + r" \(\d+\) = ([0-9a-f ]+)$") or ""
            got = text.replace(" ", "")
        differ(path, name, got, value)


def check_contents(image, tar_path, scratch):
    top = scratch / "tree"
    top.mkdir()
    debugfs(image, [f"rdump / {top}"])
    found = {os.path.join(folder, name).removeprefix(str(top)) for folder, folders, files
             in os.walk(top) for name in folders + files}
    expected = {"/lost+found"}
    with tarfile.open(tar_path) as tar:
        for info in tar:
            path = "/" + info.name
            expected.add(path)
            if info.isreg() or info.islnk():
                want = tar.extractfile(info).read()
                differ(path, "contents equal", (top / info.name).read_bytes() == want, True)
            elif info.issym():
                differ(path, "target", os.readlink(top / info.name), info.linkname)
            elif not info.isdir():
                found.add(path)  # rdump leaves device nodes out; stat has looked at them
    differ("/", "missing names", expected - found, set())
    differ("/", "names too many", found - expected, set())


def main():
    image, folder, scratch = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    want = {p: w for p, w in json.loads((folder / "want.json").read_text()).items()
            if not w.get("quiet")}
    seen = stats(image, want)
    differ("/", "entries looked at", set(seen), set(want))
    for path, text in seen.items():
        check_entry(path, text, want[path])
        if "xattrs" in want[path]:
            check_xattrs(image, path, want[path]["xattrs"], scratch)
    check_contents(image, folder / "all.tar", scratch)
    print(f"{differences} differences")
    sys.exit(1 if differences else 0)


main()
