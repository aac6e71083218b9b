#!/usr/bin/env python3
"""What a guest does to a finished image: qemu-io writes, discards and marks zeros at random places, and
takes snapshots. The refcounts stay right (qemu-img check), the contents are those of a model, and
`kiln-qcow2 extract` reads them.

    writes.py [--seed N]        all the usual ones, or one again"""

import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib"))
import disks
import tap

SIZE = 6 * disks.MIB
SECTOR = 512
OPTIONS = (
    (),
    ("--share",),
    ("--level=1", "--window=12"),
    ("--type=zstd", "--share"),
    ("--type=zstd", "--cluster-size=2MiB"),
    ("--type=zstd", "--cluster-size=256KiB", "--share"),
)
CLUSTERS = {"--cluster-size=2MiB": 2 << 20, "--cluster-size=256KiB": 256 << 10}


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise ValueError(f"exit {done.returncode}: {' '.join(command)}: {(done.stderr + done.stdout)[-600:]}")
    return done.stdout


def make_disk(path, rng):
    """Full enough that most writes meet a cluster with data; many clusters are the same."""
    same = disks.text(rng, disks.CLUSTER)
    with open(path, "wb") as f:
        f.truncate(SIZE)
        at = 0
        while at < SIZE:
            length = min(rng.choice((1, 2, 5)) * disks.CLUSTER, SIZE - at)
            f.seek(at)
            f.write(rng.choice((lambda: same * (length // disks.CLUSTER),
                                lambda: rng.choice(disks.KINDS)(rng, length)))())
            at += length


def pick_extent(rng, unit, most):
    length = min(rng.randrange(1, most // unit + 1) * unit, SIZE)
    return rng.randrange((SIZE - length) // unit + 1) * unit, length


def pick_action(rng, cluster, model):
    """A qemu-io command; the model follows. What a discard of less than a cluster does is not
    said by anybody, so only whole ones are."""
    kind = rng.random()
    if kind < 0.5:
        at, length = pick_extent(rng, SECTOR, rng.choice((SECTOR, 4096, 300000)))
        fill = rng.randrange(1, 256)
        model[at : at + length] = bytes([fill]) * length
        return f"write -P {fill} {at} {length}"
    if kind < 0.75:
        at, length = pick_extent(rng, SECTOR, rng.choice((4096, 300000)))
        model[at : at + length] = bytes(length)
        return rng.choice(("write -z", "write -z -u")) + f" {at} {length}"
    at, length = pick_extent(rng, cluster, max(cluster, 400000))
    model[at : at + length] = bytes(length)
    return f"discard {at} {length}"


def guest(rng, image, cluster, model, n):
    actions = [pick_action(rng, cluster, model) for _ in range(n)]
    said = run("qemu-io", "-f", "qcow2", "-t", "unsafe", "-d", "unmap", *(f"-c{action}" for action in actions), image)
    if "failed" in said or "error" in said.lower():
        raise ValueError(f"qemu-io: {said[-400:]}")


def hold(image, raw, model):
    with open(raw, "wb") as f:
        f.write(model)
    run("qemu-img", "check", "-q", "-f", "qcow2", image)
    run("qemu-img", "compare", "-q", "-f", "raw", "-F", "qcow2", raw, image)


def play(seed, folder, options):
    rng = random.Random(seed)
    raw, image, got = (os.path.join(folder, name) for name in ("disk.raw", "disk.qcow2", "got.raw"))
    make_disk(raw, rng)
    run("kiln-qcow2", "compress", "-q", *options, raw, "-o", image)
    with open(raw, "rb") as f:
        model = bytearray(f.read())
    cluster = CLUSTERS.get(options[1] if len(options) > 1 else "", disks.CLUSTER)
    guest(rng, image, cluster, model, rng.randrange(1, 20))
    hold(image, raw, model)
    run("qemu-img", "snapshot", "-c", "one", image)
    kept = bytes(model)
    guest(rng, image, cluster, model, rng.randrange(5, 30))
    hold(image, raw, model)
    if rng.random() < 0.5:
        run("qemu-img", "snapshot", "-a", "one", image)
        model[:] = kept
    run("qemu-img", "snapshot", "-d", "one", image)
    guest(rng, image, cluster, model, rng.randrange(5, 30))
    hold(image, raw, model)
    run("kiln-qcow2", "extract", "-q", image, "-o", got)
    difference = disks.first_difference(raw, got)
    if difference:
        raise ValueError(f"extract reads something else: {difference}")


def main():
    seeds = range(max(len(OPTIONS), tap.effort(36)))
    if len(sys.argv) == 3 and sys.argv[1] == "--seed":
        seeds = [int(sys.argv[2])]
    wrong = {options: [] for options in OPTIONS}
    for seed in seeds:
        options = OPTIONS[seed % len(OPTIONS)]
        with tap.folder("writes") as folder:
            try:
                play(seed, folder, options)
            except (ValueError, subprocess.TimeoutExpired) as error:
                wrong[options].append(f"writes.py --seed {seed}: {error}")
    for options, failures in wrong.items():
        tap.result(not failures, f"{' '.join(options) or 'by default'}: guests' writes keep the image right",
                   *failures)
    tap.done()


main()
