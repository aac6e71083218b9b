#!/usr/bin/env bash
# kiln-qcow2 compress --share: what is shared, that the refcounts say so, and what becomes of it when a
# guest writes into the image.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1

# shared FILE: clusters stored no second time, by a report.
shared() { sed -n 's/^ *"clusters_shared": \([0-9]*\),*$/\1/p' "$1"; }

# same ABOUT IMAGE RAW: qemu-img reads the same disk, and so do we.
same() {
	check "$1: qemu-img check" qemu-img check -q -f qcow2 "$2"
	check "$1: qemu-img compare" qemu-img compare -q -f raw -F qcow2 "$3" "$2"
	check "$1: extract" kiln-qcow2 extract -q "$2" -o back.raw
	check "$1: extract, same disk" cmp "$3" back.raw
}

# Clusters 0 to 15 of the disk: a a b r a c r a a - b a c c a r, where a, b, c shrink, r does not.
text 65536 1 >a
text 65536 2 >b
{ random 60000 3 && text 5536 3; } >c
random 65536 4 >r
head -c 65536 /dev/zero >-
for piece in a a b r a c r a a - b a c c a r; do cat "./$piece"; done >disk.raw

exits 0 "compress" kiln-qcow2 compress -q --share disk.raw -o disk.qcow2 --report disk.json
is "nine clusters are stored once already" "$(shared disk.json)" 9
same "shared" disk.qcow2 disk.raw
exits 0 "shared: the rule for Lima" kiln-qcow2 verify -q disk.raw disk.qcow2
exits 0 "compress, not sharing" kiln-qcow2 compress -q disk.raw -o alone.qcow2 --report alone.json
is "nothing is shared unless asked" "$(shared alone.json)" 0
check "sharing saves space" [ "$(stat -c %s disk.qcow2)" -lt "$(stat -c %s alone.qcow2)" ]

# Entry i of the L2 table.
entry() { be64 disk.qcow2 $(($(l2_of disk.qcow2) + $1 * 8)); }
for i in 1 4 7 8 11 14; do is "cluster $i is cluster 0" "$(entry "$i")" "$(entry 0)"; done
is "cluster 10 is cluster 2" "$(entry 10)" "$(entry 2)"
for i in 12 13; do is "cluster $i is cluster 5" "$(entry "$i")" "$(entry 5)"; done
for i in 6 15; do
	check "plain cluster $i is a copy of its own" [ "$(entry "$i")" != "$(entry 3)" ]
done

for n in 1 2 7 16; do
	check "$n threads" kiln-qcow2 compress -q --share --threads="$n" disk.raw -o threads.qcow2
	check "$n threads, same bytes" cmp disk.qcow2 threads.qcow2
done
check "from the image" kiln-qcow2 compress -q --share alone.qcow2 -o threads.qcow2
check "from the image, same bytes" cmp disk.qcow2 threads.qcow2

# act ABOUT COMMAND...: qemu-io does the same to a copy of the image and to the disk.
act() {
	local about=$1
	shift
	cp disk.qcow2 live.qcow2
	cp disk.raw live.raw
	for command in "$@"; do
		case $command in
		snapshot*) eval "qemu-img $command live.qcow2" ;;
		*) qemu-io -f qcow2 -d unmap -c "$command" live.qcow2 >/dev/null &&
			qemu-io -f raw -c "${command/discard/write -z}" live.raw >/dev/null ;;
		esac
	done
	same "$about" live.qcow2 live.raw
}

act "write into the first of many" "write -P 1 0 512"
act "write into a middle one" "write -P 2 300000 1000"
act "overwrite a whole one" "write -P 3 256k 64k"
act "overwrite all of them" "write -P 4 0 1M"
act "zeros in part of one" "write -z 65536 4k"
act "zeros over some" "write -z -u 64k 320k"
act "discard the first" "discard 0 64k"
act "discard all but one" "discard 64k 960k"
act "discard all" "discard 0 1M"
act "discard, then write where they were" "discard 0 1M" "write -P 5 0 700k" "write -P 6 704k 64k"
act "write over a shared and a plain one" "write -P 7 180k 40k" "write -P 8 440k 40k"
act "snapshot, write, snapshot away" "snapshot -c one" "write -P 10 256k 128k" "snapshot -d one" \
	"write -P 11 0 300k"
act "snapshot, write, back again" "snapshot -c one" "snapshot -a one" "snapshot -d one" "discard 0 128k"
cp disk.qcow2 live.qcow2
qemu-img snapshot -c one live.qcow2
qemu-io -f qcow2 -d unmap -c "write -P 9 0 1M" -c "discard 512k 128k" live.qcow2 >/dev/null
check "a snapshot of what is shared: qemu-img check" qemu-img check -q live.qcow2
qemu-img convert -f qcow2 -O raw -l snapshot.name=one live.qcow2 back.raw
check "a snapshot of what is shared: the disk as it was" cmp disk.raw back.raw

# More copies than one cluster of the file may have references (4096): others are stored, the first of
# them in that cluster.
truncate -s 320M many.raw
for _ in $(seq 128); do cat a; done >piece
for i in $(seq 0 39); do put many.raw $((i * 8388608)) <piece; done
check "5120 copies" kiln-qcow2 compress -q --share many.raw -o many.qcow2 --report many.json
check "5120 copies: more than one is stored" [ "$(shared many.json)" -lt 5119 ]
check "5120 copies: few are stored" [ "$(shared many.json)" -gt 5090 ]
check "5120 copies: qemu-img check" qemu-img check -q many.qcow2
check "5120 copies: qemu-img compare" qemu-img compare -q -f raw -F qcow2 many.raw many.qcow2
for i in 1 2 3 4 5 6 7; do
	check "5120 copies: snapshot $i" qemu-img snapshot -c "$i" many.qcow2
done
qemu-io -f qcow2 -c "write -P 1 0 10M" many.qcow2 >/dev/null
check "5120 copies, seven snapshots: qemu-img check" qemu-img check -q many.qcow2

# Large clusters that are copies.
for _ in $(seq 32); do cat a; done >large
{ cat large large && random 2097152 7 && cat large; } >large.raw
check "2 MiB clusters" kiln-qcow2 compress -q --share --type=zstd --cluster-size=2MiB large.raw \
	-o large.qcow2 --report large.json
is "2 MiB clusters, two are shared" "$(shared large.json)" 2
same "2 MiB clusters" large.qcow2 large.raw

tap_done
