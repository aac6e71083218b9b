#!/usr/bin/env python3
"""kiln-qcow2 on generated disks and images: each number is a disk, its options, and the same checks by
programs that are not ours (qemu-img check and compare, zlib, sha256).

    property.py                 the usual 400 disks; KILN_TEST_EFFORT=1000 for ten times as many
    property.py --seed N        one of them again, with what it is made of
    property.py --from N --to M these
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib"))
import disks
import qcow2
import tap

MIB = disks.MIB
HASHED_MAX = 64 * MIB  # larger disks are read by their holes, which no digest can be
GROUP = 25


class Failure(Exception):
    pass


def run(*command, want=0):
    """Run to the end; anything but the wanted exit code is a failure."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    if done.returncode != want:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()[-400:]
        raise Failure(f"exit {done.returncode}, want {want}: {' '.join(command)}: {said}")
    return done.stdout


def demand(ok, what):
    if not ok:
        raise Failure(what)


def demand_same(a, b):
    difference = disks.first_difference(a, b)
    demand(difference is None, f"{a} and {b} differ: {difference}")


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(MIB):
            digest.update(block)
    return digest.hexdigest()


SNAP = "not read here"


def pick_threads(rng):
    return str(rng.choice((1, 1, 2, 3, rng.randrange(4, 17))))


def pick_options(rng):
    """How to compress. Small levels more often: they are the quick ones."""
    options = ["--level", str(rng.choice((1, 1, 1, 2, 3, 5, 6, 6, 6, 7, 9, 11, 12)))]
    kind = rng.random()
    if kind < 0.35:
        options += ["--type", "zstd", "--cluster-size",
                    rng.choice(("64KiB", "64KiB", "128KiB", "256KiB", "512KiB", "1MiB", "2MiB", "2MiB"))]
    elif kind < 0.5:
        options += ["--window", "12"]
    if rng.random() < 0.4:
        options.append("--share")
    return options


def value_of(options, name, default):
    return options[options.index(name) + 1] if name in options else default


