#!/usr/bin/env python3
"""Make the tars that hostile.sh feeds to kiln-disk.  usage: hostile.py DIR"""

import gzip
import io
import sys
import zipfile
from pathlib import Path

OUT = Path(sys.argv[1])
END = b"\0" * 1024


def header(name, kind=b"0", size=0, mode=0o644, link="", mtime=b"00000000000", uid=b"0000000",
           device=(b"0000000", b"0000000"), size_field=None, magic=b"ustar\00000"):
    """One ustar header; numbers may be given as raw fields."""
    size_field = size_field if size_field is not None else b"%011o" % size
    block = bytearray(512)
    fields = [(0, name if isinstance(name, bytes) else name.encode()), (100, b"%07o" % mode),
              (108, uid), (116, b"0000000"), (124, size_field), (136, mtime), (156, kind),
              (157, link.encode()), (257, magic), (329, device[0]), (337, device[1])]
    for offset, value in fields:
        block[offset:offset + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def data(body):
    return body + b"\0" * (-len(body) % 512)


def entry(name, body=b"", **kw):
    return header(name, size=len(body), **kw) + data(body)


def record(key, value):
    """One pax record, its own length in front."""
    rest = b" " + key.encode() + b"=" + value + b"\n"
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length += 1
    return str(length).encode() + rest


def pax(records, *follows, kind=b"x"):
    body = b"".join(record(k, v if isinstance(v, bytes) else v.encode()) for k, v in records)
    return entry("pax", body, kind=kind) + b"".join(follows)


def write(name, *parts, end=END):
    (OUT / f"{name}.tar").write_bytes(b"".join(parts) + end)


def paths():
    write("dotdot", entry("a/../../etc/passwd", b"x"))
    write("dotdot-end", entry("a/..", kind=b"5"))
    write("dotdot-link", entry("a", b"x"), entry("b", kind=b"1", link="../a"))
    write("absolute", entry("/etc/abs", b"x"), entry("//etc//./abs2", b"y"))
    write("below-symlink", entry("lib", kind=b"2", link="/etc"), entry("lib/x", b"x"))
    write("below-file", entry("f", b"x"), entry("f/x", b"x"))
    write("empty-name", pax([("path", "")], entry("", b"x")))
    write("long-name", pax([("path", "n" * 256)], entry("n", b"x")))
    write("longest-name", pax([("path", "n" * 255)], entry("n", b"x")))
    write("nul-name", pax([("path", b"ab\0cd")], entry("n", b"x")))
    write("newline-name", entry("a\nb", b"x"), entry("\x1b[31mred", b"x"))
    write("bad-utf8", entry(b"\xff\xfe", b"x"))
    write("bad-utf8-pax", pax([("path", b"\xff\xfe")], entry("x", b"x")))
    write("deep", pax([("path", "d/" * 2000 + "f")], entry("f", b"x")))
    write("too-deep", pax([("path", "d/" * 2100 + "f")], entry("f", b"x")))
    write("root-file", entry("./", b"x"))
    write("root-link", entry(".", kind=b"2", link="x"))


def links():
    write("hard-missing", entry("b", kind=b"1", link="nothere"))
    write("hard-outside", entry("b", kind=b"1", link="/etc/../../x"))
    write("hard-dir", entry("d", kind=b"5"), entry("b", kind=b"1", link="d"))
    write("hard-self", entry("a", b"x"), entry("a", kind=b"1", link="a"))
    write("hard-to-symlink", entry("s", kind=b"2", link="t"), entry("b", kind=b"1", link="s"))
    write("hard-through-symlink", entry("d", kind=b"5"), entry("d/f", b"x"),
          entry("s", kind=b"2", link="d"), entry("b", kind=b"1", link="s/f"))
    write("hard-many", entry("a", b"x"),
          *(entry(f"l{i}", kind=b"1", link="a") for i in range(65001)))
    write("hard-replaced", entry("a", b"first"), entry("b", kind=b"1", link="a"),
          entry("a", b"second"))
    write("symlink-long", pax([("linkpath", "x" * 4096)], entry("s", kind=b"2", link="x")))
    write("symlink-longest", pax([("linkpath", "x" * 4095)], entry("s", kind=b"2", link="x")))
    write("symlink-empty", entry("s", kind=b"2", link=""))


def kinds():
    write("device-outside", entry("etc/null", kind=b"3", device=(b"0000001", b"0000003")))
    write("device-inside", entry("./dev/null", kind=b"3", device=(b"0000001", b"0000003")))
    write("device-number", entry("dev/x", kind=b"4", device=(b"7777777", b"0000003")))
    write("contiguous", entry("c", b"abc", kind=b"7"))
    write("dir-then-file", entry("d", kind=b"5"), entry("d/f", b"x"), entry("d", b"x"))
    write("file-then-dir", entry("d", b"x"), entry("d", kind=b"5"), entry("d/f", b"x"))
    write("symlink-then-dir", entry("d", kind=b"2", link="e"), entry("d", kind=b"5"))
    write("duplicates", *(entry("f", b"%d" % i) for i in range(1000)))


def numbers():
    write("mtime-negative", entry("f", b"x", mtime=b"\xff" * 12))
    write("mtime-huge", entry("f", b"x", mtime=b"\x80" + b"\x7f" * 11))
    write("uid-negative", entry("f", b"x", uid=b"\xff" * 8))
    write("uid-huge", pax([("uid", "4294967295")], entry("f", b"x")))
    write("size-negative", header("f", size_field=b"\xff" * 12), b"x" * 512)
    write("size-huge", header("f", size_field=b"\x80" + b"\0" * 3 + b"\x7f" + b"\xff" * 7), b"x" * 512)
    write("size-lies", header("f", size=10 ** 8), b"x" * 512)
    write("pax-huge", header("pax", kind=b"x", size=2 ** 31), b"x" * 512)
    write("pax-garbage", entry("pax", b"\xff" * 600, kind=b"x"), entry("f", b"x"))
    write("pax-large", pax([("comment", "c" * 500000)], entry("f", b"x")))
    write("pax-global", pax([("mtime", "5")], entry("f", b"x"), kind=b"g"))


def sparse(name, spans, real, body, **kw):
    table = f"{len(spans)}\n" + "".join(f"{o}\n{n}\n" for o, n in spans)
    body = data(table.encode()) + body
    records = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "s"),
               ("GNU.sparse.realsize", str(real))]
    write(name, pax(records, entry("GNUSparseFile.0/s", body)), **kw)


