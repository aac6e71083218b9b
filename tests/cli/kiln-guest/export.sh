#!/usr/bin/env bash
# Exported archives are deterministic and hold what the disk was made from.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-guest/guests.sh"
cd "$SCRATCH" || exit 1

system one
printf 'x\n' >"one/home/$(printf 'long%.0s' {1..60})"
printf 'x\n' >$'one/home/new\nline \303\244'
ln one/etc/group one/etc/group.link
truncate -s 10M one/var/hole
printf data >>one/var/hole
mkfifo one/var/fifo
chmod 4755 one/usr/bin/dash
chmod 1777 one/tmp
image one one || exit 1

exits 0 "export" kiln-guest export one.qcow2 -o a.tar --esp=a-esp.tar --identity=a.json
is "mode of the archive" "$(stat -c %a a.tar)" 644
# shellcheck disable=SC2016 # expanded by the inner shell
exits 0 "export again, elsewhere" env TZ=Asia/Tokyo LANG=C \
	sh -c 'umask 077; cd / && kiln-guest export "$1/one.qcow2" -o "$1/b.tar" --esp="$1/b-esp.tar" --identity="$1/b.json"' \
	sh "$SCRATCH"
check "the same archive" cmp a.tar b.tar
check "the same archive of the ESP" cmp a-esp.tar b-esp.tar
check "the same identifiers" cmp a.json b.json
exits 0 "export the raw disk" kiln-guest export --format=raw one.raw -o raw.tar
check "the same archive from the raw disk" cmp a.tar raw.tar
is "the ESP's file" "$(tar xOf a-esp.tar ./EFI/BOOT/note.txt 2>/dev/null || tar xOf a-esp.tar EFI/BOOT/note.txt)" \
	"on the ESP"

# GNU tar reads what was packed.
mkdir out.d
check "tar unpacks it" tar -xf a.tar -C out.d --no-same-owner
check "the same files" diff -r -x fifo --no-dereference one out.d
check "FIFO" test -p out.d/var/fifo
is "hard link" "$(stat -c %h out.d/etc/group)" 2
is "mode" "$(tar tvf a.tar | grep bin/dash | cut -c1-10)" -rwsr-xr-x
is "a hole stays one" "$([ "$(stat -c %b out.d/var/hole)" -lt 100 ] && echo yes)" yes

# The archive makes the same disk, and that the same archive.
{
	sed "s/one.tar/a.tar/" one.yaml
	echo "keep: a.json"
} >two.yaml
exits 0 "a disk from the archive" kiln-disk build -q two.yaml -o two.raw
check "the same root file system" sh -c \
	'kiln-guest export --format=raw two.raw -o two.tar --identity=two.json && cmp a.tar two.tar && cmp a.json two.json'

exits 0 "epoch" kiln-guest export one.qcow2 -o epoch.tar --epoch=1500000000
is "no time is later" "$(tar tvf epoch.tar --full-time | awk '{print $4}' | sort -u)" 2017-07-14
exits 0 "SOURCE_DATE_EPOCH" env SOURCE_DATE_EPOCH=1500000000 kiln-guest export one.qcow2 -o env.tar
check "means the same" cmp epoch.tar env.tar

exits 2 "no output" kiln-guest export one.qcow2
exits 2 "bad epoch" kiln-guest export one.qcow2 -o no.tar --epoch=yesterday
exits 2 "bad SOURCE_DATE_EPOCH" env SOURCE_DATE_EPOCH=x kiln-guest export one.qcow2 -o no.tar
exits 5 "no such folder" kiln-guest export one.qcow2 -o none/no.tar
exits 5 "no such folder for the ESP" kiln-guest export one.qcow2 -o no.tar --esp=none/no.tar
check "and then there is no archive" test ! -e no.tar
if have mkfs.ext4; then
	printf 'x\n' >$'one/home/no character \377'
	mkfs.ext4 -q -F -d one bare.raw 64M >/dev/null
	exits 0 "a file system without partitions" kiln-guest export --format=raw bare.raw -o bare.tar
	check "tar unpacks it" sh -c 'mkdir bare.d && tar -xf bare.tar -C bare.d --no-same-owner'
	check "the same files, whatever their names" diff -r -x fifo --no-dereference one bare.d
	exits 3 "has no ESP" kiln-guest export --format=raw bare.raw -o no.tar --esp=no-esp.tar
	says "which is said" 'bare.raw: no EFI system partition'
	check "and then there is no archive" test ! -e no.tar
else
	skip "a file system without partitions" "mkfs.ext4 is not installed"
fi
tap_done
