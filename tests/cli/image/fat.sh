#!/usr/bin/env bash
# FAT file systems that mkfs.fat and mtools write are read as mtools reads them; hostile ones are
# refused.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
probe=$(realpath "$1")
cd "$SCRATCH" || exit 1
export MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
for prog in mkfs.fat mcopy mmd mdel python3; do
	have "$prog" && continue
	skip "FAT" "$prog is not installed"
	tap_done
done

# The files: long names, names in one case, no extension, beyond the BMP, deep, empty, fragmented.
mkdir -p tree/EFI/BOOT tree/"A long folder name"/b/c/d/e/f tree/many
text 300000 1 >tree/EFI/BOOT/BOOTX64.EFI
random 70000 1 >tree/EFI/BOOT/grubx64.efi
text 5000 2 >tree/lower.txt
text 100 3 >tree/NOEXT
text 100 3 >tree/Mixed.Txt
text 100 4 >tree/UPPER.low
text 100 5 >tree/"a name with spaces, and dots...in it.conf"
text 100 6 >tree/"größe – ☃ 名前.txt"
text 100 7 >tree/"A long folder name"/b/c/d/e/f/deep
: >tree/empty
text 2048 8 >tree/cluster
printf -v long '%0255d' 7
text 100 9 >tree/"$long"
for ((i = 0; i < 200; i++)); do echo $i >tree/many/file-with-number-$i; done
find tree -exec touch -d '2024-05-06 07:08:10 UTC' {} +

# listing: what the tree has, in image-probe's form but for modes and times of directories.
listing() {
	(cd "$1" && find . -mindepth 1 -type d -printf '40755|0|/%P|\n' -o -type f -printf '100644|%s|/%P|' \
		-exec sh -c 'sha256sum <"$1" | cut -d" " -f1' sh {} \;) | LC_ALL=C sort
}
listing tree >want

