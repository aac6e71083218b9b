#!/usr/bin/env bash
# A real kernel mounts the root file system and reads back what was in the tar (libguestfs).
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-disk/disks.sh"
cd "$SCRATCH" || exit 1
export LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg

for prog in python3 guestfish; do
	have "$prog" && continue
	skip "a kernel reads back the tar" "$prog is not installed"
	tap_done
done
python3 "$TOP/tests/cli/kiln-disk/fixture.py" . || exit 1
layout l.yaml all.tar </dev/null
exits 0 "build" kiln-disk build -q l.yaml -o l.raw
if ! timeout 120 guestfish -a /dev/null run >/dev/null 2>&1; then
	skip "a kernel reads back the tar" "libguestfs does not start within 120 s"
	tap_done
fi
exits 0 "a kernel mounts it" timeout 240 guestfish --ro -a l.raw run : mount-ro /dev/sda2 / : \
	tar-out / back.tar xattrs:true acls:true : umount-all : mount-ro /dev/sda1 / : \
	cat /EFI/BOOT/note.txt
is "the ESP's file" "$(cat out)" "on the ESP"
cat >compare.py <<'PY'
import sys, tarfile

EPOCH = 1700000000


def entries(path):
    found = {}
    with tarfile.open(path) as tar:
        for i in tar:
            name = i.name.removeprefix("./").rstrip("/")
            kind = "link" if i.islnk() else i.type
            attributes = {k: v for k, v in i.pax_headers.items() if k.startswith("SCHILY.xattr.")
                          and not k.startswith("SCHILY.xattr.system.")
                          and k != "SCHILY.xattr.security.selinux"}
            body = tar.extractfile(i).read() if i.isreg() or i.islnk() else None
            found[name] = [kind, i.mode & 0o7777, i.uid, i.gid, min(max(i.mtime, 0), EPOCH), body,
                           i.linkname if i.issym() else (i.devmajor, i.devminor)
                           if i.isdev() and not i.isfifo() else None, attributes]
    return found


want, got = entries("all.tar"), entries("back.tar")
got.pop(".", None), got.pop("", None), got.pop("lost+found")
# Which name of a file is the link depends on the order; group bits are the ACL's mask.
for side in want, got:
    side["hard"][0] = side["dir/large"][0] = "either"
want["acl"][1] = 0o670
bad = 0
for name in sorted(set(want) | set(got)):
    if want.get(name) != got.get(name):
        bad += 1
        if bad < 10:
            show = lambda e: e and [x if not isinstance(x, bytes) else len(x) for x in e]
            print(f"{name!r}: got {show(got.get(name))}, want {show(want.get(name))}")
sys.exit(bad > 0)
PY
check "all entries, attributes and contents are those of the tar" python3 compare.py
tap_done
