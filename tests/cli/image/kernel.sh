#!/usr/bin/env bash
# A file system that a real kernel made and filled is read as the tar that it was filled from
# (libguestfs).
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
tree=$(realpath "$1")
cd "$SCRATCH" || exit 1
export LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg

for prog in python3 guestfish; do
	have "$prog" && continue
	skip "a file system of a kernel" "$prog is not installed"
	tap_done
done
python3 "$TOP/tests/cli/kiln-disk/fixture.py" . || exit 1
truncate -s 200M disk.raw
run timeout 240 guestfish add-drive disk.raw format:raw : run : \
	mkfs ext4 /dev/sda blocksize:4096 : mount-options user_xattr,acl /dev/sda / : \
	tar-in all.tar / xattrs:true acls:true : fallocate64 /allocated 1000000 : umount-all
if [ "$status" -ne 0 ] && ! timeout 120 guestfish -a /dev/null run >/dev/null 2>&1; then
	skip "a file system of a kernel" "libguestfs does not start within 120 s"
	tap_done
fi
is "a kernel fills it" "$status" 0
exits 0 "it is read" "$tree" list ext4 disk.raw 0 $((200 << 20))
# The time of dir is that of the last name made in it.
sed -E '/^\/ /d; /^\/dir /s/ [0-9]+\.[0-9]+ / T /' "$SCRATCH/out" >got
"$tree" list tar all.tar | sed -E '/^\/ /d; /^\/dir /s/ [0-9]+\.[0-9]+ / T /' >want
check "what is allocated and not written is a hole" \
	grep -qE '^/allocated 100644 .* size 1000000 device 0:0$' got
sed -i '/^\/allocated /d' got
check "entries and attributes are those of the tar" diff want got
exits 0 "an archive of it" "$tree" tar ext4 disk.raw 0 $((200 << 20)) back.tar
cat >without.py <<'PY'
import sys, tarfile
with tarfile.open(sys.argv[1]) as tar, tarfile.open(sys.argv[2], "w") as out:
    for i in tar:
        if i.name not in ("allocated", "dir", "dir/"):
            out.addfile(i, tar.extractfile(i) if i.isreg() else None)
PY
python3 without.py all.tar want.tar && python3 without.py back.tar got.tar
check "contents are those of the tar" \
	python3 "$TOP/tests/cli/kiln-disk/compare.py" want.tar got.tar 1700000000
tap_done
