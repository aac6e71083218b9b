"""A reader of qcow2 images that has nothing in common with ours: no bounds are checked, images are
taken to be well-formed (docs/interop/qcow2.txt in QEMU)."""

import struct
import zlib


class Image:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        (self.cluster_bits, self.size) = struct.unpack_from(">IQ", self.data, 20)
        (self.l1_entries, self.l1, self.reftable, self.reftable_clusters) = struct.unpack_from(
            ">IQQI", self.data, 36)
        self.cluster = 1 << self.cluster_bits
        self.zstd = self.data[104] == 1

    def entries(self, offset, n):
        return struct.unpack_from(f">{n}Q", self.data, offset)

    def l2_tables(self):
        """Host offset of each L2 table there is, and the guest byte that it begins at."""
        n = self.cluster // 8
        for i, entry in enumerate(self.entries(self.l1, self.l1_entries)):
            offset = entry & 0x00FFFFFFFFFFFE00
            if offset:
                yield offset, i * n * self.cluster

    def clusters(self):
        """(guest byte, host offset, sectors' length or None when plain) of all that have data."""
        shift = 62 - (self.cluster_bits - 8)
        for table, guest in self.l2_tables():
            for i, entry in enumerate(self.entries(table, self.cluster // 8)):
                at = guest + i * self.cluster
                if entry >> 62 & 1:
                    offset = entry & ((1 << shift) - 1)
                    sectors = (entry >> shift & ((1 << (62 - shift)) - 1)) + 1
                    yield at, offset, sectors * 512 - offset % 512
                elif entry & 0x00FFFFFFFFFFFE00:
                    yield at, entry & 0x00FFFFFFFFFFFE00, None

    def refblocks(self):
        for offset in self.entries(self.reftable, self.reftable_clusters * self.cluster // 8):
            if offset:
                yield offset

    def inflate(self, offset, length, window_bits=12, data=None):
        """One deflate cluster, decoded at one go into its own buffer as qemu and libguestfs do. So
        matches are found there, however small the window that was declared."""
        packed = (data or self.data)[offset : offset + length]
        return zlib.decompress(packed, wbits=-window_bits, bufsize=self.cluster)

    def inflate_streamed(self, offset, length, window_bits):
        """As a reader does that holds no more than a window of what came before."""
        decoder = zlib.decompressobj(wbits=-window_bits)
        packed = self.data[offset : offset + length]
        parts = []
        while not decoder.eof:
            part = decoder.decompress(packed, 512)
            if not part and not decoder.unconsumed_tail:
                break
            parts.append(part)
            packed = decoder.unconsumed_tail
        return b"".join(parts)
