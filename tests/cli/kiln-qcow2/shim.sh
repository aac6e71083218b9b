#!/usr/bin/env bash
# shim.sh FAULTSHIM: whichever call fails, the image or disk that kiln-qcow2 writes is the old one or
# the new one, whole, and the exit code says what failed. Each call in turn: tests/lib/sweep.sh.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/lib/sweep.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
shim=$(realpath "$1")
cd "$SCRATCH" || exit 1

# Group and errno: EACCES 13, EIO 5, ENOSPC 28, ENOMEM 12, EAGAIN 11
groups="open:13 read:5 seek:5 write:28 fsync:5 close:5 name:13 malloc:12 thread:11"

# What the failure of a group's call may end in. Some calls are hints, or of the C library's start.
# shellcheck disable=SC2154 # sweep() has the group
expected() {
	case $group:$status in
	*:0 | open:5 | read:5 | seek:5 | write:5 | fsync:5 | close:5 | name:5) ;;
	malloc:70 | thread:70) ;;
	*) echo "exit status $status" ;;
	esac
}

# The output before a run is an older file, and after it that one or the whole new one.
put_old() { echo old >dir/file; }
judge() {
	expected
	if cmp -s dir/file good; then
		:
	elif [ "$status" -eq 0 ]; then
		echo "exit 0 and a wrong output"
	elif [ "$(head -c 100 dir/file | tr -d '\0')" != old ]; then
		echo "exit $status and half an output"
	fi
	[ "$(ls -A dir)" = file ] || echo "left behind: $(ls -A dir)"
}

# outputs NAME COMMAND...: what it writes to dir/file is its output.
outputs() {
	local name=$1 g
	shift
	rm -rf dir
	mkdir dir
	exits 0 "$name: without a fault" "$@"
	mv dir/file good
	for g in $groups; do
		sweep "$name" put_old judge "$shim" "${g%:*}" "${g#*:}" "$@"
	done
}

# A report comes after its image, whole, or not at all.
two_old() {
	rm -f dir/report
	put_old
}
judge_two() {
	expected
	if [ -e dir/report ] && { ! cmp -s dir/report good.report || ! cmp -s dir/file good; }; then
		echo "exit $status and a report of nothing"
	elif [ "$status" -eq 0 ] && [ ! -e dir/report ]; then
		echo "exit 0 and no report"
	fi
	[ -z "$(find dir -name '.*' -type f)" ] || echo "left behind: $(ls -A dir)"
}
reports() {
	local name=$1 g
	shift
	rm -rf dir
	mkdir dir
	exits 0 "$name: without a fault" "$@"
	mv dir/file good
	mv dir/report good.report
	for g in $groups; do
		sweep "$name" two_old judge_two "$shim" "${g%:*}" "${g#*:}" "$@"
	done
}

# A fault must not hide that image and disk differ.
nothing() { :; }
judge_no() {
	case $status in
	0) echo "passed over a difference" ;;
	1) ;;
	*) expected ;;
	esac
}
differs() {
	local name=$1 g
	shift
	exits 1 "$name: without a fault" "$@"
	for g in $groups; do
		case $g in
		write:* | fsync:* | name:* | close:*) ;;
		*) sweep "$name" nothing judge_no "$shim" "${g%:*}" "${g#*:}" "$@" ;;
		esac
	done
}

truncate -s 6M disk.raw
text 300000 1 | put disk.raw 200000
random 200000 1 | put disk.raw 2600000
text 65536 2 | put disk.raw 4194304
text 65536 2 | put disk.raw 5242880
kiln-qcow2 compress -q disk.raw -o image.qcow2
cp disk.raw other.raw
head -c 1M disk.raw >small.raw
kiln-qcow2 compress -q small.raw -o small.qcow2
printf x | put other.raw 5242990

outputs "compress" kiln-qcow2 compress -q -t 3 disk.raw -o dir/file
outputs "compress with zstd" \
	kiln-qcow2 compress -q -t 3 --type=zstd --cluster-size=256KiB --share disk.raw -o dir/file
groups=${groups/seek:5 /} outputs "compress a qcow2 image" \
	kiln-qcow2 compress -q -t 3 --window=12 image.qcow2 -o dir/file
reports "compress with a report" kiln-qcow2 compress -q -t 3 disk.raw -o dir/file --report dir/report
groups=${groups/seek:5 /} outputs "extract" kiln-qcow2 extract -q -t 3 image.qcow2 -o dir/file
groups=${groups/seek:5 /} outputs "pack" kiln-qcow2 pack -q -t 3 --level=0 small.qcow2 -o dir/file
outputs "pack with zstd" kiln-qcow2 pack -q -t 3 --zst disk.raw -o dir/file
differs "verify" kiln-qcow2 verify -q -t 3 other.raw image.qcow2
tap_done
