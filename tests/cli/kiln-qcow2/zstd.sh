#!/usr/bin/env bash
# kiln-qcow2 compress --type=zstd: every cluster size and level, with qemu-img as the oracle.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1

sizes=(64KiB 128KiB 256KiB 512KiB 1MiB 2MiB)

# zstd NAME OPTION...: compress NAME.raw to NAME.qcow2.
zstd() {
	local name=$1
	shift
	exits 0 "$name: compress $*" kiln-qcow2 compress -q --type=zstd "$@" "$name.raw" -o "$name.qcow2"
}

# same NAME ABOUT: qemu-img reads the same disk, and so do we.
same() {
	check "$2: qemu-img check" qemu-img check -q -f qcow2 "$1.qcow2"
	check "$2: qemu-img compare" qemu-img compare -q -f raw -F qcow2 "$1.raw" "$1.qcow2"
	check "$2: extract" kiln-qcow2 extract -q "$1.qcow2" -o back.raw
	check "$2: extract, same disk" cmp "$1.raw" back.raw
}

# info FILE KEY: a value that qemu-img info knows.
info() { qemu-img info --output=json "$1" | sed -n "s/^ *\"$2\": \"*\([^\",]*\).*/\1/p" | head -n 1; }

# An odd number of MiB, so that the last cluster is cut short by most sizes; data of every kind,
# also at the edges of clusters, and clusters that do not shrink.
truncate -s 11M mixed.raw
for i in 0 1 2 3 4 5 6 7 8 9; do
	random $((i * 9973)) "$i" | put mixed.raw $((i * 700001))
	text $((i * 20011)) "$i" | put mixed.raw $((i * 700001 + 300007))
done
random 3145728 11 | put mixed.raw $((7 * 1048576))
printf x | put mixed.raw $((11 * 1048576 - 1))

for size in "${sizes[@]}"; do
	zstd mixed --cluster-size="$size"
	says "$size: warns of readers without zstd" 'zstd: only QEMU reads such an image'
	same mixed "$size"
	is "$size: type" "$(info mixed.qcow2 compression-type)" zstd
	bytes=$(info mixed.qcow2 cluster-size)
	is "$size: cluster size" "$bytes" "$(numfmt --from=iec-i "${size%B}")"
done
for size in 64KiB 2MiB; do
	zstd mixed --cluster-size="$size" --threads=1
	cp mixed.qcow2 one.qcow2
	for n in 2 7 16; do
		zstd mixed --cluster-size="$size" --threads="$n"
		check "$size: $n threads, same bytes" cmp one.qcow2 mixed.qcow2
	done
done
check "2MiB: the file ends with the L1 table" \
	[ "$(($(l1_of mixed.qcow2) + 8))" -eq "$(stat -c %s mixed.qcow2)" ]

for level in 1 2 3 4 5 6 7 8 9 10 11 12; do
	zstd mixed --level="$level" --cluster-size="${sizes[$((level % 2 * 5))]}"
	same mixed "level $level"
done
zstd mixed --level=3
cp mixed.qcow2 one.qcow2
zstd mixed
check "64KiB: the default is level 3" cmp one.qcow2 mixed.qcow2
zstd mixed --cluster-size=1MiB --level=6
cp mixed.qcow2 one.qcow2
zstd mixed --cluster-size=1MiB
check "larger clusters: the default is level 6" cmp one.qcow2 mixed.qcow2

# Nothing at all, nothing that shrinks, and more than one L2 table (128 KiB clusters: 2 GiB each;
# 2 MiB: 512 GiB).
truncate -s 1M zeros.raw
zstd zeros --cluster-size=2MiB
same zeros zeros
random 5242880 3 >random.raw
zstd random --cluster-size=2MiB
same random random
truncate -s 6145M tables.raw
text 300000 1 | put tables.raw $((2048 * 1048576 - 100000))
random 300000 1 | put tables.raw $((6144 * 1048576 - 100000))
zstd tables --cluster-size=128KiB
same tables "three L2 tables"
truncate -s 1T tables.raw
text 300000 2 | put tables.raw $((512 * 1024 * 1048576 - 100000))
zstd tables --cluster-size=2MiB
check "1 TiB: qemu-img check" qemu-img check -q tables.qcow2
check "1 TiB: qemu-img compare" qemu-img compare -q -f raw -F qcow2 tables.raw tables.qcow2
rm -f tables.raw tables.qcow2 back.raw

# From an image to another type and back: the bytes are those of the raw disk.
kiln-qcow2 compress -q mixed.raw -o deflate.qcow2
zstd mixed --cluster-size=512KiB
check "zstd to deflate" kiln-qcow2 compress -q mixed.qcow2 -o again.qcow2
check "zstd to deflate, same bytes" cmp deflate.qcow2 again.qcow2
check "deflate to zstd" kiln-qcow2 compress -q --type=zstd --cluster-size=512KiB deflate.qcow2 -o again.qcow2
check "deflate to zstd, same bytes" cmp mixed.qcow2 again.qcow2

exits 0 "report" kiln-qcow2 compress -q --type=zstd mixed.raw -o mixed.qcow2 --report mixed.json
for want in '"compression_type": "zstd"' '"cluster_size": 65536' '"level": 3' '"library": "libzstd 1\.' \
	"\"source_sha256\": \"$(sha256sum mixed.raw | cut -d ' ' -f 1)\"" \
	"\"sha256\": \"$(sha256sum mixed.qcow2 | cut -d ' ' -f 1)\""; do
	check "report: $want" grep -q "$want" mixed.json
done

# A disk whose compressed data could lie beyond what an entry can say.
if truncate -s 257T /dev/shm/"kiln-$$" 2>/dev/null; then
	exits 7 "larger than 256 TiB" kiln-qcow2 compress -q --type=zstd --cluster-size=2MiB \
		/dev/shm/"kiln-$$" -o huge.qcow2
	says "larger than 256 TiB, said so" 'larger than 256 TiB'
	rm -f /dev/shm/"kiln-$$"
else
	skip "larger than 256 TiB" "no file system here holds such a file"
fi

exits 2 "cluster size: none of them" kiln-qcow2 compress --type=zstd --cluster-size=65537 mixed.raw -o no
exits 2 "cluster size: too small" kiln-qcow2 compress --type=zstd --cluster-size=32KiB mixed.raw -o no
exits 2 "cluster size: too large" kiln-qcow2 compress --type=zstd --cluster-size=4MiB mixed.raw -o no
exits 2 "deflate in large clusters" kiln-qcow2 compress --cluster-size=2MiB mixed.raw -o no
exits 2 "a window is deflate's" kiln-qcow2 compress --type=zstd --window=12 mixed.raw -o no
check_not "nothing is left of what was refused" [ -e no ]

tap_done
