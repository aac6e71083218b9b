#!/usr/bin/env bash
# One damaged byte anywhere: verify must notice each that changes metadata or contents.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1

truncate -s 1M disk.raw
text 200000 3 | put disk.raw 0
random 65536 3 | put disk.raw 262144
text 5000 4 | put disk.raw 1040000
kiln-qcow2 compress -q disk.raw -o good.qcow2
same_disk "the image that is damaged below" disk.raw good.qcow2
l1=$(l1_of good.qcow2)
l2=$(l2_of good.qcow2)
reftable=$(reftable_of good.qcow2)
refblock=$(refblock_of good.qcow2)

# flip OFFSET: the byte there XOR 1, 128 or 255, by turns; sets $before to undo it.
turn=0
flip() {
	local masks=(1 128 255)
	before=$(od -An -v -tx1 -j "$1" -N 1 bad.qcow2 | tr -d ' \n')
	poke bad.qcow2 "$1" "$(printf '%02x' $((0x$before ^ masks[turn % 3])))"
	turn=$((turn + 1))
}

# noticed NAME FIRST LAST STEP: damage bytes one by one.
noticed() {
	local name=$1 at missed='' n=0
	for ((at = $2; at <= $3; at += $4)); do
		flip "$at"
		n=$((n + 1))
		timeout 20 kiln-qcow2 verify -q disk.raw bad.qcow2 2>/dev/null
		case $? in 1 | 3 | 4 | 7) ;; *) missed="$missed $at" ;; esac
		poke bad.qcow2 "$at" "$before"
	done
	is "$name: $n damaged bytes, all noticed" "$missed" ""
}

cp good.qcow2 bad.qcow2
noticed "header" 0 111 1
noticed "L1 entry" "$l1" $((l1 + 7)) 1
noticed "L2 entries in use and not" "$l2" $((l2 + 16 * 8 + 23)) 1
noticed "L2 table" "$l2" $((l2 + 65535)) 1021
noticed "refcounts in use and not" "$refblock" $((refblock + 39)) 1
noticed "refcount block" "$refblock" $((refblock + 65535)) 1021
noticed "refcount table entries" "$reftable" $((reftable + 15)) 1
noticed "refcount table" "$reftable" $((reftable + 65535)) 4093
plain=$(offset_in "$(be64 good.qcow2 $((l2 + 8 * 4)))")
noticed "plain cluster" "$plain" $((plain + 65535)) 1021
check "all damage was undone" cmp good.qcow2 bad.qcow2

# In compressed data a bit may have no meaning; zlib (in qemu-img) says which.
last=$(be64 good.qcow2 $((l2 + 3 * 8)))
end=$(((last & 0x003fffffffffffff) + (last >> 54 & 255) * 512))
missed='' n=0 silent=0
for ((at = 65536; at < end; at += 97)); do
	flip "$at"
	kiln-qcow2 verify -q disk.raw bad.qcow2 2>/dev/null
	ours=$?
	if [ "$ours" -eq 0 ]; then
		silent=$((silent + 1))
		qemu-img compare -q -f raw -F qcow2 disk.raw bad.qcow2 >/dev/null 2>&1 ||
			missed="$missed $at"
	fi
	n=$((n + 1))
	poke bad.qcow2 "$at" "$before"
done
is "compressed data: $n damaged bytes, $silent of no effect, the rest noticed" "$missed" ""
check "compressed data: most damage has an effect" [ $((silent * 2)) -lt "$n" ]
check "all damage was undone again" cmp good.qcow2 bad.qcow2
exits 0 "the undamaged image verifies" kiln-qcow2 verify disk.raw bad.qcow2
tap_done
