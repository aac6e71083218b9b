#!/usr/bin/env bash
# ext2, ext3 and ext4 file systems of other programs are read as they say; hostile ones are refused.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
tree=$(realpath "$1")
cd "$SCRATCH" || exit 1
for prog in mke2fs debugfs python3 tar; do
	have "$prog" && continue
	skip "ext4" "$prog is not installed"
	tap_done
done

mkdir -p src/d/e src/many
echo small >src/a
ln src/a src/d/b
head -c 3000000 /dev/urandom >src/big
head -c 100 /dev/zero | tr '\0' i >src/inline
: >src/empty
ln -s a src/link
ln -s "$(printf 'x%.0s' {1..59})" src/link59
ln -s "$(printf 'y%.0s' {1..60})" src/link60
ln -s "$(printf 'z%.0s' {1..1000})" src/link1000
ln -s "$(printf 'i%.0s' {1..100})" src/link100
mkfifo src/fifo
truncate -s 9M src/holes
printf x | dd of=src/holes bs=1 seek=5000000 conv=notrunc status=none
for i in $(seq 500); do echo "$i" >"src/many/a-file-with-a-long-name-$i"; done
find src -exec touch -h -d @1500000000 {} +
cat >debugfs.in <<'CMD'
cd d
mknod null c 1 3
mknod big b 200 30
cd /
ea_set a user.colour green
ea_set big trusted.t "a value"
ea_set big security.capability xxxxxxxxxxxxxxxxxxxx
sif a mode 0104711
sif a uid 70000
sif a gid 4000000000
CMD

# image NAME MKE2FS-OPTIONS...: the folder as NAME.img.
image() {
	local name=$1
	shift
	rm -f "$name.img"
	MKE2FS_DEVICE_SECTSIZE=512 mke2fs -q -F -E hash_seed=7b1c0d3e-0000-4000-8000-000000000001 "$@" \
		-d src "$name.img" 24M >/dev/null 2>&1 || return 1
	debugfs -w -f debugfs.in "$name.img" >/dev/null 2>&1
}
bytes=$((24 << 20))
list() { "$tree" list ext4 "$1.img" 0 $bytes; }
# What does not depend on the file system: no places of contents, of directories no times.
plain() { sed -E 's/( device [0-9]+:[0-9]+)( [0-9]+\+[0-9]+)*/\1/; s/ [0-9]{10}\.[0-9]+ / T /'; }

# Reads a tar of the tree; times of devices that debugfs made are its own.
same_contents() {
	"$tree" tar ext4 "$1.img" 0 $bytes "$1.tar" && rm -rf back && mkdir back &&
		tar -C back --no-same-owner --exclude=d/null --exclude=d/big -xf "$1.tar" &&
		rm back/fifo && (cd src && find . ! -name fifo | sort) >want &&
		(cd back && find . | sort) >got && diff want got &&
		diff -r --no-dereference --exclude=fifo src back
}

n=0
while IFS='|' read -r name options; do
	read -ra words <<<"$options"
	if ! image "$name" "${words[@]}"; then
		skip "$name" "this mke2fs does not make it"
		continue
	fi
	exits 0 "$name is read" "$tree" list ext4 "$name.img" 0 $bytes
	plain <"$SCRATCH/out" >"$name.txt"
	n=$((n + 1))
	[ $n -gt 1 ] || cp "$name.txt" first.txt
	check "$name: names and attributes are those of the first" diff first.txt "$name.txt"
	check "$name: contents are those of the folder" same_contents "$name"
done <<'LIST'
ext4|-t ext4
ext4-4k|-t ext4 -b 4096
ext4-2k-no-64bit|-t ext4 -b 2048 -O ^64bit
ext4-no-checksums|-t ext4 -O ^metadata_csum
ext4-meta-bg|-t ext4 -b 1024 -O meta_bg,^resize_inode -g 2048
ext4-bigalloc|-t ext4 -O bigalloc
ext4-seed|-t ext4 -O metadata_csum_seed,ea_inode,large_dir
ext4-casefold|-t ext4 -O casefold
ext4-small-inodes|-t ext4 -I 128
ext4-large-inodes|-t ext4 -I 1024
ext4-no-dir-index|-t ext4 -O ^dir_index
ext4-no-filetype|-t ext4 -O ^filetype
ext4-flex|-t ext4 -b 1024 -G 4 -g 1024
ext3|-t ext3
ext3-4k|-t ext3 -b 4096
ext2|-t ext2
ext2-4k|-t ext2 -b 4096
ext2-no-sparse|-t ext2 -b 1024 -O ^sparse_super,^resize_inode -g 2048
LIST
check "there were file systems to read" test $n -gt 10
check "owner, mode and attribute" grep -qE '^/a 104711 70000:4000000000 .* user.colour=677265656e$' first.txt
check "hard link" grep -qE '^/d/b 104711 .* links 2 ' first.txt
check "device" grep -qE '^/d/big 60[0-7]+ .* device 200:30$' first.txt
check "capability" grep -qE '^/big .* security.capability=78{1}' first.txt
check "holes stay holes" sh -c "'$tree' list ext4 ext4.img 0 $bytes | grep -qE '^/holes .* size 9437184 .* 4999168\+1024$'"
check "/lost+found is left out" sh -c '! grep -q lost first.txt'

# Small files, links and directories in their inodes. mke2fs 1.47.0 makes a file that has a hole at
# its end too short: it is taken out.
rm src/holes
touch -d @1500000000 src
if image inline -t ext4 -O inline_data && image without -t ext4; then
	check "inline data" diff <(list without | plain) <(list inline | plain)
	check "inline data: contents" same_contents inline
	check "inline data: it is there" sh -c \
		"debugfs -R 'stat inline' inline.img 2>/dev/null | grep -qi 'flags: 0x10000000'"
