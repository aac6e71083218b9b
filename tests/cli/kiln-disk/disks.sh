# For kiln-disk's tests: layouts, and the partitions of a finished disk. Sourced after tap.sh.
# shellcheck shell=bash

EPOCH=1700000000

# layout FILE TAR...: a disk of 192 MiB (ESP 34 MiB, root 156 MiB) from these layers. What is on
# standard input is appended: more keys of root.
layout() {
	local file=$1
	shift
	{
		cat <<-YAML
			identity: test/x86_64
			arch: x86_64
			epoch: $EPOCH
			size: 201326592
			esp:
			  size: 35651584
			  files:
			    - {path: /EFI/BOOT/note.txt, content: "on the ESP"}
			root:
			  layers:
		YAML
		for tar in "$@"; do printf '    - %s\n' "$tar"; done
		cat
	} >"$file"
}

# partitions DISK: cuts out esp.img and root.img.
partitions() {
	dd if="$1" of=esp.img bs=1M skip=1 count=34 conv=sparse status=none
	dd if="$1" of=root.img bs=1M skip=35 count=156 conv=sparse status=none
}

# clean NAME DISK: all programs that check find nothing wrong with the disk.
clean() {
	partitions "$2"
	if have e2fsck; then
		check "$1: e2fsck is content" e2fsck -fn root.img
	else
		skip "$1: e2fsck" "e2fsck is not installed"
	fi
	if have fsck.vfat; then
		check "$1: fsck.vfat is content" fsck.vfat -n esp.img
	else
		skip "$1: fsck.vfat" "fsck.vfat is not installed"
	fi
	if have sgdisk; then
		check "$1: sgdisk is content" sh -c "sgdisk -v '$2' | grep -q 'No problems found'"
	else
		skip "$1: sgdisk" "sgdisk is not installed"
	fi
}

# debug COMMAND: what debugfs says about root.img.
debug() { debugfs -R "$*" root.img 2>/dev/null; }
