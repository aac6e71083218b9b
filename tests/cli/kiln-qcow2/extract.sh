#!/usr/bin/env bash
# extract: images that qemu-img made in all its ways give the disk that qemu-img reads out of them;
# images that must not be read are refused, each with its exit code and a message.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1

# The disk: text, random bytes, holes, zeros that are written, and an end within a cluster.
truncate -s $((5 * 1024 * 1024 + 512)) disk.raw
text 300000 1 | put disk.raw 0
random 131072 1 | put disk.raw 524288
head -c 262144 /dev/zero | put disk.raw 1048576
text 70000 2 | put disk.raw 2097152
random 512 2 | put disk.raw $((5 * 1024 * 1024))

# same NAME IMAGE: what extract gives is what qemu-img convert gives, with 1 and with 3 threads.
same() {
	local threads
	rm -f want.raw got.raw
	qemu-img convert -f qcow2 -O raw "$2" want.raw
	for threads in 1 3; do
		exits 0 "$1, $threads threads" kiln-qcow2 extract -q -t $threads "$2" -o got.raw
		check "$1, $threads threads: same disk as qemu-img's" cmp want.raw got.raw
	done
}

# made NAME OPTION...: an image by qemu-img convert, extracted.
made() {
	local name=$1
	shift
	qemu-img convert -f raw -O qcow2 "$@" disk.raw image.qcow2
	same "$name" image.qcow2
}

for compat in 0.10 1.1; do
	for cluster in 512 4k 64k 2M; do
		made "version $compat, clusters of $cluster" -o compat=$compat,cluster_size=$cluster
		made "version $compat, clusters of $cluster, compressed" -c \
			-o compat=$compat,cluster_size=$cluster
	done
	made "version $compat, metadata preallocated" -o compat=$compat,preallocation=metadata
done
for bits in 1 2 4 8 32 64; do
	made "refcounts of $bits bits" -o refcount_bits=$bits
done
made "refcounts of 64 bits, compressed" -c -o refcount_bits=64
made "zstd" -c -o compression_type=zstd
made "zstd, clusters of 2 MiB" -c -o compression_type=zstd,cluster_size=2M
made "zstd, clusters of 4 KiB" -c -o compression_type=zstd,cluster_size=4k
made "fully allocated" -o preallocation=full
made "lazy refcounts, closed well" -o lazy_refcounts=on
made "unordered, many coroutines" -W -m 8 -c

# What images go through in their lives
qemu-img create -q -f qcow2 image.qcow2 64M
same "nothing written" image.qcow2
qemu-img create -q -f qcow2 image.qcow2 8T
exits 0 "8 TiB of nothing" timeout 60 kiln-qcow2 extract -q image.qcow2 -o got.raw
is "8 TiB of nothing: size" "$(stat -c '%s %b' got.raw)" "$((8 << 40)) 0"
rm -f got.raw
qemu-img convert -f raw -O qcow2 disk.raw image.qcow2
qemu-io -f qcow2 -c 'write -P 7 100k 200k' -c 'write -z 600k 300k' -c 'discard 2M 64k' \
	-c 'write -z -u 3M 128k' image.qcow2 >/dev/null
same "written to, clusters marked as zeros" image.qcow2
qemu-img snapshot -c one image.qcow2
qemu-img snapshot -d one image.qcow2
same "a snapshot made and deleted" image.qcow2
qemu-img resize -q -f qcow2 image.qcow2 3G
same "enlarged" image.qcow2
qemu-img resize -q -f qcow2 --shrink image.qcow2 1M
same "made smaller" image.qcow2
qemu-img bitmap --add image.qcow2 one
same "with a bitmap" image.qcow2
truncate -s 2M small.raw
text 300000 1 | put small.raw 0
kiln-qcow2 compress -q small.raw -o image.qcow2
same "our own" image.qcow2
check "our own: gives the first disk" cmp small.raw got.raw

# Holes and the output file
text 100 1 | put small.raw 1048576
qemu-img convert -c -f raw -O qcow2 small.raw image.qcow2
rm -f got.raw
exits 0 "sparse" kiln-qcow2 extract image.qcow2 -o got.raw
is "sparse: zeros are holes" "$(($(stat -c %b got.raw) <= 8 * (300000 / 4096 + 3)))" 1
is "mode" "$(stat -c %a got.raw)" 644
echo old >old.raw
head -c 1000 image.qcow2 >cut.qcow2
exits 4 "an older output file" kiln-qcow2 extract cut.qcow2 -o old.raw
is "stays when the image is bad" "$(cat old.raw)" old
exits 2 "no output named" kiln-qcow2 extract image.qcow2
exits 5 "no such image" kiln-qcow2 extract absent.qcow2 -o got.raw
says "no such image: says so" 'absent.qcow2: No such file'
exits 2 "0 threads" kiln-qcow2 extract -t 0 image.qcow2 -o got.raw

