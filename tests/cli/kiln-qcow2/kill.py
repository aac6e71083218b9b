#!/usr/bin/env python3
"""kiln-qcow2 is killed (SIGKILL) at random moments: under the final name is nothing, the older file
whole, or the new one whole; and the next run leaves nothing else in the folder. 60 kills;
KILN_TEST_EFFORT=400 for 240."""

import filecmp
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib"))
import disks
import tap

OLD = b"what was here before\n"


def make_disk(path, rng):
    with open(path, "wb") as f:
        f.truncate(24 * disks.MIB)
        for i in range(12):
            f.seek(2 * i * disks.MIB)
            f.write(disks.text(rng, 600000) + disks.noise(rng, 200000))


def run(command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)


class Killed:
    """One command whose last argument is its output file."""

    def __init__(self, folder, name, command, output):
        self.name = name
        self.folder = os.path.join(folder, name.replace(" ", "-"))
        os.mkdir(self.folder)
        self.output = os.path.join(self.folder, output)
        self.command = ["kiln-qcow2", *command, "-o", self.output]
        start = time.monotonic()
        run(self.command)
        self.seconds = time.monotonic() - start
        self.good = os.path.join(folder, "good-" + output)
        os.rename(self.output, self.good)

    def kill_once(self, rng):
        """Kill it at some moment. Returns whether it was still running, and what is wrong. When it
        was not, that run says how long later ones take."""
        old = rng.random() < 0.5
        if old:
            with open(self.output, "wb") as f:
                f.write(OLD)
        elif os.path.exists(self.output):
            os.unlink(self.output)
        start = time.monotonic()
        running = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = rng.random() * self.seconds * 1.1
        try:
            running.wait(after)
            self.seconds = time.monotonic() - start
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        return running.returncode < 0, self.wrong(old, running.returncode, after)

    def wrong(self, old, status, after):
        if status not in (0, -9):
            return f"after {after:.4f} s: status {status}"
        if not os.path.exists(self.output):
            return None if status and not old else f"after {after:.4f} s: no file, status {status}"
        if filecmp.cmp(self.output, self.good, shallow=False):
            return None
        with open(self.output, "rb") as f:
            if f.read(len(OLD) + 1) == OLD and old and status:
                return None
        return f"after {after:.4f} s: half a file, status {status}"

    def play(self, rng, times):
        hits, failures = 0, []
        for _ in range(times):
            hit, wrong = self.kill_once(rng)
            hits += hit
            failures += [wrong] if wrong else []
        tap.result(not failures, f"{self.name}: {hits} kills in {times} runs, its file whole or absent",
                   *failures)
        run(self.command)
        left = os.listdir(self.folder)
        tap.result(left == [os.path.basename(self.output)] and
                   filecmp.cmp(self.output, self.good, shallow=False),
                   f"{self.name}: the next run is right and leaves nothing else", " ".join(left))
        shutil.rmtree(self.folder)
        return hits


def main():
    rng = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="kiln-kill.") as folder:
        raw, image = os.path.join(folder, "disk.raw"), os.path.join(folder, "disk.qcow2")
        make_disk(raw, rng)
        run(("kiln-qcow2", "compress", "-q", raw, "-o", image))
        commands = (
            ("compress", ["compress", "-q", raw], "a.qcow2"),
            ("compress a qcow2 image", ["compress", "-q", image], "b.qcow2"),
            ("compress with zstd", ["compress", "-q", "--type=zstd", "--share", raw], "c.qcow2"),
            ("extract", ["extract", "-q", image], "a.raw"),
            ("pack", ["pack", "-q", "--zst", image], "a.zst"),
        )
        hits = sum(Killed(folder, *command).play(rng, tap.effort(60) // len(commands) + 1)
                   for command in commands)
        tap.result(hits > 0, f"{hits} were killed before they were done")
    tap.done()


main()
