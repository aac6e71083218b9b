#!/usr/bin/env bash
# Partition tables and what is in the partitions, against sfdisk and blkid; tables that are damaged
# or hostile.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
probe=$(realpath "$1")
cd "$SCRATCH" || exit 1
for prog in sfdisk blkid python3; do
	have "$prog" && continue
	skip "partition tables" "$prog is not installed"
	tap_done
done

# field N FIELD: of partition N in the last run's output.
field() { awk -F'|' -v n="$1" -v f="$2" 'NR > 1 && $1 == n { print $f }' "$SCRATCH/out"; }

# as_sfdisk NAME DISK: numbers, places, types, identifiers and names are those that sfdisk shows.
as_sfdisk() {
	exits 0 "$1" "$probe" parts "$2"
	sfdisk -J "$2" >want.json
	python3 - want.json <<-'PYTHON' >want
		import json, re, sys
		t = json.load(open(sys.argv[1]))['partitiontable']
		gpt = t['label'] == 'gpt'
		print('gpt' if gpt else 'mbr', t['id'].lower().removeprefix('0x'), sep='|')
		for p in t.get('partitions', []):
		    n = int(re.search(r'(\d+)$', p['node'])[1])
		    uuid = p['uuid'].lower() if gpt else '%s-%02x' % (t['id'].lower()[2:], n)
		    kind = p['type'].lower() if gpt else 'mbr-%02x' % int(p['type'], 16)
		    print(n, p['start'] * 512, p['size'] * 512, kind, uuid, p.get('name', ''), sep='|')
	PYTHON
	cut -d'|' -f1-6 "$SCRATCH/out" >got
	check "$1: as sfdisk has it" diff got want
}

# GPT
truncate -s 64M gpt.raw
sfdisk -q gpt.raw <<-'TABLE'
	label: gpt
	1: size=8MiB, type=U, name="EFI system"
	3: size=16MiB, type=L, name="größe 🐧 root"
	128: size=1MiB, type=S
TABLE
as_sfdisk "GPT" gpt.raw
truncate -s 80M gpt.raw
as_sfdisk "GPT on a disk that grew" gpt.raw
truncate -s 64M empty.raw
echo 'label: gpt' | sfdisk -q empty.raw
as_sfdisk "GPT without partitions" empty.raw
is "contents: empty" "$("$probe" parts gpt.raw | cut -d'|' -f7 | tail -n +2 | sort -u)" empty

# MBR
truncate -s 64M mbr.raw
sfdisk -q mbr.raw <<-'TABLE'
	label: dos
	label-id: 0x00c0ffee
	1: start=2048, size=8MiB, type=c, bootable
	4: size=16MiB, type=83
TABLE
as_sfdisk "MBR" mbr.raw
dd if=/dev/urandom of=mbr.raw bs=440 count=1 conv=notrunc status=none
as_sfdisk "MBR with boot code" mbr.raw
truncate -s 1M mbr0.raw
echo 'label: dos' | sfdisk -q mbr0.raw
as_sfdisk "MBR without partitions" mbr0.raw

