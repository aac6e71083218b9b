"""How zlib decodes the compressed clusters of an image, and whether they hold the disk.

windows.py IMAGE RAW prints the number of compressed clusters and how many of them are decoded to
what RAW holds: in one call with a window of 4 KiB declared ("whole"), byte by byte with a window of
4 KiB ("12"), byte by byte with one of 32 KiB ("15").
"""
import struct
import sys
import zlib

CLUSTER = 65536


def clusters(image):
    """Guest offset and compressed data of each compressed cluster, by the specification."""
    size, _, l1_size, l1_offset = struct.unpack(">QIIQ", image[24:48])
    for i in range(l1_size):
        l2_offset = struct.unpack_from(">Q", image, l1_offset + 8 * i)[0] & 0x00fffffffffffe00
        for j in range(CLUSTER // 8 if l2_offset else 0):
            entry = struct.unpack_from(">Q", image, l2_offset + 8 * j)[0]
            if entry >> 62 & 1:
                start = entry & (1 << 54) - 1
                end = (start & ~511) + 512 * ((entry >> 54 & 255) + 1)
                yield (i * (CLUSTER // 8) + j) * CLUSTER, image[start:end]


def whole(data):
    return zlib.decompress(data, -12, bufsize=CLUSTER)


def bytewise(data, bits):
    decoder = zlib.decompressobj(-bits)
    out = bytearray()
    for i in range(len(data)):
        out += decoder.decompress(data[i:i + 1])
        if decoder.eof:
            break
    return bytes(out)


def works(decode, data, want):
    try:
        return decode(data) == want
    except zlib.error:
        return False


def main():
    with open(sys.argv[1], "rb") as f:
        image = f.read()
    with open(sys.argv[2], "rb") as f:
        raw = f.read()
    counts = {"clusters": 0, "whole": 0, "12": 0, "15": 0}
    for guest, data in clusters(image):
        want = raw[guest:guest + CLUSTER]
        counts["clusters"] += 1
        counts["whole"] += works(whole, data, want)
        counts["12"] += works(lambda d: bytewise(d, 12), data, want)
        counts["15"] += works(lambda d: bytewise(d, 15), data, want)
    print(" ".join(f"{name}={n}" for name, n in counts.items()))


main()
