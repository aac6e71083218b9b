#!/usr/bin/env bash
# Images that are malformed, cut off, or that use what an image for Lima must not use: each has its
# exact exit code, and a message that names the cause.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1

# The disk: compressed clusters that share a host cluster, plain ones, holes.
truncate -s 2M disk.raw
text 300000 1 | put disk.raw 0
random 131072 1 | put disk.raw 524288
text 70000 2 | put disk.raw 1048576
kiln-qcow2 compress -q disk.raw -o good.qcow2
same_disk "the image that is damaged below" disk.raw good.qcow2
l1=$(l1_of good.qcow2)
l2=$(l2_of good.qcow2)
reftable=$(reftable_of good.qcow2)
refblock=$(refblock_of good.qcow2)
size=$(stat -c %s good.qcow2)
end=$(((size + 65535) / 65536 * 65536)) # the first cluster behind the file
data=65536                              # where compressed data begins
plain_entry=$((l2 + 8 * 8))  # guest byte 524288
plain=$(offset_in "$(be64 good.qcow2 "$plain_entry")")
hole_entry=$((l2 + 8 * 31))
hex64() { printf '%016x' "$1"; }

# refused CODE NAME PATTERN [OFFSET HEX]...: damage a copy and verify it.
refused() {
	local code=$1 name=$2 pattern=$3
	shift 3
	cp good.qcow2 bad.qcow2
	while [ $# -gt 0 ]; do
		poke bad.qcow2 "$1" "$2"
		shift 2
	done
	exits "$code" "$name" timeout 20 kiln-qcow2 verify -q disk.raw bad.qcow2
	says "$name: says so" "bad.qcow2: .*$pattern"
}

# Features
refused 7 "backing file" "backing file" 8 0000000000000200 16 00000004
refused 7 "backing file, offset only" "backing file" 8 0000000000000200
refused 7 "backing file format" "backing file format" 112 e2792aca00000005 120 71636f7732000000
refused 7 "encryption: AES" "encryption" 32 00000001
refused 7 "encryption: LUKS" "encryption" 32 00000002
refused 7 "encryption header" "encryption" 112 0537be7700000010
refused 7 "snapshots" "snapshots" 60 00000001 64 0000000000010000
refused 7 "dirty" "dirty" 72 0000000000000001
refused 7 "corrupt" "corrupt" 72 0000000000000002
refused 7 "external data file" "external data" 72 0000000000000004
refused 7 "external data file's name" "external data" 112 4441544100000004 120 78797a7a00000000
refused 7 "zstd" "zstd" 72 0000000000000008 104 01
refused 7 "extended L2" "extended L2" 72 0000000000000010
refused 7 "unknown incompatible feature" "unknown feature" 72 8000000000000000
refused 7 "lazy refcounts" "lazy" 80 0000000000000001
refused 7 "bitmaps" "bitmaps" 88 0000000000000001
refused 7 "bitmaps extension" "bitmaps" 112 2385287500000018
refused 7 "raw external data" "external data" 88 0000000000000002
refused 7 "version 2" "version 2" 4 00000002
refused 7 "version 4" "version 4" 4 00000004
refused 7 "cluster size 32 KiB" "64 KiB" 20 0000000f
refused 7 "cluster size 2 MiB" "64 KiB" 20 00000015
refused 7 "refcounts of 8 bits" "refcount" 96 00000003
refused 7 "refcounts of 64 bits" "refcount" 96 00000006
refused 7 "size not in MiB" "1 MiB" 24 0000000000180000
refused 7 "unknown header fields" "unknown header" 105 01
refused 7 "longer header" "unknown header" 100 00000078
refused 7 "header extensions over 4096 bytes" "4096" 112 1234567800001000

# Header
refused 3 "not qcow2" "not a qcow2" 0 00
refused 3 "cluster bits 0" "cluster size" 20 00000000
refused 3 "cluster bits 63" "cluster size" 20 0000003f
refused 3 "cluster bits 2^32-1" "cluster size" 20 ffffffff
refused 3 "refcount order 7" "refcount" 96 00000007
refused 3 "refcount order 2^32-1" "refcount" 96 ffffffff
refused 3 "header length 0" "header length" 100 00000000
refused 3 "header length 105" "header length" 100 00000069
refused 3 "header length 2^32-8" "header length" 100 fffffff8
refused 3 "compression type without its bit" "compression type" 104 01
refused 3 "extension larger than the cluster" "extension too long" 112 12345678ffffffff
refused 3 "disk of no size" "size" 24 0000000000000000
refused 3 "disk larger than the L1 table" "L1 table" 24 7ffffffffff00000
refused 1 "disk larger than the raw one" "disk.raw has 2097152" 24 0000000000300000
refused 3 "L1 size 0" "L1 table" 36 00000000
refused 3 "L1 size 2^32-1" "L1 table" 36 ffffffff
refused 4 "L1 of 32 MiB" "L1 table" 36 00400000
refused 3 "L1 table at 0" "L1 table" 40 0000000000000000
refused 3 "L1 table between clusters" "L1 table" 40 0000000000010200
refused 4 "L1 table beyond the end" "L1 table" 40 "$(hex64 "$end")"
refused 4 "L1 table at 2^64-65536" "L1 table" 40 ffffffffffff0000
refused 3 "refcount table at 0" "refcount table" 48 0000000000000000
refused 3 "refcount table between clusters" "refcount table" 48 "$(hex64 $((reftable + 8)))"
refused 4 "refcount table beyond the end" "refcount table" 48 "$(hex64 "$end")"
refused 4 "refcount table at 2^64-65536" "refcount table" 48 ffffffffffff0000
refused 3 "refcount table of no size" "refcount table" 56 00000000
refused 3 "refcount table of 2^32-1 clusters" "refcount table" 56 ffffffff
refused 4 "refcount table of 128 clusters" "refcount table" 56 00000080

# L1 and L2 entries
refused 3 "L1 entry with reserved bits" "L1 entry 0" "$l1" "$(hex64 $((l2 | 1 | 1 << 63)))"
refused 3 "L1 entry between clusters" "L1 entry 0" "$l1" "$(hex64 $((l2 + 512 | 1 << 63)))"
refused 3 "L1 entry marked as shared" "L1 entry 0" "$l1" "$(hex64 "$l2")"
refused 4 "L1 entry beyond the end" "L2 table" "$l1" "$(hex64 $((end | 1 << 63)))"
refused 3 "L1 entry beyond the disk" "L1 entry 1" 36 00000002 $((l1 + 8)) "$(hex64 $((l2 | 1 << 63)))"
refused 3 "L2 table is the refcount table" "overlap" "$l1" "$(hex64 $((reftable | 1 << 63)))"
refused 3 "L2 entry with reserved bits" "malformed" "$plain_entry" "$(hex64 $((plain | 2 | 1 << 63)))"
refused 3 "L2 entry between clusters" "malformed" "$plain_entry" "$(hex64 $((plain + 512 | 1 << 63)))"
refused 3 "plain cluster marked as shared" "shared" "$plain_entry" "$(hex64 "$plain")"
refused 4 "plain cluster beyond the end" "cluster" "$plain_entry" "$(hex64 $((end | 1 << 63)))"
refused 3 "plain cluster with two uses" "overlap" "$hole_entry" "$(hex64 $((plain | 1 << 63)))"
refused 3 "plain cluster in the L2 table" "overlap" "$hole_entry" "$(hex64 $((l2 | 1 << 63)))"
refused 3 "plain cluster in a refcount block" "overlap" "$hole_entry" "$(hex64 $((refblock | 1 << 63)))"
refused 3 "plain cluster in the header" "malformed" "$hole_entry" 8000000000000000
refused 3 "plain cluster in compressed data" "overlap" "$hole_entry" 8000000000010000
refused 3 "compressed data in a plain cluster" "overlap" "$hole_entry" "$(hex64 $((plain | 1 << 62)))"
refused 3 "compressed data in the header" "overlap" "$hole_entry" 4000000000000000
refused 4 "compressed data beyond the end" "compressed" "$hole_entry" "$(hex64 $((end - 512 | 1 << 62 | 1 << 54)))"
refused 4 "compressed data at 2^54-1" "compressed" "$hole_entry" 7fffffffffffffff
refused 3 "compressed and not shared" "compressed" "$l2" c000000000010000
refused 3 "entry beyond the disk" "beyond the disk" $((l2 + 8 * 32)) 8000000000010000
refused 3 "compressed data is no deflate stream" "compressed data" "$data" ffffffffffffffffffffffff
refused 3 "compressed data cut by its descriptor" "compressed data" "$l2" 4000000000010000
refused 7 "hole marked as zeros" "marked as zeros" "$hole_entry" 0000000000000001
refused 7 "cluster marked as zeros" "marked as zeros" "$plain_entry" "$(hex64 $((plain | 1 | 1 << 63)))"

# Refcounts
refused 3 "refcount too low" "is 0, but it has 1 use" "$refblock" 0000
refused 3 "refcount too high" "leak" "$refblock" 0002
refused 3 "refcount of compressed data too low" "refcount" $((refblock + 2)) 0001
refused 3 "refcount beyond the end" "leak" $((refblock + 2 * end / 65536)) 0001
refused 3 "refcount at the block's end" "leak" $((refblock + 65534)) 0001
refused 3 "L2 entry lost: a leak" "leak" "$plain_entry" 0000000000000000
refused 3 "no refcount block" "is 0, but" "$reftable" 0000000000000000
refused 3 "refcount block between clusters" "refcount table entry 0" "$reftable" "$(hex64 $((refblock + 2)))"
refused 4 "refcount block beyond the end" "refcount block" "$reftable" "$(hex64 "$end")"
refused 3 "two refcount blocks in one place" "overlap" $((reftable + 8)) "$(hex64 "$refblock")"
refused 3 "refcount block in the refcount table" "overlap" "$reftable" "$(hex64 "$reftable")"

# Length
for keep in $((size - 1)) "$l1" $((l1 - 65536)) "$l2" "$data" 200 112 111 104 103 20 4; do
	cp good.qcow2 bad.qcow2
	truncate -s "$keep" bad.qcow2
	exits 4 "cut off at $keep" kiln-qcow2 verify disk.raw bad.qcow2
	says "cut off at $keep: says so" 'bad.qcow2: cut off'
done
for keep in 0 3; do
	truncate -s "$keep" bad.qcow2
	exits 3 "cut off at $keep" kiln-qcow2 verify disk.raw bad.qcow2
done
cp good.qcow2 bad.qcow2
truncate -s 8E bad.qcow2 2>/dev/null || truncate -s 15T bad.qcow2
exits 3 "a file of many TiB" timeout 20 kiln-qcow2 verify disk.raw bad.qcow2
says "a file of many TiB: says so" 'far larger'
exits 3 "the raw disk itself" kiln-qcow2 verify disk.raw disk.raw

# What others made
qemu-img create -q -f qcow2 -b "$PWD/good.qcow2" -F qcow2 real.qcow2 2M
exits 7 "qemu-img: backing file" kiln-qcow2 verify disk.raw real.qcow2
for option in compat=0.10 cluster_size=4096 cluster_size=2M refcount_bits=1 refcount_bits=64 \
	lazy_refcounts=on extended_l2=on,cluster_size=64k data_file=data.raw compression_type=zstd; do
	qemu-img create -q -f qcow2 -o "$option" real.qcow2 2M
	exits 7 "qemu-img: $option" kiln-qcow2 verify disk.raw real.qcow2
done
qemu-img convert -f raw -O qcow2 disk.raw real.qcow2
qemu-img snapshot -c one real.qcow2
exits 7 "qemu-img: snapshot" kiln-qcow2 verify disk.raw real.qcow2
qemu-img convert -f raw -O qcow2 disk.raw real.qcow2
qemu-img bitmap --add real.qcow2 one
exits 7 "qemu-img: bitmap" kiln-qcow2 verify disk.raw real.qcow2
tap_done
