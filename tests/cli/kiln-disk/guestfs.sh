#!/usr/bin/env bash
# A real kernel mounts the root file system and reads back what was in the tar (libguestfs), out of
# an image that is compressed with a larger window than qemu's own.
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
exits 0 "compress" kiln-qcow2 compress -q --level 12 l.raw -o l.qcow2
check "some clusters need a window over 4 KiB" awk '{ split($3, n, "="); split($4, all, "="); exit n[2] >= all[2] }' \
	<(python3 "$TOP/tests/cli/kiln-qcow2/windows.py" l.qcow2 l.raw)
if ! timeout 120 guestfish -a /dev/null run >/dev/null 2>&1; then
	skip "a kernel reads back the tar" "libguestfs does not start within 120 s"
	tap_done
fi
exits 0 "a kernel mounts it" timeout 240 guestfish --ro --format=qcow2 -a l.qcow2 run : mount-ro /dev/sda2 / : \
	tar-out / back.tar xattrs:true acls:true : umount-all : mount-ro /dev/sda1 / : \
	cat /EFI/BOOT/note.txt
is "the ESP's file" "$(cat out)" "on the ESP"
check "all entries, attributes and contents are those of the tar" \
	python3 "$TOP/tests/cli/kiln-disk/compare.py" all.tar back.tar 1700000000
tap_done
