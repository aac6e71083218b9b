#!/usr/bin/env python3
"""damage.py QCOW2-DAMAGE: one byte of a finished image is changed at random places, and `kiln-qcow2
verify` must notice each change of metadata or contents. What it passes over is judged here by zlib
and by the format's own tables, or by qemu-img compare where the data is zstd."""

import os
import random
import subprocess
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib"))
import disks
import qcow2
import tap

SIZE = 3 * disks.MIB
HEADER = 112


def make_disk(path, seed):
    """About ten clusters of every kind, some side by side, some alone."""
    rng = random.Random(seed)
    with open(path, "wb") as f:
        f.truncate(SIZE)
        for i, make in enumerate(disks.KINDS):
            f.seek(i * 4 * disks.CLUSTER + rng.randrange(3) * 1000)
            f.write(make(rng, rng.choice((disks.CLUSTER, 50000, 70000))))


class Judge:
    """Says what one changed byte of a good image means."""

    def __init__(self, raw, path):
        self.raw, self.path = raw, path
        self.image = image = qcow2.Image(path)
        with open(raw, "rb") as f:
            self.disk = f.read()
        self.packed = [c for c in image.clusters() if c[2] is not None]
        self.meta = [(0, HEADER), (image.l1, image.l1_entries * 8),
                     (image.reftable, image.reftable_clusters * image.cluster)]
        self.meta += [(offset, image.cluster) for offset, _ in image.l2_tables()]
        self.meta += [(offset, image.cluster) for offset in image.refblocks()]
        self.meta += [(c[1], image.cluster) for c in image.clusters() if c[2] is None]

    def changed(self, at, mask):
        """What the change does to metadata or contents; None when it has no effect."""
        if any(start <= at < start + length for start, length in self.meta):
            return "metadata or a plain cluster"
        data = bytearray(self.image.data)
        data[at] ^= mask
        hit = [c for c in self.packed if c[1] <= at < c[1] + c[2]]
        if hit and self.image.zstd:
            return self.compared(bytes(data))
        for guest, offset, length in hit:
            try:
                got = self.image.inflate(offset, length, data=bytes(data))
            except zlib.error as error:
                return f"guest byte {guest}: {error}"
            if got != self.disk[guest : guest + self.image.cluster]:
                return f"guest byte {guest}: other contents"
        return None

    def compared(self, data):
        with tempfile.NamedTemporaryFile(suffix=".qcow2") as f:
            f.write(data)
            f.flush()
            done = subprocess.run(("qemu-img", "compare", "-q", "-f", "raw", "-F", "qcow2", self.raw,
                                   f.name), capture_output=True)
        return None if done.returncode == 0 else "other contents by qemu-img compare"


def try_image(program, folder, name, options, places, rule="lima"):
    raw, image = os.path.join(folder, "disk.raw"), os.path.join(folder, "disk.qcow2")
    seed = sum(name.encode())
    make_disk(raw, seed)
    subprocess.run(("kiln-qcow2", "compress", "-q", *options, raw, "-o", image), check=True,
                   stderr=subprocess.DEVNULL)
    done = subprocess.run((program, raw, image, str(places), str(seed), rule), capture_output=True,
                          text=True)
    if done.returncode:
        tap.result(False, f"{name}: every fault is a documented one", f"exit {done.returncode}",
                   *done.stderr.splitlines()[-20:])
        return
    judge, missed = Judge(raw, image), []
    silent = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    for at, mask in silent:
        change = judge.changed(at, mask)
        if change:
            missed.append(f"byte {at} xor {mask}: {change}")
    tap.result(not missed, f"{name}: {places} damaged bytes, {len(silent)} without an effect, the rest "
               "noticed", *missed[:20])
    tap.result(len(silent) * 2 < places, f"{name}: most damage has an effect")


def main():
    program = sys.argv[1]
    with tap.folder("damage") as folder:
        try_image(program, folder, "deflate", [], tap.effort(10000))
        try_image(program, folder, "deflate, shared", ["--share", "--window=12"], tap.effort(2000))
        try_image(program, folder, "deflate, by the rule of qemu", [], tap.effort(2000), "qemu")
        try_image(program, folder, "zstd", ["--type=zstd"], tap.effort(2000), "qemu")
        try_image(program, folder, "zstd, shared, clusters of 256 KiB",
                  ["--type=zstd", "--cluster-size=256KiB", "--share"], tap.effort(1000), "qemu")
    tap.done()


main()
