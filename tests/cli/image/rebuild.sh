#!/usr/bin/env bash
# Disks built anew from the trees of a disk, and disks that keep a base image's identifiers.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-disk/disks.sh"
tree=$(realpath "$1")
cd "$SCRATCH" || exit 1
for prog in python3 sgdisk dumpe2fs mdir mcopy; do
	have "$prog" && continue
	skip "rebuilt disks" "$prog is not installed"
	tap_done
done
export MTOOLSRC=/dev/null

python3 "$TOP/tests/cli/kiln-disk/fixture.py" . || exit 1
mkdir -p esp/EFI/ubuntu esp/empty
echo loader >esp/EFI/ubuntu/shimx64.efi
echo old >esp/EFI/ubuntu/grub.cfg
tar -C esp -cf esp.tar .
cat >keep.json <<'JSON'
{"disk_uuid": "A3F0C2B4-1111-4222-8333-0123456789AB",
 "esp": {"number": 15, "uuid": "a3f0c2b4-1111-4222-8333-0123456789ac", "name": "efi",
  "fat_serial": "1a2b-3c4d", "fat_label": "UEFI"},
 "root": {"number": 1, "uuid": "a3f0c2b4-1111-4222-8333-0123456789ad", "name": "p.lxroot",
  "type": "0fc63daf-8483-4772-8e79-3d69d8477de4",
  "fs_uuid": "a3f0c2b4-1111-4222-8333-0123456789ae", "fs_label": "cloudimg-rootfs"}}
JSON
layout plain.yaml all.tar </dev/null
exits 0 "a disk that keeps nothing" kiln-disk build -q plain.yaml -o plain.raw
{
	sed -e 's/^esp:/keep: keep.json\nesp:\n  layers: [esp.tar]/' \
		-e 's,/EFI/BOOT/note.txt,/EFI/ubuntu/grub.cfg,' plain.yaml
} >keep.yaml
exits 0 "a disk that keeps identifiers" kiln-disk build -q keep.yaml -o keep.raw --report keep.report
clean "keep" keep.raw
sgdisk -p keep.raw >table
check "root is number 1, and last" grep -qE '^ +1 +71680 .* 8300 +p.lxroot' table
check "the ESP is number 15, and first" grep -qE '^ +15 +2048 .* EF00 +efi' table
check "the disk's GUID" grep -q 'A3F0C2B4-1111-4222-8333-0123456789AB' table
check "the ESP's GUID" sh -c "sgdisk -i 15 keep.raw | grep -q 'unique GUID: A3F0C2B4-1111-4222-8333-0123456789AC'"
check "root's GUID" sh -c "sgdisk -i 1 keep.raw | grep -q 'unique GUID: A3F0C2B4-1111-4222-8333-0123456789AD'"
dumpe2fs -h root.img >super 2>/dev/null
check "root's UUID" grep -qE 'UUID: +a3f0c2b4-1111-4222-8333-0123456789ae' super
check "root's label" grep -qE 'volume name: +cloudimg-rootfs$' super
check "the ESP's label and serial" sh -c "mdir -i esp.img :: | grep -A1 'in drive : is UEFI' | grep -q 1A2B-3C4D"
is "a file of the ESP's layer" "$(mcopy -i esp.img ::/EFI/ubuntu/shimx64.efi -)" loader
is "a file of the layout goes over it" "$(mcopy -i esp.img ::/EFI/ubuntu/grub.cfg -)" "on the ESP"
check "an empty folder of the ESP's layer" mdir -i esp.img ::/empty
check "the report has the numbers" grep -q '"number": 15' keep.report
sed 's,test/x86_64,other/name,' keep.yaml >other.yaml
exits 0 "the same under another identity" kiln-disk build -q other.yaml -o other.raw
check "who keeps all identifiers does not depend on it" cmp keep.raw other.raw

# From trees that are on a disk.
for disk in plain keep; do
	exits 0 "$disk built anew" "$tree" rebuild $disk.raw $disk.1.raw
	exits 0 "$disk built anew again" "$tree" rebuild $disk.1.raw $disk.2.raw
	check "$disk: the same disk" cmp $disk.1.raw $disk.2.raw
	check "$disk: the same tree" diff \
		<("$tree" list ext4 $disk.raw $((35 << 20)) $((156 << 20))) \
		<("$tree" list ext4 $disk.1.raw $((35 << 20)) $((156 << 20)))
	check "$disk: the same ESP" diff <("$tree" list fat $disk.raw 1048576 $((34 << 20))) \
		<("$tree" list fat $disk.1.raw 1048576 $((34 << 20)))
	clean "$disk built anew" $disk.1.raw
done
check "kept identifiers come from the disk itself" cmp keep.raw keep.1.raw
"$tree" tar ext4 plain.raw $((35 << 20)) $((156 << 20)) old.tar
"$tree" tar ext4 plain.1.raw $((35 << 20)) $((156 << 20)) new.tar
check "contents and all" cmp old.tar new.tar

# Refused.
# refused CODE NAME PATTERN SED: with this change to keep.json.
refused() {
	sed "$4" keep.json >changed.json
	sed 's/keep.json/changed.json/' keep.yaml >changed.yaml
	exits "$1" "$2" kiln-disk build -q changed.yaml -o no.raw
	says "$2: says so" "$3"
}
refused 3 "no JSON" "changed.json" 's/{/[/'
refused 3 "unknown key" "changed.json: unknown key 'fat_label'" 's/fs_label/fat_label/'
refused 3 "no UUID" "changed.json: root.fs_uuid 'a3f0c2b4' cannot be kept" \
	's/a3f0c2b4-1111-4222-8333-0123456789ae/a3f0c2b4/'
refused 3 "one number for both" "changed.json: the partition numbers 1 and 1" 's/15/1/'
sed 's/keep.json/nothere.json/' keep.yaml >changed.yaml
exits 5 "keep is missing" kiln-disk build -q changed.yaml -o no.raw
ln -s x esp/link
tar -C esp -cf esp.tar .
exits 3 "a link on the ESP" kiln-disk build -q keep.yaml -o no.raw
says "a link on the ESP: says so" "EFI system partition: /link: FAT holds regular files and directories"
check_not "no disk is left" test -e no.raw
tap_done