# as_blkid NAME CONTENT FILE: the file as a whole disk, and again inside a GPT partition.
as_blkid() {
	local name=$1 content=$2 file=$3 from disk
	truncate -s 130M part.raw
	sfdisk -q part.raw <<<$'label: gpt\n2: start=2048, size=128MiB, type=L'
	dd if="$file" of=part.raw bs=1M seek=1 conv=notrunc,sparse status=none
	for disk in "$file" part.raw; do
		exits 0 "$name in $disk" "$probe" parts "$disk"
		from=0
		[ "$disk" = part.raw ] && from=2
		is "$name in $disk: content" "$(field $from 7)" "$content"
		is "$name in $disk: UUID" "$(field $from 8)" "$(blkid -p -s UUID -o value "$file")"
		is "$name in $disk: label" "$(field $from 9)" "$(blkid -p -s LABEL -o value "$file")"
	done
	[ "$content" = unknown ] || is "$name: no table" "$("$probe" parts "$file" | head -n 1)" "none|"
}
# made NAME CONTENT PROGRAM ARGUMENT...: a file system of 128 MiB.
made() {
	local name=$1 content=$2
	shift 2
	if ! have "$1"; then
		skip "$name" "$1 is not installed"
		return
	fi
	rm -f fs.raw
	truncate -s 128M fs.raw
	"$@" >log 2>&1 || { tap_result "not ok" "$name: $(tail -n 1 log)"; return; }
	as_blkid "$name" "$content" fs.raw
}
made "ext2" ext4 mkfs.ext2 -q -L 'old one' fs.raw
made "ext3" ext4 mkfs.ext3 -q fs.raw
made "ext4" ext4 mkfs.ext4 -q -L sixteen-chars-16 fs.raw
made "FAT12" vfat mkfs.fat -F12 -s 128 -n TWELVE fs.raw
made "FAT16" vfat mkfs.fat -F16 -i deadbeef fs.raw
made "FAT32" vfat mkfs.fat -F32 -s 1 -n 'ESP 32' fs.raw
made "FAT32, large sectors" vfat mkfs.fat -F32 -S 4096 -s 1 -n LARGE fs.raw
made "swap" swap mkswap -q -L swap fs.raw
made "swap, large pages" swap mkswap -q -p 65536 fs.raw
made "xfs" xfs mkfs.xfs -q -f -L xfs fs.raw
made "btrfs" btrfs mkfs.btrfs -q -f -L 'a btrfs label' fs.raw
made "LUKS 1" luks cryptsetup -q luksFormat --type luks1 --iter-time 10 fs.raw - <<<secret
made "LUKS 2" luks cryptsetup -q luksFormat --type luks2 --label locked --pbkdf pbkdf2 \
	--iter-time 10 fs.raw - <<<secret
if have mksquashfs; then
	mkdir -p tree
	echo text >tree/file
	mksquashfs tree fs.sqsh -quiet -no-progress >/dev/null
	as_blkid "squashfs" squashfs fs.sqsh
else
	skip "squashfs" "mksquashfs is not installed"
fi
# Boot code on a file system of the whole disk: no table, whatever it looks like.
mkfs.ext4 -q -F -L whole fs.raw 2>/dev/null
poke fs.raw 510 55aa
is "ext4 with an empty table" "$("$probe" parts fs.raw | cut -d'|' -f1,7,9 | tr '\n' ' ')" "none 0|ext4|whole "
poke fs.raw 446 80fe1234830102030405060708090a0b
is "ext4 with a table of nonsense" "$("$probe" parts fs.raw | cut -d'|' -f1,7,9 | tr '\n' ' ')" "none 0|ext4|whole "
cp --sparse=always mbr.raw stale.raw
dd if=fs.raw of=stale.raw bs=1024 skip=1 seek=1 count=1 conv=notrunc status=none
is "MBR over an old ext4: partitions" "$("$probe" parts stale.raw | cut -d'|' -f1 | tr '\n' ' ')" "mbr 1 4 "
truncate -s 128M lvm.raw
printf 'LABELONE\1\0\0\0\0\0\0\0\0\0\0\0\40\0\0\0LVM2 001' | put lvm.raw 512
is "LVM" "$("$probe" parts lvm.raw | cut -d'|' -f7 | tail -n 1)" lvm
truncate -s 128M xfs.raw
printf 'XFSB' | put xfs.raw 0
poke xfs.raw 32 00112233445566778899aabbccddeeff
printf 'twelve chars' | put xfs.raw 108
is "xfs by its signature" "$("$probe" parts xfs.raw | cut -d'|' -f7- | tail -n 1)" \
	"xfs|00112233-4455-6677-8899-aabbccddeeff|twelve chars"
