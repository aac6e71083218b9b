#!/usr/bin/env bash
# kiln-qcow2 compress and verify on disks of many shapes, with qemu-img as the oracle.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1
umask 077

# disk NAME SIZE: a sparse raw disk of zeros.
disk() { rm -f "$1.raw" && truncate -s "$2" "$1.raw"; }

# round NAME: compress NAME.raw and compare.
round() {
	exits 0 "$1: compress" kiln-qcow2 compress -q "$1.raw" -o "$1.qcow2"
	same_disk "$1" "$1.raw" "$1.qcow2"
}

disk zeros 1M
round zeros
is "zeros: three clusters of metadata and an L1 entry" "$(stat -c %s zeros.qcow2)" $((3 * 65536 + 8))
is "mode, whatever the umask" "$(stat -c %a zeros.qcow2)" 644

disk written-zeros 1M
head -c 1M /dev/zero | put written-zeros.raw 0
round written-zeros
check "holes do not show in the image" cmp zeros.qcow2 written-zeros.qcow2

disk random 3M
random 3145728 1 | put random.raw 0
round random
disk text 3M
text 3145728 1 | put text.raw 0
round text

# Clusters of every kind beside each other, and data that starts or ends within a cluster.
disk mixed 8M
for i in 0 1 2 3 4 5 6 7 8 9; do
	random $((i * 9973)) "$i" | put mixed.raw $((i * 700001))
	text $((i * 20011)) "$i" | put mixed.raw $((i * 700001 + 300007))
done
round mixed

# The last byte, and both sides of the boundary of an L2 table.
disk last-byte 2M
printf x | put last-byte.raw $((2 * 1024 * 1024 - 1))
round last-byte
for mib in 511 512 513; do
	disk "l2-$mib" "${mib}M"
	text 100000 "$mib" | put "l2-$mib.raw" $((mib * 1024 * 1024 - 100000))
	printf x | put "l2-$mib.raw" $((511 * 1024 * 1024 - 1))
	round "l2-$mib"
done
disk l2-hole 1600M
text 200000 5 | put l2-hole.raw 0
random 200000 5 | put l2-hole.raw $((1500 * 1024 * 1024))
round l2-hole
disk huge 64G
text 300000 7 | put huge.raw $((40 * 1024 * 1024 * 1024 - 150000))
printf x | put huge.raw $((64 * 1024 * 1024 * 1024 - 1))
round huge

# All bytes are the same whatever the number of threads, the holes and the environment.
for n in 1 2 3 7 16; do
	check "mixed: $n threads" kiln-qcow2 compress -q -t "$n" mixed.raw -o threads.qcow2
	check "mixed: $n threads, same bytes" cmp mixed.qcow2 threads.qcow2
	exits 0 "mixed: verify with $n threads" kiln-qcow2 verify -q -t "$n" mixed.raw mixed.qcow2
done
cp --sparse=never mixed.raw solid.raw
check "mixed: written without holes" kiln-qcow2 compress -q solid.raw -o solid.qcow2
check "mixed: without holes, same bytes" cmp mixed.qcow2 solid.qcow2
check "mixed: other locale, time zone" env LC_ALL=C TZ=Asia/Tokyo HOME=/nonexistent \
	kiln-qcow2 compress -q mixed.raw -o other.qcow2
check "mixed: other locale, same bytes" cmp mixed.qcow2 other.qcow2

for level in 1 6 9 12; do
	check "mixed: level $level" kiln-qcow2 compress -q --level "$level" mixed.raw -o level.qcow2
	same_disk "mixed: level $level" mixed.raw level.qcow2
done
check "mixed: the default is level 6" kiln-qcow2 compress -q -l 6 mixed.raw -o six.qcow2
check "mixed: the default is level 6, same bytes" cmp six.qcow2 mixed.qcow2

qemu-img convert -c -f raw -O qcow2 mixed.raw theirs.qcow2
exits 0 "verify takes qemu-img's compressed image" kiln-qcow2 verify -q mixed.raw theirs.qcow2
check "ours is not larger" [ "$(stat -c %s mixed.qcow2)" -le "$(stat -c %s theirs.qcow2)" ]
qemu-img convert -f raw -O qcow2 mixed.raw plain.qcow2
exits 0 "verify takes qemu-img's plain image" kiln-qcow2 verify -q mixed.raw plain.qcow2

# The guest writes into the finished image: the refcounts must hold.
cp mixed.qcow2 live.qcow2
cp --sparse=never mixed.raw live.raw
for at in 0 65536 100000 700001 2000000 8388096; do
	for format in qcow2 raw; do
		qemu-io -f "$format" -c "write -P 0x5a $at 512" -c "write -z 4000k 200k" \
			-c "discard 5m 128k" "live.$format" >/dev/null
	done
done
dd if=/dev/zero of=live.raw bs=64K seek=80 count=2 conv=notrunc status=none
check "after writes: qemu-img check" qemu-img check -q live.qcow2
check "after writes: qemu-img compare" qemu-img compare -q -f raw -F qcow2 live.raw live.qcow2

exits 0 "report" kiln-qcow2 compress -q mixed.raw -o mixed.qcow2 --report mixed.json
qemu-img check --output=json mixed.qcow2 >check.json
counted() # KEY
{
	sed -n "s/^ *\"$1\": \([0-9]*\).*/\1/p" check.json
}
cat >want.json <<END
{
  "cluster_size": 65536,
  "clusters_compressed": $(counted compressed-clusters),
  "clusters_plain": $(($(counted allocated-clusters) - $(counted compressed-clusters))),
  "clusters_shared": 0,
  "compression_type": "deflate",
  "file_size": $(stat -c %s mixed.qcow2),
  "level": 6,
  "library": "$(grep -o 'libdeflate [0-9.]*' mixed.json)",
  "sha256": "$(sha256sum mixed.qcow2 | cut -d ' ' -f 1)",
  "source_sha256": "$(sha256sum mixed.raw | cut -d ' ' -f 1)",
  "virtual_size": 8388608
}
END
check "report: contents" cmp want.json mixed.json
is "report: mode" "$(stat -c %a mixed.json)" 644

exits 1 "verify: other contents" kiln-qcow2 verify random.raw text.qcow2
says "verify: other contents, first byte" 'differs from random.raw at byte 0 of the disk'
cp mixed.raw differs.raw
printf Z | put differs.raw 8000000
exits 1 "verify: one byte" kiln-qcow2 verify differs.raw mixed.qcow2
says "verify: one byte, where" 'at byte 8000000 of the disk'
cp last-byte.raw differs.raw
printf Z | put differs.raw 1000000
exits 1 "verify: data where the image has a hole" kiln-qcow2 verify differs.raw last-byte.qcow2
says "verify: data where the image has a hole, where" 'at byte 1000000 of the disk'
disk two 2M
exits 1 "verify: a hole where the image has data" kiln-qcow2 verify two.raw last-byte.qcow2
says "verify: a hole where the image has data, where" 'at byte 2097151 of the disk'
exits 1 "verify: other size" kiln-qcow2 verify two.raw zeros.qcow2
says "verify: other size, both named" 'disk of 1048576 bytes, but two.raw has 2097152'
tap_done
