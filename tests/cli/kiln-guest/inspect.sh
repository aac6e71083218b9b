#!/usr/bin/env bash
# What inspect says is what is in the image, and nothing in it reaches the terminal unescaped.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-guest/guests.sh"
cd "$SCRATCH" || exit 1

if ! have python3; then
	skip "inspect" "python3 is not installed"
	tap_done
fi

system one
mkdir -p one/etc/systemd/system/multi-user.target.wants
ln -s /usr/lib/systemd/system/ssh.service one/etc/systemd/system/multi-user.target.wants/
printf 'deploy:x:1000:1000:\e[31m:/home/deploy:/bin/sh\n' >>one/etc/passwd
printf 'deploy:x:1000:a,b\n' >>one/etc/group
image one one || exit 1

exits 0 "text" kiln-guest inspect one.qcow2
is "system" "$(sed -n 's/^system *//p' out)" "debian 13"
is "architecture" "$(sed -n 's/^arch *//p' out)" x86_64
is "packages are counted" "$(sed -n '/^packages/,$p' out)" "packages    1 (deb)"
is "kernel" "$(grep vmlinuz out | tr -s ' ')" \
	" 6.1.0-1-amd64 /boot/vmlinuz-6.1.0-1-amd64 /boot/initrd.img-6.1.0-1-amd64"
is "service" "$(grep ssh.service out | tr -s ' ')" " ssh.service multi-user.target.wants"
cp out text
exits 0 "raw, with the format given" kiln-guest inspect --format=raw one.raw
is "the same as of the qcow2 image" "$(sed 1d out)" "$(sed 1d text)"
exits 0 "packages are listed" kiln-guest inspect --packages one.qcow2
is "package" "$(sed -n '/^packages/,$p' out | tail -n +2 | tr -s ' ')" " dash 0.5.12-12 amd64"

exits 0 "JSON" kiln-guest inspect --json one.qcow2
is "JSON: system" "$(json 'd["os"], d["arch"], d["init"], d["packager"], d["hostname"]')" \
	"({'id': 'debian', 'name': 'Debian 13', 'version_id': '13'}, 'x86_64', 'systemd', 'deb', 'localhost')"
is "JSON: users" "$(json '[(u["name"], u["uid"], u["home"]) for u in d["users"]]')" \
	"[('root', 0, '/root'), ('deploy', 1000, '/home/deploy')]"
is "JSON: groups" "$(json 'd["groups"][1]')" "{'gid': 1000, 'members': 'a,b', 'name': 'deploy'}"
is "no password is shown" "$(grep -c 99999 out)" 0
if have sfdisk && have blkid; then
	want=$(sfdisk --json one.raw | python3 -c '
import json, sys
t = json.load(sys.stdin)["partitiontable"]
print([(p["start"] * 512, p["size"] * 512, p["uuid"].lower(), p["type"].lower(), p["name"])
       for p in t["partitions"]])')
	is "JSON: partitions are sfdisk's" "$(json \
		'[(p["start"], p["size"], p["uuid"], p["type"], p["name"]) for p in d["partitions"]]')" \
		"$want"
	partitions one.raw
	is "JSON: identifiers are blkid's" "$(json '" ".join(p["fs_uuid"] for p in d["partitions"])')" \
		"$(blkid -p -s UUID -o value esp.img) $(blkid -p -s UUID -o value root.img)"
else
	skip "partitions" "sfdisk or blkid is not installed"
fi

# Names from the guest may hold anything.
system evil
printf 'ID=evil\nPRETTY_NAME="\e[31mred\a \377\\\\"\n' >evil/usr/lib/os-release
printf 'a\e[2Jb\377\n' >evil/etc/hostname
touch $'evil/boot/vmlinuz-1\n2'
mkdir -p evil/etc/systemd/system/x.wants
ln -s /x $'evil/etc/systemd/system/x.wants/new\nline.service'
image evil evil || exit 1
exits 0 "hostile names" kiln-guest inspect evil.qcow2
# shellcheck disable=SC1003 # a backslash before the quotation mark
is "name escaped" "$(sed -n 's/^name *//p' out)" '\x1b[31mred\x07 \xff\\'
is "host name escaped" "$(sed -n 's/^hostname *//p' out)" 'a\x1b[2Jb\xff'
check "newline in a kernel's name" grep -Fq '/boot/vmlinuz-1\n2' out
check "newline in a service's name" grep -Fq 'new\nline.service' out
check_not "no control character in the text" grep -q '[[:cntrl:]]' out
exits 0 "hostile names, JSON" kiln-guest inspect --json evil.qcow2
is "JSON is valid and escaped" "$(json 'd["hostname"]')" 'a\x1b[2Jb\xff'

# dpkg itself reads the same file.
if have dpkg-query; then
	system many
	for i in 1 2 3 4 5 6 7 8 9; do
		printf '\nPackage: p%s\nStatus: install ok installed\nPriority: optional\nMaintainer: x\n' $i
		printf 'Architecture: all\nSource: s (1)\nVersion: 1:%s~rc-1\nDescription: a\n b: c\n' $i
		printf 'Conffiles:\n /etc/x 0123\n'
	done >>many/var/lib/dpkg/status
	printf '\nPackage: rest\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: all\n' \
		>>many/var/lib/dpkg/status
	image many many || exit 1
	mkdir -p admin/info admin/updates
	cp many/var/lib/dpkg/status admin/
	want=$(dpkg-query --admindir="$PWD/admin" -W \
		-f '${Package} ${Version} ${Architecture} ${source:Package} ${Status}\n' 2>/dev/null | sort)
	exits 0 "many packages" kiln-guest inspect --json many.qcow2
	is "packages are dpkg-query's" "$(json '"\n".join(sorted(" ".join(
		(p["name"], p["version"], p["arch"], p["source"], p["status"])) for p in d["packages"]))')" \
		"$want"
	exits 0 "what was removed is not counted" kiln-guest inspect many.qcow2
	check "ten packages are installed" grep -q '^packages    10 (deb)$' out
else
	skip "packages" "dpkg-query is not installed"
fi

alpine=${LIMEKILN_ALPINE_ROOT:-$TOP/../shared/sources/alpine-minirootfs-3.20.3-x86_64.tar.gz}
if [ -e "$alpine" ]; then
	layout alpine.yaml "$(realpath "$alpine")" </dev/null
	kiln-disk build -q alpine.yaml -o alpine.raw
	exits 0 "Alpine" kiln-guest inspect --format=raw alpine.raw
	is "Alpine: system" "$(sed -n 's/^system *//p' out)" "alpine 3.20.3"
	is "Alpine: architecture" "$(sed -n 's/^arch *//p' out)" x86_64
	is "Alpine: packages" "$(sed -n 's/^packages *//p' out)" \
		"$(tar xzOf "$alpine" ./lib/apk/db/installed | grep -c ^P:) (apk)"
else
	skip "Alpine" "no $alpine; LIMEKILN_ALPINE_ROOT names a mini root file system"
fi

if [ "$(id -u)" != 0 ]; then
	chmod 0 one.qcow2
	exits 5 "not allowed to read" kiln-guest inspect one.qcow2
fi
exits 5 "not there" kiln-guest inspect none.qcow2
exits 2 "no operand" kiln-guest inspect
exits 2 "unknown format" kiln-guest inspect --format=vmdk one.qcow2
if [ -w /dev/full ]; then
	run sh -c 'kiln-guest inspect --format=raw one.raw >/dev/full'
	is "output to a full disk is an error" "$status" 5
fi
is "no temporary file is left" "$(find "$SCRATCH" -name 'kiln-*' | wc -l)" 0
tap_done