truncate -s 128M random.raw
random 65536 1 | put random.raw 0
is "nothing known" "$("$probe" parts random.raw)" $'none|\n0|0|134217728||||unknown||'
: >zero.raw
is "a disk of no size" "$("$probe" parts zero.raw | head -n 1)" "none|"

# crcs FILE: make the checksums of the primary GPT right again.
crcs() {
	python3 - "$1" <<-'PYTHON'
		import struct, sys, zlib
		with open(sys.argv[1], 'r+b') as f:
		    f.seek(512)
		    h = bytearray(f.read(512))
		    lba, n, size = struct.unpack_from('<QII', h, 72)
		    if n * size < 1 << 24:
		        f.seek(lba * 512)
		        struct.pack_into('<I', h, 88, zlib.crc32(f.read(n * size)))
		    length = struct.unpack_from('<I', h, 12)[0]
		    struct.pack_into('<I', h, 16, 0)
		    struct.pack_into('<I', h, 16, zlib.crc32(h[:length]))
		    f.seek(512)
		    f.write(h)
	PYTHON
}
# refused CODE NAME PATTERN FILE [OFFSET HEX]...
refused() {
	local code=$1 name=$2 pattern=$3
	cp --sparse=always "$4" bad.raw
	shift 4
	[ $# -eq 0 ] || [ "$1" != sums ] || { shift; sums=1; }
	while [ $# -gt 0 ]; do
		poke bad.raw "$1" "$2"
		shift 2
	done
	[ -z "${sums:-}" ] || crcs bad.raw
	sums=
	exits "$code" "$name" "$probe" parts bad.raw
	says "$name: says so" "$pattern"
}
refused 3 "GPT: no header" "no header" gpt.raw 512 00
refused 3 "GPT: header's checksum" "header's checksum" gpt.raw 568 00
refused 3 "GPT: entries' checksum" "entries' checksum" gpt.raw 1024 00
refused 3 "GPT: revision" "revision" gpt.raw sums 520 01
refused 3 "GPT: header of 4 GiB" "header size" gpt.raw 524 ffffffff
refused 3 "GPT: header in another place" "not where" gpt.raw sums 536 02
refused 3 "GPT: 2^32-1 entries" "number of entries" gpt.raw sums 592 ffffffff
refused 3 "GPT: entries of 0 bytes" "entry size" gpt.raw sums 596 00000000
refused 4 "GPT: entries beyond the end" "cut off" gpt.raw sums 584 ffffffff00000000
refused 3 "GPT: ends before it starts" "usable part" gpt.raw sums 1056 ffffffffffffffff
refused 3 "GPT: beyond the last usable sector" "usable part" gpt.raw sums 1064 00000010
refused 3 "GPT: in the table" "usable part" gpt.raw sums 1056 0100000000000000
refused 3 "GPT: overlap" "partitions 1 and 3 overlap" gpt.raw sums 1064 0050000000000000
refused 3 "GPT: half a surrogate" "partition 1: .*UTF-16" gpt.raw sums 1080 00d8
refused 3 "MBR: beyond the end" "outside the disk" mbr.raw 458 00000040
refused 3 "MBR: no sectors" "outside the disk" mbr.raw 458 00000000
refused 3 "MBR: overlap" "partitions 1 and 4 overlap" mbr.raw 502 00080000
refused 7 "MBR: extended partition" "extended" mbr.raw 498 05
head -c 20M gpt.raw >cut.raw
refused 4 "GPT: cut off" "cut off" cut.raw
head -c 1024 gpt.raw >cut.raw
refused 4 "GPT: cut off in the table" "cut off" cut.raw
truncate -s 1M many.raw
sgdisk --set-alignment=1 -S 256 many.raw >/dev/null 2>&1
for ((i = 1; i <= 129; i++)); do echo "$i: size=1, type=L"; done |
	sed '1i label: gpt\ntable-length: 256\ngrain: 512' | sfdisk -q many.raw 2>/dev/null
refused 7 "GPT: 129 partitions" "more than 128" many.raw
tap_done