def check_by_qemu(raw, image, report):
    """No leak, no corruption, the same contents and the same size; as many clusters as reported."""
    checked = json.loads(run("qemu-img", "check", "-f", "qcow2", "--output=json", image))
    info = json.loads(run("qemu-img", "info", "-f", "qcow2", "--output=json", image))
    run("qemu-img", "compare", "-q", "-f", "raw", "-F", "qcow2", raw, image)
    demand(info["virtual-size"] == os.stat(raw).st_size, "virtual size")
    demand(checked["image-end-offset"] == (os.stat(image).st_size + info["cluster-size"] - 1)
           // info["cluster-size"] * info["cluster-size"], "the file is longer than what is used")
    if report:
        demand(report["virtual_size"] == info["virtual-size"], "reported virtual size")
        demand(report["cluster_size"] == info["cluster-size"], "reported cluster size")


def check_report(report, raw, image):
    demand(report["file_size"] == os.stat(image).st_size, "reported file size")
    demand(report["sha256"] == sha256(image), "reported digest of the image")
    if "source_sha256" in report:
        demand(report["source_sha256"] == sha256(raw), "reported digest of the disk")


def check_by_zlib(raw, path, window_bits):
    """Each deflate cluster is decoded by readers that declare a window of 4 KiB."""
    image = qcow2.Image(path)
    with open(raw, "rb") as f:
        for guest, offset, length in image.clusters():
            want = os.pread(f.fileno(), image.cluster, guest)
            if length is None:
                got = image.data[offset : offset + image.cluster]
            else:
                got = image.inflate(offset, length)
            demand(got == want, f"guest byte {guest}: zlib reads something else")
            if length is not None and window_bits == 12:
                got = image.inflate_streamed(offset, length, 12)
                demand(got == want, f"guest byte {guest}: a window of 4 KiB does not hold it")


def check_image(rng, raw, image, options):
    """All that a finished image must be."""
    again = image + ".again"
    small = os.stat(raw).st_size <= HASHED_MAX
    report = {}
    command = ["kiln-qcow2", "compress", "-q", *options, raw]
    if small:
        run(*command, "-t", pick_threads(rng), "-o", image, "--report", image + ".json")
        with open(image + ".json") as f:
            report = json.load(f)
        check_report(report, raw, image)
    else:
        run(*command, "-t", pick_threads(rng), "-o", image)
    run(*command, "-t", pick_threads(rng), "-o", again)
    demand_same(image, again)
    check_by_qemu(raw, image, report)
    rule = "qemu"
    if value_of(options, "--type", "deflate") == "deflate":
        rule = rng.choice(("lima", "lima", "qemu"))
        check_by_zlib(raw, image, int(value_of(options, "--window", "15")))
    run("kiln-qcow2", "verify", "-q", "-t", pick_threads(rng), "--rule", rule, raw, image)
    run("kiln-qcow2", "extract", "-q", "-t", pick_threads(rng), image, "-o", again)
    demand_same(raw, again)


def make_input(rng, raw, image):
    """The disk as qemu-img and a guest would store it; the raw disk follows what the guest does."""
    compat = rng.choice(("1.1", "1.1", "0.10"))
    cluster = rng.choice((512, 4096, 65536, 65536, 131072, 2 * MIB))
    if os.stat(raw).st_size > 1024 * MIB:
        cluster = max(cluster, 65536)
    options = [f"compat={compat}", f"cluster_size={cluster}"]
    flags = []
    if compat == "1.1":
        options.append(f"refcount_bits={rng.choice((1, 8, 16, 16, 32, 64))}")
        options.append(f"lazy_refcounts={rng.choice(('on', 'off'))}")
    if rng.random() < 0.5:
        flags.append("-c")
        if compat == "1.1" and cluster > 512 and rng.random() < 0.5:
            options.append("compression_type=zstd")
    elif os.stat(raw).st_size <= HASHED_MAX and rng.random() < 0.5:
        options.append(f"preallocation={rng.choice(('metadata', 'full', 'falloc'))}")
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", *flags, "-o", ",".join(options), raw, image)
    if rng.random() < 0.5:
        guest_writes(rng, raw, image)
    if "refcount_bits=1" not in options and rng.random() < 0.3:
        run("qemu-img", "snapshot", "-c", "one", image)
        if rng.random() < 0.5:
            guest_writes(rng, raw, image)
        run("qemu-img", "snapshot", "-d", "one", image)
    return options + flags


def check_snapshot(rng, raw, image, made_input):
    """An image with snapshots: its disk as of one of them, and nothing by accident."""
    run("qemu-img", "snapshot", "-c", "one", made_input)
    before = raw + ".before"
    run("cp", "--sparse=always", raw, before)
    guest_writes(rng, raw, made_input)
    run("kiln-qcow2", "compress", "-q", before, "-o", image)
    got = image + ".got"
    run("kiln-qcow2", "compress", "-q", "--snapshot", "one", "--format", "qcow2", made_input, "-o", got)
    demand_same(image, got)
    run("kiln-qcow2", "compress", "-q", "--format", "qcow2", made_input, "-o", got + ".no", want=7)


def guest_writes(rng, raw, image):
    size = os.stat(raw).st_size
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(size // 512) * 512
        length = min(rng.choice((512, 4096, 65536, 200704)), size - at)
        action = rng.choice((f"write -P {rng.randrange(256)}", "write -z", "write -z -u"))
        run("qemu-io", "-f", "qcow2", "-c", f"{action} {at} {length}", image)
        with open(raw, "r+b") as f:
            f.seek(at)
            fill = int(action.split()[-1]) if "-P" in action else 0
            f.write(bytes([fill]) * length)


def check_input(rng, raw, image, made_input):
    """An image as input gives the same bytes as the raw disk does."""
    options = pick_options(rng)
    got = image + ".got"
    run("kiln-qcow2", "extract", "-q", "-t", pick_threads(rng), made_input, "-o", got)
    demand_same(raw, got)
    run("kiln-qcow2", "compress", "-q", *options, "-t", pick_threads(rng), raw, "-o", image)
    run("kiln-qcow2", "compress", "-q", *options, "-t", pick_threads(rng), "--format", "qcow2",
        made_input, "-o", got)
    demand_same(image, got)
    check_by_qemu(raw, got, {})
    run("kiln-qcow2", "verify", "-q", "--rule", "qemu", raw, made_input)


def check_odd_size(rng, raw, image):
    """Sizes that Lima cannot use are refused, and the remedy that is named works."""
    size = rng.choice((1, 511, 512, 513, MIB - 1, MIB + 1, MIB + 512, rng.randrange(1, 64 << 30)))
    if size % MIB == 0:
        size += 512
    os.truncate(raw, size)
    run("kiln-qcow2", "compress", "-q", raw, "-o", image, want=3)
    demand(not os.path.exists(image), "a refused disk left an image")
    sectors = (size + 511) // 512 * 512
    os.truncate(raw, sectors)
    odd = image + ".odd"
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, odd)
    got = image + ".got"
    run("kiln-qcow2", "extract", "-q", odd, "-o", got)
    demand_same(raw, got)
    os.truncate(raw, (size + MIB - 1) // MIB * MIB)
    run("kiln-qcow2", "compress", "-q", raw, "-o", image)
    run("kiln-qcow2", "verify", "-q", raw, image)


def check_pack(rng, raw, packed, made_input):
    """A distribution file holds the disk, whatever its input and the number of threads."""
    options = ["--zst"] if rng.random() < 0.5 else ["--level", str(rng.choice((0, 0, 1, 2, 6)))]
    command = ["kiln-qcow2", "pack", "-q", *options, "-t"]
    run(*command, str(rng.randrange(1, 5)), raw, "-o", packed, "--report", packed + ".json")
    with open(packed + ".json") as f:
        report = json.load(f)
    demand(report["file_size"] == os.stat(packed).st_size, "reported file size")
    demand(report["sha256"] == sha256(packed), "reported digest of the file")
    demand(report["content_size"] == os.stat(raw).st_size, "reported size of the disk")
    demand(report["content_sha256"] == sha256(raw), "reported digest of the disk")
    run(*command, str(rng.randrange(1, 5)), "--format", "qcow2", made_input, "-o", packed + ".again")
    demand_same(packed, packed + ".again")
    program = "zstd" if "--zst" in options else "xz"
    with open(packed, "rb") as f, open(packed + ".raw", "wb") as out:
        done = subprocess.run((program, "-dc"), stdin=f, stdout=out, stderr=subprocess.PIPE, timeout=300)
    demand(done.returncode == 0, f"{program}: {done.stderr}")
    demand_same(raw, packed + ".raw")


def play(seed, folder, talk=False):
    """One disk. Returns what is wrong, or None."""
    rng = random.Random(seed)
    raw, image = os.path.join(folder, "disk.raw"), os.path.join(folder, "disk.qcow2")
    facts = []
    try:
        pieces = disks.write(raw, disks.pick_size(rng), rng)
        facts.append(f"{os.stat(raw).st_size} bytes: {', '.join(pieces) or 'zeros'}")
        kind = rng.random()
        if kind < 0.65:
            options = pick_options(rng)
            facts.append(" ".join(options))
            check_image(rng, raw, image, options)
        elif kind < 0.93:
            made_input = os.path.join(folder, "input.qcow2")
            facts.append(" ".join(make_input(rng, raw, made_input)))
            check_input(rng, raw, image, made_input)
            if "not read here" not in SNAP and rng.random() < 0.2 and "refcount_bits=1" not in facts[-1].split(","):
                check_snapshot(rng, raw, image, made_input)
            elif os.stat(raw).st_size <= HASHED_MAX and rng.random() < 0.3:
                check_pack(rng, raw, os.path.join(folder, "disk.packed"), made_input)
        else:
            check_odd_size(rng, raw, image)
    except (Failure, subprocess.TimeoutExpired, ValueError, OSError, KeyError) as failure:
        return [f"{type(failure).__name__}: {failure}", *facts]
    finally:
        if talk:
            print("\n".join(f"# {fact}" for fact in facts))
    return None


def play_alone(seed):
    with tap.folder("property") as folder:
        return seed, play(seed, folder)


def play_again(seed):
    """One number for a person: its files stay."""
    folder = tempfile.mkdtemp(prefix=f"kiln-property-{seed}.")
    wrong = play(seed, folder, talk=True)
    if wrong:
        tap.result(False, f"disk {seed}", wrong[0], f"files in {folder}")
    else:
        shutil.rmtree(folder)
        tap.result(True, f"disk {seed}")
    tap.done()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    parser.add_argument("--from", dest="first", type=int, default=1)
    parser.add_argument("--to", dest="last", type=int, default=tap.effort(400))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    opt = parser.parse_args()
    if opt.seed is not None:
        play_again(opt.seed)
    seeds = range(opt.first, opt.last + 1)
    with multiprocessing.Pool(opt.jobs) as pool:
        played, good, first = 0, 0, opt.first
        for seed, wrong in pool.imap(play_alone, seeds):
            played += 1
            if wrong:
                tap.result(False, f"disk {seed}", *wrong, f"again: property.py --seed {seed}")
            else:
                good += 1
            if seed - first + 1 == GROUP or seed == opt.last:
                tap.result(good > 0, f"disks {first} to {seed}: {good} are right")
                first, good = seed + 1, 0
    tap.done()


main()
