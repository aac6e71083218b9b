#!/usr/bin/env python3
"""Make a tar with one of everything, and say what must become of it.

usage: fixture.py DIR       writes DIR/all.tar, DIR/shuffled.tar, DIR/want.json
"""

import io
import json
import random
import sys
import tarfile
from pathlib import Path

EPOCH = 1700000000
CAP_NET_RAW = "\x01\x00\x00\x02\x00\x20\x00\x00" + "\x00" * 12
LONG_NAME = "n" * 255
LONG_TARGET = "/".join(["target"] * 100)


def body(seed, size):
    return random.Random(seed).randbytes(size)


class Fixture:
    def __init__(self):
        self.entries = []  # (TarInfo, bytes)
        self.want = {}

    def add(self, path, kind=tarfile.REGTYPE, data=b"", mode=0o644, uid=0, gid=0, mtime=1000000000,
            pax=None, target="", device=(0, 0), **want):
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.uid, info.gid = kind, mode, uid, gid
        info.size, info.linkname, info.pax_headers = len(data), target, pax or {}
        info.mtime = mtime if isinstance(mtime, (int, float)) else 0
        if not isinstance(mtime, (int, float)):
            info.pax_headers["mtime"] = mtime
        info.devmajor, info.devminor = device
        self.entries.append((info, data))
        self.want["/" + path] = {"mode": mode, "uid": uid, "gid": gid, **want}

    def write(self, path, shuffle):
        entries = list(self.entries)
        if shuffle:
            # A hard link must come after what it links to.
            links = [e for e in entries if e[0].type == tarfile.LNKTYPE]
            others = [e for e in entries if e[0].type != tarfile.LNKTYPE]
            random.Random(7).shuffle(others)
            entries = others + links
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            for info, data in entries:
                tar.addfile(info, io.BytesIO(data))


def fill(f):
    f.add("dir", tarfile.DIRTYPE, mode=0o750, uid=5, gid=6, type="directory")
    f.add("empty", type="regular", size=0)
    f.add("small", data=b"hello\n", type="regular", size=6)
    f.add("dir/large", data=body(1, 9000001), type="regular", size=9000001, links=2)
    f.add("hard", tarfile.LNKTYPE, target="dir/large", type="regular", size=9000001, links=2)
    f.add("setuid", data=b"x", mode=0o6755, type="regular")
    f.add("sticky", tarfile.DIRTYPE, mode=0o1777, type="directory")
    f.add("owner", data=b"x", uid=70000, gid=4000000000, type="regular")
    f.add("short-link", tarfile.SYMTYPE, mode=0o777, target="dir/large", type="symlink",
          link="dir/large")
    f.add("link-59", tarfile.SYMTYPE, mode=0o777, target="x" * 59, type="symlink", link="x" * 59)
    f.add("link-60", tarfile.SYMTYPE, mode=0o777, target="y" * 60, type="symlink", size=60)
    f.add("long-link", tarfile.SYMTYPE, mode=0o777, target=LONG_TARGET, type="symlink",
          size=len(LONG_TARGET))
    f.add("dev", tarfile.DIRTYPE, mode=0o755, type="directory")
    f.add("dev/null", tarfile.CHRTYPE, mode=0o666, device=(1, 3), type="character special",
          device_is=[1, 3])
    f.add("dev/big", tarfile.BLKTYPE, mode=0o660, device=(259, 70000), type="block special",
          device_is=[259, 70000])
    f.add("dev/pipe", tarfile.FIFOTYPE, mode=0o600, type="FIFO")
    f.add("grüße ☃", data="ß".encode(), type="regular", size=2)
    f.add("new\nline", data=b"n", type="regular", quiet=True)
    f.add("dir/" + LONG_NAME, data=b"long", type="regular", size=4)
    f.add("xattr", data=b"x", type="regular", pax={"SCHILY.xattr.user.colour": "green"},
          xattrs={"user.colour": b"green".hex()})
    f.add("caps", data=b"x", mode=0o755, type="regular",
          pax={"SCHILY.xattr.security.capability": CAP_NET_RAW},
          xattrs={"security.capability": CAP_NET_RAW.encode().hex()})
    f.add("many-xattrs", data=b"x", type="regular",
          pax={f"SCHILY.xattr.user.a{i:02}": "v" * 100 for i in range(20)},
          xattrs={f"user.a{i:02}": (b"v" * 100).hex() for i in range(20)})
    f.add("acl", data=b"x", mode=0o640, type="regular", pax={
        "SCHILY.acl.access": "user::rw-,user:1000:rwx,group::r--,group:70000:-w-,mask::rwx,other::---"},
        on_disk_mode=0o670, xattrs={"system.posix_acl_access": (
            "01000000" "01000600" "02000700e8030000" "04000400" "0800020070110100" "10000700"
            "20000000")})
    f.add("acl-dir", tarfile.DIRTYPE, mode=0o755, type="directory", pax={
        "SCHILY.acl.default": "user::rwx,user:1000:r-x,group::r-x,mask::r-x,other::---"},
        xattrs={"system.posix_acl_default": (
            "01000000" "01000700" "02000500e8030000" "04000500" "10000500" "20000000")})


def fill_times(f):
    def at(path, text, seconds, ns):
        f.add(path, data=b"t", mtime=text, type="regular", time=[seconds, ns])

    at("time-ns", "1234567890.123456789", 1234567890, 123456789)
    at("time-epoch", f"{EPOCH}.5", EPOCH, 0)
    at("time-future", "4102444800.25", EPOCH, 0)
    at("time-huge", "99999999999999", EPOCH, 0)
    at("time-negative", "-5.5", 0, 0)


def fill_large_dir(f):
    f.add("many", tarfile.DIRTYPE, mode=0o755, type="directory", indexed=True)
    for i in range(20000):
        f.add(f"many/entry-{i}-with-a-name", quiet=True)


def main():
    out = Path(sys.argv[1])
    f = Fixture()
    fill(f)
    fill_times(f)
    fill_large_dir(f)
    f.write(out / "all.tar", shuffle=False)
    f.write(out / "shuffled.tar", shuffle=True)
    (out / "want.json").write_text(json.dumps(f.want))


main()