else
	skip "inline data" "this mke2fs does not make it"
fi

# Attributes with an inode of their own.
if image large-values -t ext4 -O ea_inode; then
	head -c 1024 /dev/zero | tr '\0' v >value
	debugfs -w -R "ea_set -f value a user.large" large-values.img >/dev/null 2>&1
	want=$(od -An -v -tx1 value | tr -d ' \n')
	is "a value of 1024 bytes" \
		"$(list large-values | grep '^/a ' | grep -o 'user.large=.*' | cut -d= -f2 | sha256sum)" \
		"$(echo "$want" | sha256sum)"
else
	skip "a value of 1024 bytes" "this mke2fs does not make it"
fi

# --- refused ---

# refused CODE NAME PATTERN: bad.img.
refused() {
	exits "$1" "$2" timeout 60 "$tree" list ext4 bad.img 0 "${4:-$bytes}"
	says "$2: says so" "$3"
}
# damaged NAME PATTERN DEBUGFS-COMMAND...: plain ext4 without checksums, changed.
damaged() {
	local name=$1 pattern=$2
	shift 2
	cp "$base.img" bad.img
	printf '%s\n' "$@" | debugfs -w -f - bad.img >/dev/null 2>&1
	check_not "$name: the image is changed" cmp -s "$base.img" bad.img
	refused 3 "$name" "$pattern"
}
base=ext4-no-checksums
damaged "journal not replayed" "journal was not replayed.*e2fsck -fp" "feature needs_recovery"
damaged "errors noted" "kernel has found errors.*e2fsck" "ssv state 3"
damaged "directory with two names" "e2fsck -f: /.*directory .* has a second name, twice" "ln d twice"
damaged "directory below itself" "directory .* has a second name, loop" "ln d d/e/loop"
damaged "the root below itself" "directory 2 has a second name, loop" "ln / d/e/loop"
damaged "inode deleted" "a: inode [0-9]+ is deleted" "clri a"
damaged "inode of no type" "big: inode [0-9]+ is of no known type" "sif big mode 0170644"
damaged "inode that is reserved" "inode 8 is no file" "ln <8> journal"
damaged "inode out of range" "there is no inode [0-9]+" "ssv inodes_count 100"
damaged "extents malformed" "extents of inode [0-9]+ are malformed" "sif big block[0] 0"
damaged "extents too deep" "extents of inode [0-9]+ are malformed" "sif big block[1] 0x00060004"
damaged "extent outside" "block [0-9]+ is outside the file system" "sif big block[5] 0xfffff0"
damaged "link's target too long" "target of symbolic link [0-9]+ has 5000 bytes" "sif link size 5000"
damaged "link's target with a 0" "target of symbolic link [0-9]+ is malformed" "sif link size 50"
damaged "directory with a hole" "directory [0-9]+ has a hole" "sif d size 40960"
damaged "file too large" "larger than a file can be" "sif big size 0x7fffffffffffffff"
damaged "attributes outside" "block [0-9]+ is outside the file system" "sif empty file_acl 0xfffff0"
damaged "attributes malformed" "extended attributes of inode [0-9]+ are malformed" "sif empty file_acl 2"
damaged "larger than its partition" "larger than its partition" "ssv blocks_count 100000000"
damaged "block size" "block size is wrong" "ssv log_block_size 30"
damaged "inode size" "superblock is malformed" "ssv inode_size 1"
damaged "no group" "superblock is malformed" "ssv blocks_per_group 0"
base=ext2
damaged "a block of two files" "block [0-9]+ is used twice" \
	"sif inline block[0] $(debugfs -R 'bmap a 0' ext2.img 2>/dev/null)"
damaged "a block of pointers that points to itself" "block [0-9]+ is used twice|outside" \
	"sif big block[IND] $(debugfs -R 'bmap big 0' ext2.img 2>/dev/null)"
damaged "not unmounted" "was not unmounted.*e2fsck" "ssv state 0"
base=ext4-no-checksums
cp $base.img bad.img
python3 - bad.img <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(b"inline\0\0")
data[at + 2] = ord("/")
open(sys.argv[1], "wb").write(data)
PY
refused 3 "name with a slash" "'in/ine' is no name for a file"
cp ext4.img bad.img
python3 - bad.img <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[data.index(b"inline\0\0") + 1] = ord("x")
open(sys.argv[1], "wb").write(data)
PY
refused 3 "directory's checksum" "checksum of directory 2 is wrong"
cp ext4.img bad.img
printf '\1' | dd of=bad.img bs=1 seek=$((1024 + 0x10)) conv=notrunc status=none
refused 3 "superblock's checksum" "superblock's checksum is wrong"
head -c 5000000 $base.img >bad.img
refused 3 "cut off" "truncated|ends|larger"
refused 3 "partition larger than what is there" "larger than its partition" 5000000
head -c 1000 $base.img >bad.img
refused 3 "nothing in it" "ext4: the partition is too small" 1000
head -c 3000000 /dev/zero >bad.img
refused 3 "zeros" "there is no superblock" 3000000
cp $base.img bad.img
printf '\10' | dd of=bad.img bs=1 seek=$((1024 + 0x60)) conv=notrunc status=none
refused 7 "journal device" "the feature journal_dev"
cp $base.img bad.img
printf '\377' | dd of=bad.img bs=1 seek=$((1024 + 0x63)) conv=notrunc status=none
refused 7 "unknown features" "features that are not known \(0xff000000\)"
cp $base.img bad.img
debugfs -w -R "sif big flags 0x80800" bad.img >/dev/null 2>&1
refused 7 "encrypted file" "big: inode [0-9]+ is encrypted"
tap_done
