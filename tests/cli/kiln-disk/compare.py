#!/usr/bin/env python3
"""Compare two archives as trees: entries, attributes and contents; prints what differs.

usage: compare.py WANT.tar GOT.tar [EPOCH]    times of WANT are clamped to EPOCH
"""

import sys
import tarfile

EPOCH = int(sys.argv[3]) if len(sys.argv) > 3 else None


def clamped(time):
    return time if EPOCH is None else min(max(time, 0), EPOCH)


def entries(path):
    found = {}
    with tarfile.open(path) as tar:
        for i in tar:
            name = i.name.removeprefix("./").rstrip("/")
            kind = "link" if i.islnk() else b"0" if i.isreg() else i.type
            attributes = {k: v for k, v in i.pax_headers.items() if k.startswith("SCHILY.xattr.")
                          and not k.startswith("SCHILY.xattr.system.")
                          and k != "SCHILY.xattr.security.selinux"}
            body = tar.extractfile(i).read() if i.isreg() or i.islnk() else None
            found[name] = [kind, i.mode & 0o7777, i.uid, i.gid, clamped(i.mtime), body,
                           i.linkname if i.issym() else (i.devmajor, i.devminor)
                           if i.isdev() and not i.isfifo() else None, attributes]
    return found


want, got = entries(sys.argv[1]), entries(sys.argv[2])
for side in want, got:
    side.pop(".", None), side.pop("", None), side.pop("lost+found", None)
# Which name of a file is the link depends on the order; group bits are the ACL's mask.
for side in want, got:
    if "hard" in side:
        side["hard"][0] = side["dir/large"][0] = "either"
if "acl" in want:
    want["acl"][1] = 0o670
bad = 0
for name in sorted(set(want) | set(got)):
    if want.get(name) != got.get(name):
        bad += 1
        if bad < 10:
            show = lambda e: e and [x if not isinstance(x, bytes) else len(x) for x in e]
            print(f"{name!r}: got {show(got.get(name))}, want {show(want.get(name))}")
sys.exit(bad > 0)
