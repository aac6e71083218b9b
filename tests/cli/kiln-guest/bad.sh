#!/usr/bin/env bash
# Images that are none, are broken, or hold no one system: each with its exit code and its remedy.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-guest/guests.sh"
cd "$SCRATCH" || exit 1

for prog in mkfs.ext4 sfdisk debugfs; do
	have "$prog" && continue
	skip "bad images" "$prog is not installed"
	tap_done
done

system one
image one one || exit 1

# disk NAME SIZE-OF-EACH FILE-SYSTEM...: a GPT disk with these as its partitions.
disk() {
	local name=$1 n=0
	shift
	truncate -s $(((2 + 16 * $#) * 1024 * 1024)) "$name"
	{
		echo 'label: gpt'
		for fs in "$@"; do
			echo "start=$((1 + 16 * n))MiB, size=16MiB, type=linux"
			n=$((n + 1))
		done
	} | sfdisk -q "$name"
	n=0
	for fs in "$@"; do
		dd if="$fs" of="$name" bs=1M seek=$((1 + 16 * n)) conv=notrunc,sparse status=none
		n=$((n + 1))
	done
}

# ext4 NAME [DIR]
ext4() { mkfs.ext4 -q -F ${2:+-d "$2"} "$1" 16M >/dev/null; }

exits 3 "raw taken for qcow2" kiln-guest inspect one.raw
says "says --format raw" '--format[= ]raw'
exits 3 "qcow2 taken for raw" kiln-guest inspect --format=raw one.qcow2
says "asks about the format" '--format'
head -c 100000 /dev/urandom >noise
exits 3 "no image" kiln-guest inspect noise
exits 3 "no image, raw" kiln-guest inspect --format=raw noise
: >empty
exits 3 "empty" kiln-guest inspect empty
exits 3 "a text" kiln-guest inspect one.yaml
exits 3 "zeros" sh -c 'truncate -s 10M zeros && kiln-guest inspect --format=raw zeros'
mkdir folder
exits 7 "a folder" kiln-guest inspect folder

head -c $(($(stat -c %s one.qcow2) / 2)) one.qcow2 >cut.qcow2
exits 4 "cut off qcow2" kiln-guest inspect cut.qcow2
head -c 100M one.raw >cut.raw
exits 4 "cut off raw disk" kiln-guest inspect --format=raw cut.raw
if have qemu-img; then
	qemu-img create -q -f qcow2 -b one.qcow2 -F qcow2 backed.qcow2
	exits 7 "a backing file" kiln-guest inspect backed.qcow2
fi

ext4 system.ext4 one
ext4 data.ext4
disk two.raw system.ext4 system.ext4
exits 3 "two systems" kiln-guest inspect --format=raw two.raw
says "both are named" 'two operating systems, in partitions 1 and 2'
disk none.raw data.ext4
exits 3 "no system" kiln-guest inspect --format=raw none.raw
says "says so" 'no operating system'
disk data.raw data.ext4 system.ext4
exits 0 "a system beside data" kiln-guest inspect --format=raw data.raw

# Kinds that are not read, by their signatures.
truncate -s 16M xfs btrfs luks unknown
printf XFSB | dd of=xfs conv=notrunc status=none
printf _BHRfS_M | dd of=btrfs bs=1 seek=$((0x10040)) conv=notrunc status=none
printf 'LUKS\xba\xbe\0\2' | dd of=luks conv=notrunc status=none
printf nonsense | dd of=unknown conv=notrunc status=none
for kind in xfs btrfs luks unknown; do
	disk $kind.raw $kind
	exits 7 "$kind" kiln-guest inspect --format=raw $kind.raw
	says "$kind is named" "partition 1 \(.*$kind"
done
disk beside.raw xfs system.ext4
exits 0 "a system beside what cannot be read" kiln-guest inspect --format=raw beside.raw

cp system.ext4 dirty.ext4
debugfs -w -R 'feature needs_recovery' dirty.ext4 >/dev/null 2>&1
disk dirty.raw dirty.ext4
for command in inspect "export -o x.tar" "sysprep -o x.qcow2"; do
	# shellcheck disable=SC2086 # words
	exits 3 "a journal that was not replayed: ${command%% *}" kiln-guest $command --format=raw dirty.raw
	says "has a remedy" 'partition 1.*journal'
done
check "nothing was written" test ! -e x.tar -a ! -e x.qcow2

# Files inside that are malformed.
# bad NAME FILE MESSAGE: standard input is FILE's contents.
bad() {
	rm -rf dir && system dir
	put "dir/$2"
	ext4 bad.ext4 dir
	disk bad.raw bad.ext4
	exits 3 "$1" kiln-guest inspect --format=raw bad.raw
	says "$1: named" "$3"
	rm -f bad.raw
}
bad "passwd" etc/passwd 'bad.raw: /etc/passwd:1: 3 fields, not 7' < <(echo 'root:x:0')
bad "passwd with a byte 0" etc/passwd '/etc/passwd:2: a byte 0' < <(printf 'a:x:0:0::/:\n\0')
bad "os-release" usr/lib/os-release '/etc/os-release:1: .*not closed' < <(echo 'ID="x')
bad "dpkg status" var/lib/dpkg/status '/var/lib/dpkg/status:1' < <(echo 'nonsense')
bad "fstab" etc/fstab '/etc/fstab:1: an entry needs' < <(echo '/dev/vda1 /')
bad "a large passwd" etc/passwd '/etc/passwd: larger than' < <(head -c 2000000 /dev/zero)
rm -rf dir && system dir
ln -sf passwd dir/etc/passwd
ext4 loop.ext4 dir
disk loop.raw loop.ext4
exits 3 "passwd is a link to itself" kiln-guest inspect --format=raw loop.raw
says "named" '/etc/passwd: more than 40 symbolic links'
ln -sfn /nowhere dir/etc/passwd
ext4 dangling.ext4 dir
disk dangling.raw dangling.ext4
exits 0 "passwd is a link to nowhere" kiln-guest inspect --format=raw dangling.raw

# A partition that fstab mounts is part of the root.
rm -rf dir boot && system dir
mkdir boot
touch boot/vmlinuz-9-cloud
printf 'LABEL=BOOT /boot ext4 defaults 0 2\nUUID=%s / ext4 defaults 0 1\n' \
	11111111-2222-3333-4444-555555555555 | put dir/etc/fstab
ext4 root.ext4 dir
ext4 boot.ext4 boot
tune2fs -L BOOT boot.ext4 >/dev/null 2>&1
disk boot.raw root.ext4 boot.ext4
exits 0 "a separate /boot" kiln-guest inspect --format=raw boot.raw
is "its kernel, and not the hidden one" "$(grep -o '/boot/vmlinuz[^ ]*' out | tr '\n' ' ')" "/boot/vmlinuz-9-cloud "
exits 7 "cannot be built anew" kiln-guest sysprep --format=raw boot.raw -o x.qcow2
says "the partition is named" 'partition 2 \(ext4\)'
is "no temporary file is left" "$(find "$SCRATCH" -name 'kiln-*' | wc -l)" 0
tap_done
