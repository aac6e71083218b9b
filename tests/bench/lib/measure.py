"""Run commands and take their time: cases, rounds, medians."""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path


SHORT = 0.6  # seconds: runs that are shorter differ most


class BenchError(Exception):
    """What ends the benchmark; `status` is the exit status."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


@dataclass
class Case:
    """One command of a group. {in} and {out} in its words are the paths of input and output."""

    name: str
    title: str
    disk: str  # name of the disk it reads
    words: list
    output: str = ""  # suffix of the file it writes; "" for none
    to_stdout: bool = False  # the output is what it prints
    check: str = ""  # how the output is held against the disk: "qcow2", "raw", "xz", "zst"
    once: bool = False  # too slow for more than one round
    from_image: bool = False  # {in} is the disk's qcow2 image, not the disk itself
    timeout: int = 600


@dataclass
class Result:
    """What the runs of a case took, in the order of the rounds."""

    case: Case
    seconds: list = field(default_factory=list)
    cpu_seconds: list = field(default_factory=list)
    peak_kib: list = field(default_factory=list)
    output_bytes: int = 0

    def median(self):
        return statistics.median(self.seconds)


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run_once(case, source, out, scratch):
    """Seconds, processor seconds and peak KiB of one run. The processes that `timeout` and `time`
    add are small; Python as the parent would count as the child's peak."""
    words = [word.replace("{in}", str(source)).replace("{out}", str(out)) for word in case.words]
    peak = scratch / "peak"
    log = scratch / "log"
    wrapped = ["timeout", "-k", "5", str(case.timeout), "time", "-q", "-f", "%M", "-o", str(peak), *words]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(out if case.to_stdout else os.devnull, "wb") as stdout, open(log, "wb") as stderr:
        start = time.monotonic()
        process = subprocess.Popen(wrapped, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        try:
            status = process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        seconds = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if status == 124:
        raise BenchError(5, f"{case.title}: not done after {case.timeout} s\n{' '.join(words)}")
    if status != 0:
        tail = log.read_text(errors="replace").strip()[-2000:]
        raise BenchError(5, f"{case.title}: exit status {status}\n{' '.join(words)}\n{tail}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, int(peak.read_text().split()[-1])


def run_group(name, cases, disks, rounds, tries, scratch):
    """Run all cases of a group in turn, `rounds` times; {case name: Result}, and the others' commands
    that failed with the reason."""
    results = {case.name: Result(case) for case in cases}
    failed = {}
    for number in range(rounds):
        for case in cases:
            if case.name in failed or (case.once and number > 0):
                continue
            try:
                measure(name, results[case.name], disks[case.disk], tries, scratch)
            except BenchError as fault:
                if case.words[0].startswith("kiln-"):
                    raise
                say(f"{name}: {fault}")
                failed[case.name] = str(fault).splitlines()[0]
    return {name: result for name, result in results.items() if name not in failed}, failed


def measure(group, result, disk, tries, scratch):
    """One more round of a case: the fastest of up to `tries` runs that are short. The first output is
    checked."""
    case = result.case
    out = scratch / f"out{case.output}"
    runs = []
    while not runs or (len(runs) < tries and sum(run[0] for run in runs) < SHORT):
        out.unlink(missing_ok=True)
        runs.append(run_once(case, disk.image if case.from_image else disk.path, out, scratch))
    seconds, cpu, _ = min(runs)
    result.seconds.append(seconds)
    result.cpu_seconds.append(cpu)
    result.peak_kib.append(max(run[2] for run in runs))
    say(f"{group}: {case.title}: {seconds:.2f} s")
    if case.output:
        result.output_bytes = out.stat().st_size
        if case.check and len(result.seconds) == 1:
            check_output(case, disk, out)
        out.unlink()
    if seconds > SHORT:
        os.sync()  # the next command shall not wait for what this one wrote


def check_output(case, disk, out):
    """A fast tool that writes something else than the disk wins nothing."""
    commands = {
        "qcow2": [["qemu-img", "check", "-q", str(out)],
                  ["qemu-img", "compare", "-q", "-f", "raw", "-F", "qcow2", str(disk.path), str(out)]],
        "raw": [["cmp", str(disk.path), str(out)]],
        "xz": [["sh", "-c", 'xz -T0 -dc "$1" | cmp - "$2"', "-", str(out), str(disk.path)]],
        "zst": [["sh", "-c", 'zstd -dc "$1" | cmp - "$2"', "-", str(out), str(disk.path)]],
    }
    for command in commands[case.check]:
        must(command, f"{case.title}: the output is not the disk")


def must(command, message):
    """Run a command that is not timed."""
    done = subprocess.run(["timeout", "600", *map(str, command)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode != 0:
        words = " ".join(map(str, command))
        raise BenchError(5, f"{message}: {words}: exit status {done.returncode}\n{done.stdout}{done.stderr}")


def tool_folders(top, tools):
    """Put the built tools before what else is on PATH, unless they are on it."""
    for tool in tools:
        if not shutil.which(tool):
            os.environ["PATH"] = f"{Path(top) / 'build/tools/tools' / tool}:{os.environ['PATH']}"