def sparses():
    sparse("sparse-bomb", [(2 ** 40, 512)], 2 ** 40 + 512, b"x" * 512)
    sparse("sparse-empty", [], 2 ** 40, b"")
    sparse("sparse-too-large", [(0, 512)], 2 ** 45, b"x" * 512)
    sparse("sparse-claims", [(0, 10 ** 9)], 10 ** 9, b"x" * 512)
    sparse("sparse-beyond", [(4096, 512)], 1000, b"x" * 512)
    sparse("sparse-overlap", [(0, 1024), (512, 1024)], 4096, b"x" * 2048)
    sparse("sparse-backwards", [(8192, 512), (0, 512)], 16384, b"x" * 1024)
    sparse("sparse-negative", [(-512, 512)], 4096, b"x" * 512)
    sparse("sparse-many", [(i * 8192, 1) for i in range(20000)], 20000 * 8192,
           b"x" * 20000)


def attributes():
    def one(name, key, value):
        write(name, pax([(key, value)], entry("f", b"x")))

    one("xattr-namespace", "SCHILY.xattr.system.evil", "x")
    one("xattr-no-namespace", "SCHILY.xattr.evil", "x")
    one("xattr-large", "SCHILY.xattr.user.large", "v" * 5000)
    one("xattr-name", "SCHILY.xattr.user." + "n" * 256, "v")
    one("acl-garbage", "SCHILY.acl.access", "such:a:mess")
    one("acl-names", "SCHILY.acl.access", "user::rwx,user:bob:rwx,group::r-x,mask::rwx,other::---")
    one("acl-no-mask", "SCHILY.acl.access", "user::rwx,user:5:rwx,group::r-x,other::---")
    one("acl-raw-short", "SCHILY.xattr.system.posix_acl_access", b"\2\0\0\0\1")
    one("acl-raw-bad", "SCHILY.xattr.system.posix_acl_access", b"\2\0\0\0" + b"\x77\0\7\0\0\0\0\0")


def broken():
    whole = entry("a", b"a" * 5000) + entry("b", b"b" * 5000) + END
    for name, size in (("data", 3000), ("header", 512 + 5120 + 100), ("entry", 512 + 5120),
                       ("start", 100)):
        (OUT / f"cut-{name}.tar").write_bytes(whole[:size])
    packed = gzip.compress(whole, mtime=0)
    (OUT / "cut-gzip.tar").write_bytes(packed[:len(packed) // 2])
    (OUT / "empty.tar").write_bytes(b"")
    (OUT / "garbage.tar").write_bytes(bytes(range(256)) * 100)
    (OUT / "text.tar").write_bytes(b"this is no archive\n" * 1000)
    damaged = bytearray(whole)
    damaged[512 + 5120 + 10] ^= 1
    (OUT / "checksum.tar").write_bytes(damaged)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as z:
        z.writestr("a", "a")
    (OUT / "zip.tar").write_bytes(zipped.getvalue())
    (OUT / "cpio.tar").write_bytes(b"070701" + b"0" * 104 + b"TRAILER!!!\0\0\0\0")


def bombs():
    """Small files that expand to much: members of gzip files can stand one behind the other."""
    def packed(name, piece, times):
        member = gzip.compress(piece, 1, mtime=0)
        (OUT / f"{name}.tar").write_bytes(member * times + gzip.compress(END, mtime=0))

    packed("bomb-file", header("f", size=400 << 20) + bytes(1 << 20), 1)
    packed("bomb-files", entry("f", bytes(150 << 20)), 12)
    packed("bomb-entries", b"".join(entry(f"f{i}") for i in range(10000)), 30)


def main():
    for make in (bombs, paths, links, kinds, numbers, sparses, attributes, broken):
        make()


main()
