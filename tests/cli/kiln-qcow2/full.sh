#!/usr/bin/env bash
# A full disk, at sizes around every part of the file: exit 5, and nothing left.
if [ -z "${KILN_TEST_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	KILN_TEST_MOUNTS=1 exec unshare -m bash "$0"
fi
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1

truncate -s 8M disk.raw
random 5242880 1 | put disk.raw 0
kiln-qcow2 compress -q disk.raw -o out.qcow2
needed=$(($(stat -c %b out.qcow2) / 2)) # without holes
mkdir small
if ! mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
	skip "full disk" "tmpfs cannot be mounted here"
	tap_done
fi
for kib in 64 128 192 256 1024 5120 $((needed - 128)) $((needed - 64)); do
	mount -o "remount,size=${kib}k" small
	exits 5 "$kib KiB of $needed" kiln-qcow2 compress -q disk.raw -o small/out.qcow2
	says "$kib KiB: says so" 'small/out.qcow2: .*No space left on device'
	is "$kib KiB: nothing left" "$(find small -mindepth 1)" ""
done
mount -o "remount,size=$((needed + 64))k" small
exits 0 "enough space" kiln-qcow2 compress -q disk.raw -o small/out.qcow2
check "enough space: same bytes" cmp out.qcow2 small/out.qcow2

# An older file survives a failure to replace it.
exits 5 "no space for a second one" kiln-qcow2 compress -q disk.raw -o small/out.qcow2
check "the older one is whole" cmp out.qcow2 small/out.qcow2
umount small
tap_done
