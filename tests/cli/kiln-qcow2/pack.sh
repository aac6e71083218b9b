#!/usr/bin/env bash
# Packed disks: the same bytes for any number of threads and however the disk is stored, unpacked to
# the disk by programs that are not ours, and for .xz the bytes that xz itself writes.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1

# unpacks NAME RAW PACKED: the usual program gives the disk back, and finds the file whole.
unpacks() {
	local program=xz
	case $3 in *.zst) program=zstd ;; esac
	check "$1: $program -t" "$program" -qt "$3"
	check "$1: $program -dc" bash -c '"$1" -qdc "$2" | cmp - "$3"' - "$program" "$3" "$2"
}

# A disk with everything: data that shrinks, data that does not, zeros, holes, an odd end.
truncate -s $((27 * 1048576 + 512)) disk.raw
text 1500000 1 | put disk.raw 0
random 1000000 1 | put disk.raw 5000000
text 400000 2 | put disk.raw $((17 << 20))
text 512 3 | put disk.raw $((27 << 20))
cp --sparse=never disk.raw dense.raw
qemu-img convert -f raw -O qcow2 disk.raw plain.qcow2
qemu-img convert -c -f raw -O qcow2 -o cluster_size=2M,compression_type=zstd disk.raw zstd.qcow2
qemu-img convert -c -f raw -O qcow2 -o cluster_size=512 disk.raw small.qcow2

for kind in xz zst; do
	case $kind in
	xz) zst='' level=0 block=$((2 << 20)) wants='xz liblzma' ;;
	zst) zst=--zst level=1 block=$((8 << 20)) wants='zstd libzstd' ;;
	esac
	# shellcheck disable=SC2086 # a word or none
	pack() { kiln-qcow2 pack -q $zst --level $level "$@"; }
	exits 0 "$kind" pack disk.raw -o disk.$kind --threads 1
	unpacks "$kind" disk.raw disk.$kind
	for threads in 2 3 7 16; do
		pack disk.raw -o more.$kind --threads $threads
		check "$kind: the same bytes from $threads threads" cmp disk.$kind more.$kind
	done
	for from in dense.raw plain.qcow2 zstd.qcow2 small.qcow2; do
		exits 0 "$kind: from $from" pack $from -o more.$kind --threads 2
		check "$kind: from $from: the same bytes" cmp disk.$kind more.$kind
	done
	is "$kind: mode" "$(stat -c %a disk.$kind)" 644
	exits 0 "$kind: report" pack disk.raw -o more.$kind --report report.json
	check "$kind: the report says what is there" python3 -c '
import hashlib, json, sys
report = json.load(open("report.json"))
packed, disk = open(sys.argv[1], "rb").read(), open("disk.raw", "rb").read()
assert report["sha256"] == hashlib.sha256(packed).hexdigest()
assert report["content_sha256"] == hashlib.sha256(disk).hexdigest()
assert report["file_size"] == len(packed) and report["content_size"] == len(disk)
assert report["block_size"] == int(sys.argv[2]) and report["level"] == int(sys.argv[3])
assert sys.argv[4].split()[0] == report["format"]
assert report["library"].startswith(sys.argv[4].split()[1] + " ")' more.$kind $block $level "$wants"

	# Sizes at every boundary, of zeros and of other bytes.
	for size in 512 1048576 $((block - 512)) $block $((block + 512)) $((2 * block)) \
		$((3 * block - 512)); do
		rm -f size.raw
		truncate -s $size size.raw
		pack size.raw -o size.$kind
		unpacks "$kind: $size bytes of zeros" size.raw size.$kind
		text 300 1 | put size.raw $((size - 300))
		text 512 1 | head -c 200 | put size.raw 0
		pack size.raw -o size.$kind
		unpacks "$kind: $size bytes" size.raw size.$kind
	done
	rm -f holes.raw
	truncate -s 8G holes.raw
	echo end | put holes.raw $(((8 << 30) - 700))
	exits 0 "$kind: 8 GiB of holes in no time" timeout 60 kiln-qcow2 pack -q $zst holes.raw \
		-o holes.$kind
	is "$kind: 8 GiB of holes: the size that it says" "$(case $kind in
	xz) xz --robot --list holes.xz | awk '$1 == "file" { print $5 }' ;;
	zst) zstd -lv holes.zst | sed -n 's/^Decompressed Size:.*(\([0-9]*\) B).*/\1/p' ;;
	esac)" $((8 << 30))
done

# xz
is "xz: blocks and check" "$(xz --robot --list disk.xz | awk '$1 == "file" { print $3, $7 }')" \
	"14 CRC64"
