# For kiln-guest's tests: small guests, made into disks and images. Sourced after tap.sh.
# shellcheck shell=bash

. "$TOP/tests/cli/kiln-disk/disks.sh" || exit 70

export TMPDIR=$SCRATCH
unset SOURCE_DATE_EPOCH

# put FILE: standard input becomes FILE, with its folders.
put() {
	mkdir -p "$(dirname "$1")"
	cat >"$1"
}

# system DIR: a root file system that looks like Debian's, with one package and one kernel.
system() {
	mkdir -p "$1"/{boot,etc,home,root,tmp,usr/{bin,lib/systemd,sbin},var/{lib,log,tmp}}
	ln -s usr/bin "$1/bin"
	ln -s usr/lib "$1/lib"
	ln -s usr/sbin "$1/sbin"
	printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\76\0' >"$1/usr/bin/dash"
	ln -s dash "$1/usr/bin/sh"
	touch "$1/usr/lib/systemd/systemd" "$1/boot/vmlinuz-6.1.0-1-amd64" "$1/boot/initrd.img-6.1.0-1-amd64"
	ln -s ../lib/systemd/systemd "$1/usr/sbin/init"
	printf 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian 13"\n' | put "$1/usr/lib/os-release"
	ln -s ../usr/lib/os-release "$1/etc/os-release"
	echo localhost | put "$1/etc/hostname"
	: | put "$1/etc/machine-id"
	printf 'root:x:0:0:root:/root:/bin/sh\n' | put "$1/etc/passwd"
	printf 'root:*:19675:0:99999:7:::\n' | put "$1/etc/shadow"
	printf 'root:x:0:\n' | put "$1/etc/group"
	printf 'Package: dash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.5.12-12\n' |
		put "$1/var/lib/dpkg/status"
}

# pack TAR DIR: its files in a deterministic archive, owned by root.
pack() {
	tar --sparse --sort=name --owner=0 --group=0 --numeric-owner --mtime=@1600000000 --format=pax \
		--pax-option=delete=atime,delete=ctime -cf "$1" -C "$2" .
}

# image NAME DIR: NAME.tar, NAME.raw and NAME.qcow2 from a folder.
image() {
	pack "$1.tar" "$2"
	layout "$1.yaml" "$1.tar" </dev/null
	kiln-disk build -q "$1.yaml" -o "$1.raw" &&
		kiln-qcow2 compress -q -l 1 "$1.raw" -o "$1.qcow2"
}

# got: what the last run wrote, on one line.
got() { tr '\n' '|' <"$SCRATCH/out"; }

# json EXPRESSION: of the document d that the last run wrote, in Python.
json() {
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' \
		"$SCRATCH/out" "$1"
}
