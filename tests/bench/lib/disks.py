"""The disks that are measured: a given one, and synthetic ones whose bytes are the same everywhere."""

import os
import random
import shutil
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

MIB = 1 << 20
GIB = 1 << 30
EXTENTS = 64  # a sparse disk's data lies in so many places


@dataclass
class Disk:
    path: Path
    title: str
    image: Path = None  # the same disk as qcow2, once somebody made it

    def facts(self):
        state = os.stat(self.path)
        return {"title": self.title, "size": state.st_size, "allocated": state.st_blocks * 512}


@lru_cache
def text(size, seed):
    """Words of an invented language, the frequent ones short, in lines; about like a log or a program."""
    rng = random.Random(seed)
    letters = "etaoinsrhldcumfpgwybvkxjqz"
    weights = list(accumulate(1 / (i + 2) for i in range(len(letters))))
    words = ["".join(rng.choices(letters, cum_weights=weights, k=2 + int(i ** 0.2) + rng.randrange(4)))
             for i in range(6000)]
    frequency = list(accumulate(1 / (i + 3) for i in range(len(words))))
    parts = []
    length = 0
    while length < size:
        line = " ".join(rng.choices(words, cum_weights=frequency, k=rng.randrange(4, 14)))
        line = f"{rng.randrange(100000):05d} {line}\n".encode()
        parts.append(line)
        length += len(line)
    return b"".join(parts)[:size]


def other_letters(data, seed):
    """The same data in another alphabet: as compressible as before, and nothing in it matches."""
    table = list(range(256))
    random.Random(seed).shuffle(table)
    return data.translate(bytes(table))


def blocks(kind, size, seed):
    """`size` bytes of a kind, 1 MiB at a time: "text", "random", "zeros", or "mixed", which is three
    parts of text and one of random bytes."""
    page = text(MIB, 1)
    rng = random.Random(seed)
    for number in range((size + MIB - 1) // MIB):
        length = min(MIB, size - number * MIB)
        if kind == "zeros":
            yield bytes(length)
        elif kind == "random" or (kind == "mixed" and number % 4 == 3):
            yield rng.randbytes(length)
        else:
            yield other_letters(page[:length], f"{seed} {number}")


def write_dense(path, title, kind, size):
    with open(path, "wb") as file:
        for block in blocks(kind, size, 2):
            file.write(block)
    return Disk(path, title)


def spread(path, title, source, disk_size):
    """The data of another disk, in equal extents at equal distances, on a disk with holes."""
    size = os.stat(source).st_size
    extent = size // EXTENTS
    step = disk_size // EXTENTS
    with open(source, "rb") as data, open(path, "wb") as file:
        file.truncate(disk_size)
        for number in range(EXTENTS):
            file.seek(number * step)
            file.write(data.read(extent))
    return Disk(path, title)


def repeated(path, title, source, times):
    """The data of another disk several times over."""
    with open(path, "wb") as file:
        for _ in range(times):
            with open(source, "rb") as data:
                shutil.copyfileobj(data, file, MIB)
    return Disk(path, title)


def warm(disk):
    """Read a disk's data once, so that everybody finds it in the page cache."""
    with open(disk.path, "rb", buffering=0) as file:
        position = 0
        size = os.fstat(file.fileno()).st_size
        while position < size:
            try:
                position = os.lseek(file.fileno(), position, os.SEEK_DATA)
            except OSError:  # a hole up to the end
                return
            end = os.lseek(file.fileno(), position, os.SEEK_HOLE)
            os.lseek(file.fileno(), position, os.SEEK_SET)
            while position < end:
                got = len(file.read(min(4 * MIB, end - position)))
                if got == 0:
                    return
                position += got
