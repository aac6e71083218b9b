#!/usr/bin/env bash
# A guest grows the root file system to the disk it finds; ESPs of many sizes are right.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-disk/disks.sh"
cd "$SCRATCH" || exit 1

for prog in resize2fs e2fsck tar dumpe2fs; do
	have "$prog" && continue
	skip "growing" "$prog is not installed"
	tap_done
done

mkdir d
for i in $(seq 300); do echo "$i" >"d/file-with-a-rather-long-name-so-that-an-index-is-made-$i"; done
tar -cf d.tar d
layout l.yaml d.tar </dev/null
exits 0 "build" kiln-disk build -q l.yaml -o l.raw
clean "before" l.raw
for size in 400M 8G 900G; do
	cp --sparse=always root.img big.img
	truncate -s $size big.img
	check "resize2fs to $size" timeout 100 resize2fs big.img
	[ $size = 900G ] || check "e2fsck after growing to $size" e2fsck -fn big.img
done
is "room for the descriptors of 1 TiB" \
	"$(dumpe2fs -h root.img 2>/dev/null | grep -c -E '^Reserved GDT blocks: +127$')" 1

# Around the sizes where groups, backups and the journal change.
for mib in 8 16 127 128 130 257 1025; do
	cat >small.yaml <<-YAML
		{identity: t, arch: x86_64, epoch: 5, size: $((mib + 36))MiB, esp: {size: 34MiB},
		 root: {layers: [d.tar]}}
	YAML
	exits 0 "root of $mib MiB" kiln-disk build -q small.yaml -o small.raw
	dd if=small.raw of=small.img bs=1M skip=35 count=$mib conv=sparse status=none
	check "root of $mib MiB: e2fsck is content" e2fsck -fn small.img
done

for mib in 34 64 100 128 260 300 520; do
	cat >esp.yaml <<-YAML
		{identity: t, arch: aarch64, epoch: 5, size: $(((mib + 64) << 20)),
		 esp: {size: ${mib}MiB, files: [{path: /EFI/BOOT/BOOTAA64.EFI, source: d.tar},
		  {path: /a long name.txt, content: ""}]}, root: {layers: [d.tar]}}
	YAML
	exits 0 "ESP of $mib MiB" kiln-disk build -q esp.yaml -o esp.raw
	if have fsck.vfat; then
		dd if=esp.raw of=esp.img bs=1M skip=1 count=$mib conv=sparse status=none
		check "ESP of $mib MiB: fsck.vfat is content" fsck.vfat -n esp.img
		check "ESP of $mib MiB: FAT32" sh -c 'fsck.vfat -nv esp.img | grep -q "32 bit entries"'
		check "ESP of $mib MiB: contents" \
			sh -c 'mtype -i esp.img ::/EFI/BOOT/BOOTAA64.EFI | cmp - d.tar'
	else
		skip "ESP of $mib MiB" "fsck.vfat is not installed"
	fi
done
tap_done