truncate -s 50M spread.raw
text 300000 1 | put spread.raw 1000000
random 200000 1 | put spread.raw 25000000
text 300000 2 | put spread.raw $((40 << 20))
for pair in 0:2 1:4 3:12; do
	level=${pair%:*}
	kiln-qcow2 pack -q --level "$level" spread.raw -o level.xz
	xz --keep --stdout --threads=2 "-$level" --block-size="${pair#*:}MiB" spread.raw >theirs.xz
	check "xz: level $level: the bytes are those of xz" cmp level.xz theirs.xz
done
kiln-qcow2 pack -q spread.raw -o default.xz
xz --keep --stdout --threads=2 -6 spread.raw >theirs.xz
check "xz: the default is xz's own" cmp default.xz theirs.xz
check "xz: python reads it" python3 -c '
import lzma
assert lzma.open("disk.xz").read() == open("disk.raw", "rb").read()'
if have bsdtar || have bsdcat; then
	check "xz: libarchive reads it" bash -c 'bsdcat disk.xz | cmp - disk.raw'
else
	skip "xz: libarchive reads it" "bsdcat is not installed"
fi
if have busybox && busybox --list | grep -qx xzcat; then
	check "xz: busybox reads it" bash -c 'busybox xzcat disk.xz | cmp - disk.raw'
else
	skip "xz: busybox reads it" "busybox is not installed"
fi

# zstd
is "zst: frames" "$(zstd -l disk.zst | awk 'END { print $1 }')" 4
check "zst: every frame has a checksum" bash -c 'zstd -lv disk.zst | grep -q "^Check: XXH64"'

# A byte flipped anywhere is noticed by those who unpack, unless it changes nothing for them.
for kind in xz zst; do
	size=$(stat -c %s disk.$kind)
	missed=
	for ((at = 5; at < size; at += size / 13 + 1)); do
		cp disk.$kind bad.$kind
		poke bad.$kind $at "$(printf %02x $((0x$(od -An -tx1 -j $at -N 1 bad.$kind | tr -d ' ') ^ 1)))"
		! "$([ $kind = xz ] && echo xz || echo zstd)" -qdc bad.$kind >bad.raw 2>/dev/null ||
			cmp -s bad.raw disk.raw || missed="$missed $at"
	done
	is "$kind: damage is noticed" "$missed" ""
done

# Bad usage and bad input.
names() { find . -mindepth 1 -printf '%P\n' | sort | tr '\n' ' '; }
mkdir bad
cd bad || exit 1
truncate -s 1M raw
cp ../plain.qcow2 .
exits 2 "no output" kiln-qcow2 pack raw
says "no output: says how" '-o FILE'
exits 2 "xz: level 10" kiln-qcow2 pack raw -o x --level 10
says "xz: level 10: the bounds" '0 and 9'
exits 2 "zst: level 0" kiln-qcow2 pack raw -o x --zst --level 0
says "zst: level 0: the bounds" '1 and 12'
exits 2 "zst: level 13" kiln-qcow2 pack raw -o x --zst --level 13
exits 2 "a snapshot of a raw disk" kiln-qcow2 pack raw -o x --snapshot one
exits 2 "0 threads" kiln-qcow2 pack raw -o x --threads 0
exits 5 "missing disk" kiln-qcow2 pack none.raw -o x
says "missing disk: named" 'none.raw: No such file'
exits 5 "missing folder" kiln-qcow2 pack raw -o no/such/x
: >empty.raw
exits 3 "an empty disk" kiln-qcow2 pack empty.raw -o x
says "an empty disk: named" 'empty.raw: '
rm empty.raw
exits 3 "a raw disk as qcow2" kiln-qcow2 pack raw --format qcow2 -o x
truncate -s 200000 plain.qcow2
exits 4 "a qcow2 image that was cut off" kiln-qcow2 pack plain.qcow2 -o x
says "a qcow2 image that was cut off: named" 'plain.qcow2: '
rm plain.qcow2
is "nothing written" "$(names)" "raw "
cp ../small.qcow2 damaged.qcow2
poke damaged.qcow2 "$(($(stat -c %s damaged.qcow2) / 2))" ffffffffffffffffffffffffffffffff
run kiln-qcow2 pack damaged.qcow2 -o x
check "damaged compressed data is an error or other bytes" [ "$status" -ne 0 -o -s x ]
rm -f x damaged.qcow2
echo old >x
qemu-img create -q -f qcow2 -b raw -F raw backed.qcow2 1M
exits 7 "a backing file" kiln-qcow2 pack backed.qcow2 -o x
is "the older file stays" "$(cat x)" old
tap_done
