# Raw disks to test with, and ways to damage an image. Sourced after tests/lib/tap.sh.
# shellcheck shell=bash

# random BYTES SEED: bytes that no compressor shrinks, the same each time.
random() {
	python3 -c 'import random, sys
sys.stdout.buffer.write(random.Random(int(sys.argv[2])).randbytes(int(sys.argv[1])))' "$1" "$2"
}

# text BYTES SEED: bytes that shrink well.
text() { seq "$(($2 * 1000003))" $(($2 * 1000003 + $1 / 5)) | head -c "$1"; }

# put FILE OFFSET: standard input to that byte of the file, which keeps its length and holes.
put() { dd of="$1" bs=64K seek="$2" oflag=seek_bytes conv=notrunc status=none; }

# poke FILE OFFSET HEX: bytes of a header or table.
poke() {
	local hex=$3 escaped=
	for (( ; ${#hex} > 0; )); do
		escaped+="\\x${hex:0:2}"
		hex=${hex:2}
	done
	printf '%b' "$escaped" | put "$1" "$2"
}

# be64 FILE OFFSET: the number that stands there (bit 63 makes it negative).
be64() { echo $((0x$(od -An -v -tx1 -j "$2" -N 8 "$1" | tr -d ' \n'))); }

# Offsets in the header of a qcow2 image.
l1_of() { be64 "$1" 40; }
reftable_of() { be64 "$1" 48; }
offset_in() { echo $(("$1" & 0x00fffffffffffe00)); }
# Host offset of the first L2 table and of the first refcount block.
l2_of() { offset_in "$(be64 "$1" "$(l1_of "$1")")"; }
refblock_of() { be64 "$1" "$(reftable_of "$1")"; }

# same_disk NAME RAW QCOW2: four oracles, three of them not ours.
same_disk() {
	check "$1: qemu-img check" qemu-img check -q -f qcow2 "$3"
	check "$1: qemu-img compare" qemu-img compare -q -f raw -F qcow2 "$2" "$3"
	is "$1: virtual size" "$(qemu-img info --output=json "$3" |
		sed -n 's/^ *"virtual-size": \([0-9]*\),*$/\1/p' | head -n 1)" "$(stat -c %s "$2")"
	exits 0 "$1: kiln-qcow2 verify" kiln-qcow2 verify -q "$2" "$3"
}
