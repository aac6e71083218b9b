"""Raw disks made of every kind of data that a compressor or an allocator may stumble over. What comes
out depends on the random generator that is passed in, and on nothing else."""

import os

MIB = 1 << 20
CLUSTER = 65536


def zeros(rng, n):
    return bytes(n)


def one_byte(rng, n):
    data = bytearray(n)
    data[rng.choice((0, n - 1, rng.randrange(n)))] = rng.randrange(1, 256)
    return bytes(data)


def one_byte_each(rng, n):
    """Each cluster holds one byte that is not zero."""
    return b"".join(one_byte(rng, min(CLUSTER, n - at)) for at in range(0, n, CLUSTER))


def text(rng, n):
    words = [b"%x" % rng.randrange(1 << rng.choice((8, 16, 40))) for _ in range(200)]
    parts, length = [], 0
    while length < n:
        word = rng.choice(words)
        parts.append(word)
        length += len(word) + 1
    return b" ".join(parts)[:n].ljust(n, b"\n")


def noise(rng, n):
    return rng.randbytes(n)


def nearly_noise(rng, n):
    """Each cluster shrinks by a few bytes, or just does not."""
    data = bytearray(rng.randbytes(n))
    for at in range(0, n, CLUSTER):
        same = rng.randrange(0, 80)
        data[at : at + same] = b"\x55" * min(same, n - at)
    return bytes(data)


def few_symbols(rng, n):
    """No repetitions, but few symbols: it is Huffman's code alone that makes it smaller."""
    bits = rng.randrange(1, 8)
    table = bytes(rng.randrange(256) & ((1 << bits) - 1) for _ in range(256))
    return rng.randbytes(n).translate(table)


def runs(rng, n):
    parts, length = [], 0
    while length < n:
        run = rng.choice((1, 2, 3, 4, 257, 258, 259, 300, 4096, 32767, 32768, 32769, 70000))
        parts.append(bytes([rng.randrange(256)]) * run)
        length += run
    return b"".join(parts)[:n]


def distances(rng, n):
    """Matches that lie as far back as the windows of 4 KiB and 32 KiB reach, and a byte further."""
    distance = rng.choice((4095, 4096, 4097, 32767, 32768, 32769, 65535))
    piece = rng.randbytes(distance)
    return (piece * (n // distance + 1))[:n]


def same_clusters(rng, n):
    """The same cluster again and again, with others between."""
    piece = rng.choice((text, noise, runs))(rng, CLUSTER)
    parts = [piece if rng.random() < 0.7 else noise(rng, CLUSTER) for _ in range(n // CLUSTER + 1)]
    return b"".join(parts)[:n]


def tables(rng, n):
    """Records of a fixed length, as in file systems' metadata."""
    record = bytearray(rng.randbytes(rng.choice((16, 32, 128, 256))))
    parts, length = [], 0
    while length < n:
        record[rng.randrange(len(record))] = rng.randrange(256)
        parts.append(bytes(record))
        length += len(record)
    return b"".join(parts)[:n]


KINDS = (zeros, one_byte, one_byte_each, text, noise, nearly_noise, few_symbols, runs, distances,
         same_clusters, tables)


def pick_size(rng):
    """A multiple of 1 MiB up to 64 GiB: small ones, and both sides of what one L2 table maps, for
    clusters of 64 KiB to 512 KiB."""
    kind = rng.random()
    if kind < 0.75:
        return rng.choice((1, 1, 2, 2, 3, 4, 5, 8, 16)) * MIB
    if kind < 0.9:
        span = rng.choice((512, 512, 512, 1024, 2048, 8192, 32768))
        return (span + rng.choice((-1, 0, 0, 1))) * MIB
    return rng.choice((rng.randrange(17, 65536), 65535, 65536)) * MIB


def pick_offset(rng, size, span):
    """Where data begins: at the edges of clusters, of L2 tables and of the disk, and anywhere."""
    edges = [0, size - 1, size - CLUSTER, rng.randrange(size), rng.randrange(size)]
    edges += [rng.randrange(size // CLUSTER) * CLUSTER for _ in range(4)]
    if size > span:
        edge = rng.randrange(1, size // span + 1) * span
        edges += [edge, edge - CLUSTER, edge - 1, edge - rng.randrange(1, 100000)]
    return max(0, min(rng.choice(edges), size - 1))


def write(path, size, rng, data_max=1536 * 1024):
    """Make a disk of size bytes at path, most of it a hole. Returns what was put where, to print."""
    pieces = []
    total = rng.choice((0, CLUSTER, data_max // 4, data_max, data_max))
    with open(path, "wb") as f:
        f.truncate(size)
        while total > 0:
            length = rng.choice((1, 511, 4096, CLUSTER, CLUSTER, CLUSTER + 1, 5 * CLUSTER,
                                 rng.randrange(1, 400000)))
            offset = pick_offset(rng, size, 512 * MIB)
            length = min(length, size - offset, max(total, 1))
            make = rng.choice(KINDS)
            f.seek(offset)
            f.write(make(rng, length))
            pieces.append(f"{make.__name__} {offset}+{length}")
            total -= length
    return pieces


def ranges(fd):
    """The parts of a file that are not holes."""
    size = os.fstat(fd).st_size
    at = 0
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:
            return
        at = os.lseek(fd, start, os.SEEK_HOLE)
        yield start, at


def first_difference(path_a, path_b):
    """Where two disks differ, None when they do not; fast where both have holes."""
    with open(path_a, "rb") as a, open(path_b, "rb") as b:
        sizes = [os.fstat(f.fileno()).st_size for f in (a, b)]
        if sizes[0] != sizes[1]:
            return f"sizes {sizes[0]} and {sizes[1]}"
        for mapped in (a, b):
            for start, end in ranges(mapped.fileno()):
                for at in range(start, end, MIB):
                    n = min(MIB, end - at)
                    got = [os.pread(f.fileno(), n, at) for f in (a, b)]
                    if got[0] != got[1]:
                        same = next(i for i in range(n) if got[0][i] != got[1][i])
                        return f"byte {at + same}"
    return None