# refused CODE NAME PATTERN
refused() {
	rm -f no.raw
	exits "$1" "$2" timeout 20 kiln-qcow2 extract -q bad.qcow2 -o no.raw
	says "$2: says so" "bad.qcow2: .*$3"
	check_not "$2: no output" test -e no.raw
}
# poked CODE NAME PATTERN [OFFSET HEX]...: damage a copy.
poked() {
	local code=$1 name=$2 pattern=$3
	shift 3
	cp good.qcow2 bad.qcow2
	while [ $# -gt 0 ]; do
		poke bad.qcow2 "$1" "$2"
		shift 2
	done
	refused "$code" "$name" "$pattern"
}

qemu-img convert -f raw -O qcow2 small.raw good.qcow2
qemu-img create -q -f qcow2 -b good.qcow2 -F qcow2 bad.qcow2
refused 7 "backing file" "backing file"
qemu-img create -q -f qcow2 -o data_file=data.raw bad.qcow2 2M
refused 7 "external data file" "external data file"
qemu-img create -q -f qcow2 -o extended_l2=on bad.qcow2 2M
refused 7 "extended L2 entries" "extended L2"
if qemu-img create -q -f qcow2 --object secret,id=s,data=x \
	-o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 bad.qcow2 2M 2>/dev/null; then
	refused 7 "LUKS" "encryption"
else
	skip "LUKS" "this qemu-img makes no encrypted images"
fi
cp good.qcow2 bad.qcow2
qemu-img snapshot -c one bad.qcow2
refused 7 "snapshot" "snapshots"
poked 7 "dirty" "dirty" 72 0000000000000001
poked 7 "corrupt" "corrupt" 72 0000000000000002
poked 7 "unknown incompatible feature" "unknown feature" 72 8000000000000000
poked 7 "version 4" "version 4" 4 00000004
poked 7 "unknown compression" "compression" 72 0000000000000008 104 02
poked 7 "size of 2 MiB and a byte" "512" 24 0000000000200001
poked 3 "not qcow2" "not a qcow2 image" 0 00
poked 3 "disk larger than the L1 table" "L1 table" 24 7ffffffffff00000
poked 3 "no size" "size" 24 0000000000000000
poked 3 "clusters of 4 MiB" "cluster size" 20 00000016
cp small.raw bad.qcow2
refused 3 "a raw disk" "not a qcow2 image"
: >bad.qcow2
refused 3 "an empty file" "not a qcow2 image"

# Tables
l1=$(l1_of good.qcow2)
l2=$(l2_of good.qcow2)
refblock=$(refblock_of good.qcow2)
size=$(stat -c %s good.qcow2)
first=$(offset_in "$(be64 good.qcow2 "$l2")")
hex64() { printf '%016x' "$1"; }
poked 3 "L2 table is the L1 table" "overlap" "$l1" "$(hex64 $((l1 | 1 << 63)))"
poked 3 "L2 table is a refcount block" "overlap" "$l1" "$(hex64 $((refblock | 1 << 63)))"
poked 3 "a cluster with two uses" "overlap" $((l2 + 8)) "$(hex64 $((first | 1 << 63)))"
poked 3 "a cluster that is the L2 table" "overlap" "$l2" "$(hex64 "$l2")"
poked 3 "compressed data in the header" "overlap" "$l2" 4000000000000000
poked 3 "entry between clusters" "malformed" "$l2" "$(hex64 $((first + 512)))"
poked 4 "L2 table beyond the end" "L2 table" "$l1" "$(hex64 $(((size + 65535) / 65536 * 65536 | 1 << 63)))"
poked 4 "cluster beyond the end" "cluster" "$l2" "$(hex64 $(((size + 65535) / 65536 * 65536 | 1 << 63)))"
poked 4 "compressed data beyond the end" "compressed" "$l2" 7fffffffffffffff
poked 3 "not a deflate stream" "guest byte 0: compressed data" "$l2" "$(hex64 $((1 << 62 | first)))" "$first" ffffffff
qemu-img convert -c -f raw -O qcow2 -o compression_type=zstd small.raw good.qcow2
data=$(($(be64 good.qcow2 "$(l2_of good.qcow2)") & 0x003fffffffffffff))
poked 3 "not a zstd frame" "guest byte 0: compressed data" "$data" 00000000

# Cut off at any place
qemu-img convert -c -f raw -O qcow2 small.raw good.qcow2
size=$(stat -c %s good.qcow2)
for keep in 4 103 200 65536 131072 $((size / 2)) $((size - 1024)); do
	cp good.qcow2 bad.qcow2
	truncate -s "$keep" bad.qcow2
	refused 4 "cut off at $keep" "cut off"
done
cp good.qcow2 bad.qcow2
truncate -s 8E bad.qcow2 2>/dev/null || truncate -s 15T bad.qcow2
refused 3 "a file of many TiB" "far larger"

# Bytes changed at random: never a crash, and where both read the image, the same disk.
differs=0 crashes=0
for seed in $(seq 60); do
	cp good.qcow2 bad.qcow2
	python3 - "$seed" bad.qcow2 <<-'PYTHON'
		import random, sys
		r = random.Random(int(sys.argv[1]))
		with open(sys.argv[2], 'r+b') as f:
		    size = f.seek(0, 2)
		    for _ in range(r.randrange(1, 5)):
		        place = r.choice([r.randrange(120), 0x30000 + r.randrange(8),
		                          0x40000 + r.randrange(512), r.randrange(size)])
		        f.seek(place)
		        f.write(bytes([r.randrange(256)]))
	PYTHON
	rm -f got.raw
	status=0
	timeout 20 kiln-qcow2 extract -q bad.qcow2 -o got.raw 2>/dev/null || status=$?
	case $status in
	0)
		timeout 20 qemu-img convert -f qcow2 -O raw bad.qcow2 want.raw 2>/dev/null &&
			! cmp -s want.raw got.raw && differs=$((differs + 1))
		;;
	3 | 4 | 5 | 7) ;;
	*) crashes=$((crashes + 1)) ;;
	esac
done
is "random damage: no crash" "$crashes" 0
is "random damage: same disk as qemu-img's" "$differs" 0
tap_done