# reads NAME OPTION...: make, fill, compare.
reads() {
	local name=$1 i
	shift
	rm -f fat.raw
	mkfs.fat "$@" >log 2>&1 || { tap_result "not ok" "$name: $(tail -n 1 log)"; return; }
	# Holes in the free space, so that files come in pieces.
	for ((i = 0; i < 20; i++)); do text 20000 $i | mcopy -i fat.raw - ::/fill$i; done
	for ((i = 0; i < 20; i += 2)); do mdel -i fat.raw ::/fill$i; done
	# Have the free clusters of FAT32 looked for from the start (FSInfo, "FSI_Nxt_Free").
	[[ $name != FAT32* ]] || poke fat.raw $(($(od -An -tu2 -j 11 -N 2 fat.raw) + 492)) ffffffff
	mcopy -i fat.raw -s -m tree/* ::/
	for ((i = 1; i < 20; i += 2)); do mdel -i fat.raw ::/fill$i; done
	exits 0 "$name" "$probe" fat fat.raw 0 "$(stat -c %s fat.raw)" 9999999999
	awk -F'|' '$5 != "/" { print $1 "|" $3 "|" $5 "|" $4 }' out | LC_ALL=C sort >got
	check "$name: the files" diff want got
	is "$name: times" "$(awk -F'|' '/lower.txt/ { print $2 }' out)" "$(date -d '2024-05-06 07:08:10 UTC' +%s)"
	is "$name: files in pieces" "$(($(mshowfat -i fat.raw ::/EFI/BOOT/BOOTX64.EFI | tr ' ' '\n' | grep -c '<') > 1))" 1
}
reads "FAT12" -C -F12 -s 8 -n LABEL fat.raw 8192
reads "FAT16" -C -F16 -s 4 -n LABEL fat.raw 16384
reads "FAT32" -C -F32 -s 1 -n LABEL fat.raw 40000
reads "FAT32, sectors of 4096 bytes" -C -F32 -S 4096 -s 1 fat.raw 280000

# Times are clamped; an offset is heeded.
rm -f fat.raw
mkfs.fat -C -F12 fat.raw 1440 >/dev/null
text 1000 1 >one.txt
touch -d '2024-05-06 07:08:10 UTC' one.txt
mcopy -i fat.raw -m one.txt ::/ONE.TXT
is "clamped" "$("$probe" fat fat.raw 0 1474560 1000000000 | tail -n 1 | cut -d'|' -f2)" 1000000000
truncate -s 1M disk.raw
cat fat.raw >>disk.raw
is "offset" "$("$probe" fat disk.raw 1048576 1474560 9999999999)" "$("$probe" fat fat.raw 0 1474560 9999999999)"
mattrib -i fat.raw +h +s +r ::/ONE.TXT
is "hidden files are there" "$("$probe" fat fat.raw 0 1474560 1 | grep -c /ONE.TXT)" 1

# Damage. FAT12 of 1440 KiB: boot sector, FATs at 512, root directory, data of 1-sector clusters.
at() { python3 - fat.raw "$1" <<-'PYTHON'
	import struct, sys
	b = open(sys.argv[1], 'rb').read()
	fat = struct.unpack_from('<H', b, 14)[0] * 512
	root = fat + b[16] * struct.unpack_from('<H', b, 22)[0] * 512
	print({'fat': fat, 'root': root}[sys.argv[2]])
	PYTHON
}
rm -f fat.raw
mkfs.fat -C -F12 -s 1 fat.raw 1440 >/dev/null
mcopy -i fat.raw one.txt ::/ONE.TXT
mcopy -i fat.raw one.txt ::/TWO.TXT
mmd -i fat.raw ::/DIR
mcopy -i fat.raw one.txt "::/DIR/a long name.text"
fat=$(at fat)
root=$(at root)
# refused CODE NAME PATTERN [OFFSET HEX]...
refused() {
	local code=$1 name=$2 pattern=$3
	cp fat.raw bad.raw
	shift 3
	while [ $# -gt 0 ]; do
		poke bad.raw "$1" "$2"
		shift 2
	done
	exits "$code" "$name" timeout 20 "$probe" fat bad.raw 0 1474560 1
	says "$name: says so" "$pattern"
}
refused 3 "no boot signature" "boot signature" 510 00
refused 3 "sectors of 0 bytes" "sector size" 11 0000
refused 3 "clusters of 3 sectors" "cluster size" 13 03
refused 3 "no reserved sectors" "reserved" 14 0000
refused 3 "no FAT" "number of FATs" 16 00
refused 3 "FATs larger than the disk" "no room" 22 ffff
refused 3 "no root directory" "root directory" 17 0000
refused 3 "larger than its partition" "larger than" 19 ffff
refused 3 "FAT too small" "FAT smaller" 22 0100
entry_cluster=26
refused 3 "two files on one cluster" "/TWO.TXT|TWO.TXT: .*two owners" $((root + 32 + entry_cluster)) 0200
refused 3 "cluster 1" "does not exist" $((root + entry_cluster)) 0100
refused 3 "cluster beyond the end" "does not exist" $((root + entry_cluster)) f00e
refused 3 "no cluster but a size" "does not exist" $((root + entry_cluster)) 0000
refused 3 "chain that meets itself" "two owners" $((fat + 3)) 022000
refused 3 "chain that is too short" "fewer clusters" $((root + 28)) ffffff00
refused 3 "directory that is a file's clusters" "two owners" $((root + 64 + entry_cluster)) 0200
refused 3 "directory without a cluster" "without clusters" $((root + 64 + entry_cluster)) 0000
refused 3 "the same name twice" "twice" $((root + 32)) 4f4e45
refused 3 "name with a slash" "control characters" "$root" 2f
refused 3 "name with an escape" "control characters" "$root" 1b
refused 3 "name of dots" "as a name" "$root" 20202020202020202e2020
refused 3 "empty name" "as a name" "$root" 2020202020202020202020
refused 7 "code page" "code page" "$root" 80
refused 7 "code page, e5" "code page" "$root" 05
long=$(LC_ALL=C grep -abo 'ALONGN~1' fat.raw | cut -d: -f1)
is "the long name is where it is looked for" "$((long > 0))" 1
refused 3 "long name that is not UTF-16" "UTF-16" $((long - 32 + 1)) 00d8
refused 3 "long name with a slash" "control characters" $((long - 32 + 1)) 2f00
# Windows NT's bits for names in one case.
for bits in 08:one.TXT 10:ONE.txt 18:one.txt; do
	cp fat.raw bad.raw
	poke bad.raw $((root + 12)) "${bits%:*}"
	is "case bits ${bits%:*}: ${bits#*:}" \
		"$("$probe" fat bad.raw 0 1474560 1 | grep -c "|/${bits#*:}\$")" 1
done
# Orphaned parts of long names are dropped, as Linux does.
cp fat.raw bad.raw
poke bad.raw $((long - 32)) 07
is "long name out of order: the short one" "$("$probe" fat bad.raw 0 1474560 1 | grep -c '/DIR/ALONGN~1.TEX')" 1
cp fat.raw bad.raw
poke bad.raw $((long - 32 + 13)) 00
is "checksum of another name: the short one" "$("$probe" fat bad.raw 0 1474560 1 | grep -c '/DIR/ALONGN~1.TEX')" 1
head -c 700000 fat.raw >bad.raw
exits 3 "cut off" "$probe" fat bad.raw 0 700000 1
head -c 5000 fat.raw >bad.raw
exits 3 "cut off in the FAT" "$probe" fat bad.raw 0 1474560 1

# Bytes changed at random in FAT and directories: read or refused, never a crash or a hang.
bad=0
for seed in $(seq 100); do
	cp fat.raw bad.raw
	python3 - "$seed" bad.raw <<-'PYTHON'
		import random, sys
		r = random.Random(int(sys.argv[1]))
		with open(sys.argv[2], 'r+b') as f:
		    for _ in range(r.randrange(1, 8)):
		        f.seek(r.choice([r.randrange(64), 512 + r.randrange(40), r.randrange(20000)]))
		        f.write(bytes([r.randrange(256)]))
	PYTHON
	status=0
	timeout 20 "$probe" fat bad.raw 0 1474560 1 >/dev/null 2>&1 || status=$?
	case $status in 0 | 3 | 7) ;; *) bad=$((bad + 1)) ;; esac
done
is "random damage: no crash" "$bad" 0
tap_done
