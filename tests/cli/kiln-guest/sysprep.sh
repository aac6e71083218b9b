#!/usr/bin/env bash
# sysprep says what it cleans, cleans that, and touches the image only when asked to.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-guest/guests.sh"
cd "$SCRATCH" || exit 1

system one
echo 0123 | put one/etc/machine-id
sed -i s/19675/19000/ one/etc/shadow
echo key | put one/etc/ssh/ssh_host_ed25519_key
echo 'nameserver 192.0.2.1' | put one/etc/resolv.conf
echo seed | put one/var/lib/systemd/random-seed
echo log | put one/var/log/dpkg.log
echo log | put $'one/var/log/\e[31mred\n.log'
echo kept | put one/etc/ssh/sshd_config
image one one || exit 1
sum=$(sha256sum one.qcow2)

exits 0 "dry run" kiln-guest sysprep --dry-run one.qcow2
cp out plan
is "each file and the reason" "$(cut -d'(' -f1 plan | sed 's/ *$//')" 'empty  /etc/machine-id
delete /etc/resolv.conf
edit   /etc/shadow
delete /etc/ssh/ssh_host_ed25519_key
delete /var/lib/systemd/random-seed
delete /var/log/\x1b[31mred\n.log
delete /var/log/dpkg.log'
is "every line has a reason" "$(grep -cE '\([a-z-]+: .+\)$' plan)" "$(wc -l <plan)"
is "the image is as it was" "$(sha256sum one.qcow2)" "$sum"
exits 0 "one operation" kiln-guest sysprep --dry-run --operation=ssh-hostkeys one.qcow2
is "one file" "$(cut -d' ' -f2 out)" /etc/ssh/ssh_host_ed25519_key
exits 0 "all but two" kiln-guest sysprep --dry-run --operation=-logfiles --operation=-hostname one.qcow2
is "five files" "$(wc -l <out)" 5
if have python3; then
	exits 0 "JSON" kiln-guest sysprep --dry-run --json one.qcow2
	is "JSON" "$(json '[(i["action"], i["path"]) for i in d][-2:]')" \
		"[('delete', '/var/log/\\\\x1b[31mred\\\\n.log'), ('delete', '/var/log/dpkg.log')]"
fi

export SOURCE_DATE_EPOCH=1700000000
exits 0 "a new image" kiln-guest sysprep one.qcow2 -o clean.qcow2
is "the image is as it was" "$(sha256sum one.qcow2)" "$sum"
exits 0 "again, with one thread" kiln-guest sysprep -t 1 one.qcow2 -o again.qcow2
check "the same image" cmp clean.qcow2 again.qcow2
exits 0 "from the raw disk" kiln-guest sysprep --format=raw one.raw -o again.qcow2
check "the same image" cmp clean.qcow2 again.qcow2
exits 0 "nothing is left to clean" kiln-guest sysprep --dry-run clean.qcow2
is "nothing" "$(got)" ""
exits 0 "archive" kiln-guest export clean.qcow2 -o clean.tar --identity=clean.json
exits 0 "archive of the first" kiln-guest export one.qcow2 -o dirty.tar --identity=dirty.json
check "identifiers are kept" cmp dirty.json clean.json
is "what is gone" "$(diff <(tar tf dirty.tar | sort) <(tar tf clean.tar | sort) | grep -c '^<')" 5
is "nothing is new" "$(diff <(tar tf dirty.tar | sort) <(tar tf clean.tar | sort) | grep -c '^>')" 0
is "machine-id is empty" "$(tar xOf clean.tar --wildcards '*etc/machine-id' | wc -c)" 0
is "the day of the last change" "$(tar xOf clean.tar --wildcards '*etc/shadow' | cut -d: -f3)" 19675
if have qemu-img && have e2fsck; then
	check "qemu-img is content" qemu-img check -q clean.qcow2
	qemu-img convert -O raw clean.qcow2 clean.raw
	clean "the new image" clean.raw
else
	skip "the new image" "qemu-img or e2fsck is not installed"
fi

cp one.qcow2 place.qcow2
exits 0 "in place" kiln-guest sysprep --in-place place.qcow2
check "in place: the same image" cmp clean.qcow2 place.qcow2
ln -s place.qcow2 link.qcow2
exits 2 "in place, a symbolic link" kiln-guest sysprep --in-place link.qcow2
exits 2 "in place, raw" kiln-guest sysprep --in-place --format=raw one.raw
exits 2 "neither -o nor --in-place" kiln-guest sysprep one.qcow2
says "says what to give" '-o FILE or --in-place'
exits 2 "both" kiln-guest sysprep --in-place -o x.qcow2 one.qcow2
exits 2 "-o onto the image" kiln-guest sysprep -o ./one.qcow2 one.qcow2
exits 2 "dry run with -o" kiln-guest sysprep --dry-run -o x.qcow2 one.qcow2
exits 2 "no image" kiln-guest sysprep
exits 2 "unknown operation" kiln-guest sysprep --dry-run --operation=nonsense one.qcow2
says "names those there are" 'there are: .*ssh-hostkeys'
exits 2 "level" kiln-guest sysprep -l 13 one.qcow2 -o x.qcow2
exits 2 "threads" kiln-guest sysprep -t 0 one.qcow2 -o x.qcow2
exits 5 "no such folder" kiln-guest sysprep one.qcow2 -o none/x.qcow2
check "none of these wrote an image" test ! -e x.qcow2
is "the image is as it was" "$(sha256sum one.qcow2)" "$sum"

# Disks that cannot be built anew.
if have sgdisk && have mkfs.ext4; then
	cp one.raw more.raw
	truncate -s 200M more.raw
	sgdisk -e -n 3:0:+2M -t 3:8300 more.raw >/dev/null
	exits 7 "a further partition" kiln-guest sysprep --format=raw more.raw -o x.qcow2
	says "is named, with the remedy" 'partition 3 \(empty\).*kiln-guest export'
	cp one.raw bios.raw
	truncate -s 200M bios.raw
	sgdisk -e -n 14:0:+1M -t 14:ef02 bios.raw >/dev/null
	exits 0 "a BIOS boot partition" kiln-guest sysprep --format=raw bios.raw -o bios.qcow2
	exits 0 "is dropped" kiln-guest inspect bios.qcow2
	is "two are left" "$(sed -n 's/^partitions *\([0-9]*\),.*/\1/p' out)" 2
	mkfs.ext4 -q -F -d one bare.raw 64M >/dev/null
	exits 7 "no ESP" kiln-guest sysprep --format=raw bare.raw -o x.qcow2
	exits 0 "no ESP, dry run" kiln-guest sysprep --dry-run --format=raw bare.raw
	check "none of these wrote an image" test ! -e x.qcow2
else
	skip "disks that cannot be built anew" "sgdisk or mkfs.ext4 is not installed"
fi

# What virt-sysprep has and this has not; kiln-guest(1) says why.
exits 0 "the operations" kiln-guest sysprep --list-operations
man=$TOP/builder/tools/kiln-guest/kiln-guest.1
is "the manual has them all" "$(sed -n '/^.Sh SYSPREP/,/^.Pp/s/^.It Cm //p' "$man")" \
	"$(awk '{ print $1 ($2 == "*" ? " *" : "") }' out)"
if have virt-sysprep; then
	cut -d' ' -f1 out | sort >ours
	virt-sysprep --list-operations | cut -d' ' -f1 | sort >theirs
	is "the operations of virt-sysprep that are left out" "$(comm -13 ours theirs | tr '\n' ' ')" \
		"ca-certificates customize flag-reconfiguration fs-uuids lvm-uuids script user-account "
	for name in $(comm -13 ours theirs); do
		check "the manual says why $name is left out" \
			grep -Eq "^.It Cm (.* , )?$name( |\$)" "$man"
	done
	# Every log that its manual names, with something in the place of each '*'.
	system logs
	virt-sysprep --dump-pod | sed -n '/^=head2 B<logfiles>/,/^=head2 B<lvm/p' |
		grep -oE '/[^ >]*[^ >.]' | grep -E '^/(etc|root|var)/' | sort -u >names
	while read -r name; do
		echo x | put "logs${name//\*/x}"
	done <names
	image logs logs || exit 1
	exits 0 "logs" kiln-guest sysprep --dry-run logs.qcow2
	sed 's/\*/x/g' names | sort -u >want
	cut -c8- out | sed 's/  (.*//' | sort >listed
	is "all logs that virt-sysprep removes" "$(comm -23 want listed)" ""
	check "there were many" test "$(wc -l <want)" -gt 60
else
	skip "operations" "virt-sysprep is not installed"
fi
tap_done
