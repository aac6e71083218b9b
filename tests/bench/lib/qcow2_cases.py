"""What `bench qcow2` runs, which of it is compared, and the bars."""

from .disks import GIB, MIB, repeated, spread, write_dense
from .measure import Case
from .ratios import Bar, Pair

XZ_PRESET = "6"  # of xz -T0 and of kiln-qcow2 pack
ZSTD_LEVEL = "3"  # of zstd -T0 and of kiln-qcow2 pack --zst
SPARSE_GIB = (1, 4, 16, 64)


def compress(name, title, disk, *options, once=False):
    return Case(name, f"kiln-qcow2 compress {title}".strip(), disk,
                ["kiln-qcow2", "compress", "-q", *options, "-o", "{out}", "{in}"],
                output=".qcow2", check="qcow2", once=once)


def qemu(name, title, disk, *options, once=False):
    return Case(name, f"qemu-img convert -c{title}", disk,
                ["qemu-img", "convert", "-c", *options, "-f", "raw", "-O", "qcow2", "{in}", "{out}"],
                output=".qcow2", once=once)


def images(disk, slow_once):
    """Writers of qcow2, each beside the one that it is compared with."""
    zstd = ("-o", "compression_type=zstd")
    zstd_2m = ("-o", "compression_type=zstd,cluster_size=2M")
    unordered = ("-m", "16", "-W")
    return [
        qemu("qemu", "", disk, once=slow_once),
        compress("level-1", "--level 1", disk, "--level", "1"),
        compress("default", "", disk),
        qemu("qemu-unordered", " -m 16 -W", disk, *unordered),
        qemu("qemu-zstd", ", zstd", disk, *zstd, once=slow_once),
        compress("zstd", "--type zstd", disk, "--type", "zstd"),
        qemu("qemu-zstd-unordered", " -m 16 -W, zstd", disk, *unordered, *zstd),
        compress("zstd-2m", "--type zstd --cluster-size 2M", disk, "--type", "zstd", "--cluster-size", "2MiB"),
        qemu("qemu-zstd-2m-unordered", " -m 16 -W, zstd 2M", disk, *unordered, *zstd_2m),
    ]


def image_pairs(group):
    return [
        Pair(group, "level-1", "qemu"),
        Pair(group, "default", "qemu"),
        Pair(group, "level-1", "qemu-unordered"),
        Pair(group, "default", "qemu-unordered"),
        Pair(group, "zstd", "qemu-zstd"),
        Pair(group, "zstd", "qemu-zstd-unordered"),
        Pair(group, "zstd-2m", "qemu-zstd-unordered"),
        Pair(group, "zstd-2m", "qemu-zstd-2m-unordered"),
    ]


def others(disk):
    """What else is done with a disk: read it back, pack it, only hash it."""
    return [
        Case("extract", "kiln-qcow2 extract", disk,
             ["kiln-qcow2", "extract", "-q", "-o", "{out}", "{in}"],
             output=".raw", check="raw", from_image=True),
        Case("qemu-raw", "qemu-img convert -O raw", disk,
             ["qemu-img", "convert", "-f", "qcow2", "-O", "raw", "{in}", "{out}"],
             output=".raw", from_image=True),
        Case("pack-zst", "kiln-qcow2 pack --zst", disk,
             ["kiln-qcow2", "pack", "-q", "--zst", "--level", ZSTD_LEVEL, "-o", "{out}", "{in}"],
             output=".zst", check="zst"),
        Case("zstd-T0", "zstd -T0", disk, ["zstd", "-T0", "-q", "-c", f"-{ZSTD_LEVEL}", "{in}"],
             output=".zst", to_stdout=True),
        Case("sha256sum", "sha256sum", disk, ["sha256sum", "{in}"]),
        compress("level-12", "--level 12", disk, "--level", "12", once=True),
        Case("pack-xz", "kiln-qcow2 pack", disk,
             ["kiln-qcow2", "pack", "-q", "--level", XZ_PRESET, "-o", "{out}", "{in}"],
             output=".xz", check="xz", once=True),
        Case("xz-T0", "xz -T0", disk, ["xz", "-T0", "-q", "-c", f"-{XZ_PRESET}", "{in}"],
             output=".xz", to_stdout=True, once=True),
        Case("sparsify", "virt-sparsify --compress", disk,
             ["virt-sparsify", "--quiet", "--compress", "--check-tmpdir=ignore", "--format", "raw",
              "--convert", "qcow2", "{in}", "{out}"], output=".qcow2", once=True),
    ]


def other_pairs(group):
    return [
        Pair(group, "level-12", "qemu"),
        Pair(group, "default", "sparsify"),
        Pair(group, "default", "sha256sum"),
        Pair(group, "extract", "qemu-raw", size=False),
        Pair(group, "pack-zst", "zstd-T0"),
        Pair(group, "pack-xz", "xz-T0"),
    ]


def threads(disk):
    return [compress(f"threads-{n}", f"--threads {n}", disk, "--threads", str(n)) for n in (1, 2, 4)]


