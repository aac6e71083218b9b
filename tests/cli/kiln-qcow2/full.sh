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
text 1000000 1 | put disk.raw 6000000
kiln-qcow2 compress -q disk.raw -o image.qcow2
mkdir small
if ! mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
	skip "full disk" "tmpfs cannot be mounted here"
	tap_done
fi
resize() { mount -o "remount,size=$1k" small; }

# fills NAME COMMAND...: its output is small/file. Sizes: small ones, around half, and just too small.
fills() {
	local name=$1 needed kib
	shift
	resize 65536
	exits 0 "$name: without a limit" "$@"
	needed=$(($(stat -c %b small/file) / 2))
	mv small/file whole
	for kib in 4 64 128 196 256 1024 $((needed / 2)) $((needed / 2 + 4)) $((needed - 264)) \
		$((needed - 128)) $((needed - 64)) $((needed - 4)); do
		resize "$kib"
		exits 5 "$name: $kib KiB of $needed" "$@"
		says "$name: $kib KiB: says so" 'small/file: .*No space left on device'
		is "$name: $kib KiB: nothing left" "$(find small -mindepth 1)" ""
	done
	# The older file survives a failure to replace it.
	resize $((needed + 64))
	exits 0 "$name: enough space" "$@"
	check "$name: enough space, same bytes" cmp whole small/file
	exits 5 "$name: no space for a second one" "$@"
	check "$name: the older one is whole" cmp whole small/file
	is "$name: and nothing else is there" "$(ls -A small)" file
	rm -f small/file
}

fills "compress" kiln-qcow2 compress -q disk.raw -o small/file
fills "compress a qcow2 image" kiln-qcow2 compress -q image.qcow2 -o small/file
fills "compress with zstd" kiln-qcow2 compress -q --type=zstd --share disk.raw -o small/file
fills "extract" kiln-qcow2 extract -q image.qcow2 -o small/file
fills "pack" kiln-qcow2 pack -q --zst image.qcow2 -o small/file

# The image is whole and in its place before the report is written.
resize 65536
kiln-qcow2 compress -q disk.raw -o small/file
resize $(($(stat -c %b small/file) / 2))
rm small/file
exits 5 "no space for the report" kiln-qcow2 compress -q disk.raw -o small/file --report small/report
check "no space for the report: the image is whole" cmp image.qcow2 small/file
is "no space for the report: no half a report" "$(ls -A small)" file
umount small
tap_done
