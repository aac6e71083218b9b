#!/usr/bin/env bash
# Images with snapshots: each disk is read out as qemu-img reads it, for all sizes of clusters and
# widths of refcounts; hostile lists of snapshots are refused.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1

truncate -s 5M disk.raw
text 300000 1 | put disk.raw 0
random 131072 1 | put disk.raw 2097152

# An image with two snapshots and writes after each.
make() {
	qemu-img convert -f raw -O qcow2 "$@" disk.raw image.qcow2
	qemu-io -f qcow2 -c 'write -z 0 64k' -c 'write -P 1 1M 300k' image.qcow2 >/dev/null
	qemu-img snapshot -c one image.qcow2
	qemu-io -f qcow2 -c 'write -P 2 1100k 200k' -c 'discard 2M 64k' image.qcow2 >/dev/null
	qemu-img snapshot -c two image.qcow2
	qemu-io -f qcow2 -c 'write -P 3 0 100k' -c 'write -P 4 5000k 10k' image.qcow2 >/dev/null
}

# each NAME: the disk now and that of each snapshot.
each() {
	local snapshot
	qemu-img convert -f qcow2 -O raw image.qcow2 want.raw
	exits 0 "$1, now" kiln-qcow2 extract -q --snapshot=current image.qcow2 -o got.raw
	check "$1, now: same disk as qemu-img's" cmp want.raw got.raw
	for snapshot in one two; do
		qemu-img convert -l "$snapshot" -f qcow2 -O raw image.qcow2 want.raw
		exits 0 "$1, $snapshot" kiln-qcow2 extract -q --snapshot=$snapshot image.qcow2 -o got.raw
		check "$1, $snapshot: same disk as qemu-img's" cmp want.raw got.raw
	done
	exits 0 "$1: refcounts" kiln-qcow2 verify -q --rule=qemu --snapshot=one image.qcow2
}

for cluster in 512 4k 64k 2M; do
	make -o cluster_size=$cluster
	each "clusters of $cluster"
done
for bits in 2 8 32 64; do
	make -o refcount_bits=$bits
	each "refcounts of $bits bits"
done
make -c
each "compressed"
make -c -o compression_type=zstd
each "zstd"
make -o compat=0.10
each "version 2"

make
exits 0 "by ID" kiln-qcow2 extract -q --snapshot=1 image.qcow2 -o got.raw
qemu-img convert -l one -f qcow2 -O raw image.qcow2 want.raw
check "by ID: same disk" cmp want.raw got.raw
exits 2 "no such snapshot" kiln-qcow2 extract -q --snapshot=three image.qcow2 -o no.raw
says "no such snapshot: lists them" "no snapshot 'three'; there are: 1 \(one\), 2 \(two\)"
check_not "no such snapshot: no output" test -e no.raw
exits 7 "none named" kiln-qcow2 extract -q image.qcow2 -o no.raw
says "none named: says how" "snapshots: say which disk with .*--snapshot"
exits 0 "compress a snapshot" kiln-qcow2 compress -q --snapshot=one image.qcow2 -o one.qcow2
same_disk "compress a snapshot" want.raw one.qcow2
exits 0 "map of a snapshot" kiln-qcow2 map --json --snapshot=one image.qcow2
qemu-img resize -q -f qcow2 image.qcow2 7M 2>/dev/null
exits 0 "enlarged since" kiln-qcow2 extract -q --snapshot=one image.qcow2 -o got.raw
check "enlarged since: the size of then" cmp want.raw got.raw
exits 0 "enlarged since: refcounts" kiln-qcow2 verify -q --rule=qemu --snapshot=current image.qcow2
qemu-img create -q -f qcow2 plain.qcow2 1M
exits 2 "no snapshots at all" kiln-qcow2 extract -q --snapshot=one plain.qcow2 -o no.raw
says "no snapshots at all: says so" "there is none"

# The list
make
cp image.qcow2 good.qcow2
table=$(be64 good.qcow2 64)
size=$(stat -c %s good.qcow2)
hex64() { printf '%016x' "$1"; }
# refused CODE NAME PATTERN OFFSET HEX
refused() {
	cp good.qcow2 bad.qcow2
	poke bad.qcow2 "$4" "$5"
	exits "$1" "$2" timeout 20 kiln-qcow2 extract -q --snapshot=one bad.qcow2 -o no.raw
	says "$2: says so" "bad.qcow2: .*$3"
}
refused 3 "2^32-1 snapshots" "65536 snapshots" 60 ffffffff
refused 3 "65536 snapshots" "snapshot 3" 60 00010000
refused 3 "list at 0" "snapshot table" 64 0000000000000000
refused 3 "list between clusters" "snapshot table" 64 "$(hex64 $((table + 8)))"
refused 4 "list beyond the end" "snapshot table" 64 7fffffffffff0000
refused 3 "list is the L1 table" "" 64 "$(hex64 "$(l1_of good.qcow2)")"
refused 3 "L1 table between clusters" "snapshot 1: malformed L1" "$table" "$(hex64 512)"
refused 4 "L1 table beyond the end" "snapshot 1: its L1 table" "$table" 00ffffffffff0000
refused 3 "L1 table of 2^32-1 entries" "snapshot 1: malformed L1" $((table + 8)) ffffffff
refused 3 "L1 table of no entries" "snapshot 1: malformed L1" $((table + 8)) 00000000
refused 3 "L1 table is the list" "overlap" "$table" "$(hex64 "$table")"
refused 3 "L1 table is that of now" "overlap" "$table" "$(hex64 "$(l1_of good.qcow2)")"
refused 3 "L1 table is that of the other" "overlap" "$table" "$(hex64 "$(be64 good.qcow2 $((table + 72)))")"
refused 3 "4 GiB of extra data" "extra data" $((table + 36)) ffffffff
refused 3 "disk of 8 EiB" "another size" $((table + 48)) 7ffffffffffffe00
refused 3 "disk of no size" "another size" $((table + 48)) 0000000000000000
refused 3 "a byte 0 in a name" "byte 0" $((table + 64)) 000000
snap_l2=$(offset_in "$(be64 good.qcow2 "$(be64 good.qcow2 "$table")")")
refused 3 "L2 table is the list" "overlap" "$(be64 good.qcow2 "$table")" "$(hex64 "$table")"
refused 4 "L2 table beyond the end" "L2 table" "$(be64 good.qcow2 "$table")" "$(hex64 $(((size / 65536 + 9) * 65536)))"
first=$(offset_in "$(be64 good.qcow2 $((snap_l2 + 8 * 4)))")
refused 3 "a cluster at two places" "overlap" $((snap_l2 + 8 * 40)) "$(hex64 "$first")"
poke good.qcow2 "$(refblock_of good.qcow2)" 0002
exits 3 "a leak" kiln-qcow2 verify -q --rule=qemu --snapshot=current good.qcow2
says "a leak: says so" "leak"
tap_done