def thread_pairs(group):
    return [Pair(group, f"threads-{n}", "threads-1") for n in (2, 4)]


def sizes():
    cases = [compress(f"sparse-{n}", f"--level 1, {n} GiB", f"sparse-{n}", "--level", "1")
             for n in SPARSE_GIB]
    cases += [compress(f"sparse-{n}-default", f"{n} GiB", f"sparse-{n}") for n in (1, 64)]
    cases.append(compress("dense-4", "--level 1, 4 GiB of data", "dense-4", "--level", "1", once=True))
    cases.append(qemu("qemu-sparse-64", ", 64 GiB", "sparse-64", once=True))
    return cases


def size_pairs(group):
    pairs = [Pair(group, f"sparse-{n}", "sparse-1", size=False) for n in SPARSE_GIB[1:]]
    pairs.append(Pair(group, "sparse-64-default", "sparse-1-default", size=False))
    pairs.append(Pair(group, "dense-4", "sparse-1", work=4, size=False))
    pairs.append(Pair(group, "sparse-64", "qemu-sparse-64"))
    return pairs


def bars(image):
    """Those that were agreed for the Debian disk on two processors."""
    return [
        Bar("level 1: 8 times as fast as qemu-img convert -c", f"{image}/level-1/qemu", "speed", 8),
        Bar("level 1: no larger than qemu-img convert -c", f"{image}/level-1/qemu", "size", 1),
        Bar("default level: 4 times as fast as qemu-img convert -c", f"{image}/default/qemu", "speed", 4),
        Bar("default level: 5 % smaller than qemu-img convert -c", f"{image}/default/qemu", "size", 0.95),
        Bar("level 12: 8 % smaller than qemu-img convert -c", f"{image}/level-12/qemu", "size", 0.92),
        Bar("level 12: at most 3 times the time of qemu-img convert -c", f"{image}/level-12/qemu",
            "speed", 0.333),
        Bar("level 1: 4 times as fast as qemu-img convert -c -m 16 -W", f"{image}/level-1/qemu-unordered",
            "speed", 4),
        Bar("zstd: 1.5 times as fast as qemu-img's, -m 16 -W", f"{image}/zstd/qemu-zstd-unordered",
            "speed", 1.5),
        Bar("zstd, 2 MiB clusters: 1.5 times as fast as qemu-img's, -m 16 -W",
            f"{image}/zstd-2m/qemu-zstd-unordered", "speed", 1.5),
        Bar("zstd, 2 MiB clusters: 8 % smaller than qemu-img's, -m 16 -W",
            f"{image}/zstd-2m/qemu-zstd-unordered", "size", 0.92),
        Bar("1 GiB of data on 64 GiB: at most 10 % slower than alone, level 1",
            "sizes/sparse-64/sparse-1", "speed", 0.909),
        Bar("1 GiB of data on 64 GiB: at most 10 % slower than alone, default level",
            "sizes/sparse-64-default/sparse-1-default", "speed", 0.909),
        Bar("extract: twice as fast as qemu-img convert -O raw", f"{image}/extract/qemu-raw", "speed", 2),
        Bar("pack: no slower than xz -T0", f"{image}/pack-xz/xz-T0", "speed", 1),
        Bar("pack: no larger than xz -T0", f"{image}/pack-xz/xz-T0", "size", 1),
    ]


def synthetic_disks(folder, quick):
    """{name: function that writes the disk}. Quick ones are small enough for a test, and say little.
    Those with holes, and the one with more data, are made of sparse-1."""
    dense = 2 * MIB if quick else 128 * MIB
    data = 2 * MIB if quick else GIB
    paths = {name: folder / f"{name}.raw" for name in ("text", "random", "zeros", "dense-4")}
    paths.update((f"sparse-{n}", folder / f"sparse-{n}.raw") for n in SPARSE_GIB)
    alone = paths["sparse-1"]
    makers = {
        "text": lambda: write_dense(paths["text"], "text", "text", dense),
        "random": lambda: write_dense(paths["random"], "random bytes", "random", dense),
        "zeros": lambda: write_dense(paths["zeros"], "written zeros", "zeros", 8 * dense),
        "sparse-1": lambda: write_dense(alone, "1 GiB of mixed data", "mixed", data),
        "dense-4": lambda: repeated(paths["dense-4"], "4 GiB of mixed data", alone, 4),
    }
    for n in SPARSE_GIB[1:]:
        makers[f"sparse-{n}"] = lambda n=n: spread(
            paths[f"sparse-{n}"], f"1 GiB of mixed data on {n} GiB", alone, n * data)
    return makers


def plan(image):
    """Groups in order: (name, cases, pairs). Cases of a group run in turn."""
    groups = [(image, images(image, False) + others(image), image_pairs(image) + other_pairs(image)),
              ("threads", threads(image), thread_pairs("threads")),
              ("sizes", sizes(), size_pairs("sizes"))]
    groups += [(kind, images(kind, True), image_pairs(kind)) for kind in ("text", "random", "zeros")]
    return groups
