#!/usr/bin/env bash
# Tars that try something: each has its exact exit code, and what is accepted is a clean disk.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-disk/disks.sh"
cd "$SCRATCH" || exit 1

for prog in python3 e2fsck debugfs; do
	have "$prog" && continue
	skip "hostile tars" "$prog is not installed"
	tap_done
done
python3 "$TOP/tests/cli/kiln-disk/hostile.py" . || exit 1

# shellcheck disable=SC2317 # called by exits
try() { timeout 60 kiln-disk build -q l.yaml -o "$1"; }

# refused CODE NAME PATTERN: the message names the tar, and says why.
refused() {
	layout l.yaml "$2.tar" </dev/null
	exits "$1" "$2 is refused" try no.raw
	says "$2: says so" "$3"
}
# accepted NAME: and e2fsck is content; root.img is for looking at.
accepted() {
	layout l.yaml "$1.tar" </dev/null
	rm -f l.raw
	exits 0 "$1 is accepted" try l.raw
	partitions l.raw
	check "$1: e2fsck is content" e2fsck -fn root.img
}

# Paths
refused 3 dotdot "dotdot.tar: a/../../etc/passwd: '\.\.' in the path"
refused 3 dotdot-end "a/\.\.: '\.\.' in the path"
refused 3 dotdot-link "b: hard link: ../a: '\.\.' in the path"
refused 3 below-symlink "lib/x: its parent /lib is a symbolic link \(to /etc\)"
refused 3 below-file "f/x: its parent /f is not a directory"
refused 3 empty-name "entry 0 has no name"
refused 3 long-name "a name is longer than 255 bytes"
refused 3 too-deep "the path is longer than 4095 bytes"
refused 3 bad-utf8-pax 'bad-utf8-pax.tar: .*UTF-8'
refused 3 root-file "root-file.tar: "
refused 3 root-link "the root must be a directory"
accepted absolute
is "absolute: the leading slash is dropped" "$(debug cat /etc/abs)$(debug cat /etc/abs2)" xy
accepted longest-name
accepted nul-name
is "nul-name: the name ends at the NUL" "$(debug cat /ab)" x
accepted newline-name
accepted bad-utf8
accepted deep

# Links
refused 3 hard-missing "b: hard link to nothere, which is not there"
refused 3 hard-outside "'\.\.' in the path"
refused 3 hard-dir "b: hard link to the directory d"
refused 3 hard-through-symlink "its parent /s is a symbolic link"
refused 3 hard-many "/a: has 65002 hard links; ext4 holds 65000"
refused 3 symlink-empty "s: the target of the symbolic link is empty"
refused 3 symlink-long "s: the target of the symbolic link is longer than 4095 bytes"
accepted hard-self
accepted hard-to-symlink
accepted hard-replaced
is "hard-replaced: the other name keeps the contents" "$(debug cat /b) $(debug cat /a)" "first second"
accepted symlink-longest

# Kinds
refused 3 device-outside "etc/null: device nodes may only be in /dev"
refused 3 device-number "dev/x: device number 2097151:3 is out of range"
refused 3 dir-then-file "d: would replace a directory that has entries"
refused 3 symlink-then-dir "d: a directory would replace the symbolic link to e"
accepted device-inside
accepted contiguous
accepted file-then-dir
accepted duplicates
is "duplicates: the last one wins" "$(debug cat /f)" 999

# Numbers
refused 3 uid-negative "f: owner -1:0 is out of range"
refused 3 uid-huge "f: owner 4294967295:0 is out of range"
refused 3 size-negative "size-negative.tar: .*negative"
refused 3 size-huge "size-huge.tar: .*overflow"
refused 4 size-lies "size-lies.tar: ends too early"
refused 3 pax-huge "pax-huge.tar: .*too large"
refused 3 pax-garbage "pax-garbage.tar: .*malformed"
accepted pax-large
accepted pax-global
accepted mtime-negative
is "mtime-negative: 1970" "$(debug stat /f | grep -o ' mtime: 0x[0-9a-f]*:[0-9a-f]*')" \
	" mtime: 0x00000000:00000000"
accepted mtime-huge
is "mtime-huge: the epoch" "$(debug stat /f | grep -o ' mtime: 0x[0-9a-f]*:[0-9a-f]*')" \
	" mtime: 0x$(printf %x "$EPOCH"):00000000"

# Sparse maps
refused 3 sparse-empty "s: has 1048576 MiB, more than the disk; set disk.size"
refused 3 sparse-claims "s: has 953 MiB, more than the disk"
refused 3 sparse-too-large "s: size 35184372088832 is more than ext4 holds in a file"
refused 3 sparse-beyond "s: has more contents than its size"
refused 3 sparse-backwards "s: has contents where its map has a hole"
refused 3 sparse-negative "sparse-negative.tar: "
accepted sparse-bomb
is "sparse-bomb: a hole takes no room" "$(debug stat /s | grep -o 'Blockcount: .*')" "Blockcount: 8"
accepted sparse-overlap
accepted sparse-many

# Attributes
refused 3 xattr-namespace "f: extended attribute 'system.evil' is not of the namespaces"
refused 3 xattr-no-namespace "f: extended attribute 'evil' is not of the namespaces"
refused 3 xattr-large "/f: extended attribute user.large does not fit"
refused 3 xattr-name "f: extended attribute 'user.n*' is not of the namespaces"
refused 3 acl-names "f: the access control list names a user or group without its number"
refused 3 acl-no-mask "f: the access control list lacks a mask"
refused 3 acl-raw-short "f: the access control list is malformed"
refused 3 acl-raw-bad "f: the access control list is malformed"

# Archives that expand to much
refused 3 bomb-file "f: has 400 MiB, more than the disk"
refused 3 bomb-files "f: all files up to here have more than 8 times the disk's size"
refused 3 bomb-entries "bomb-entries.tar: more entries than an entry for each KiB"

# Archives that are cut off or none
refused 4 cut-data "cut-data.tar: ends too early"
refused 4 cut-header "cut-header.tar: ends too early"
refused 4 cut-entry "cut-entry.tar: ends too early: the end mark"
refused 4 cut-gzip "cut-gzip.tar: ends too early"
refused 3 cut-start "cut-start.tar: .*a layer is a tar"
refused 3 checksum "checksum.tar: "
refused 3 empty "empty.tar: "
refused 3 garbage "garbage.tar: "
refused 3 text "text.tar: "
refused 3 zip "zip.tar: "
refused 3 cpio "cpio.tar: "
check_not "no disk is left" test -e no.raw
check_not "nothing was made on this host" test -e etc -o -e a -o -e lib -o -e dev
tap_done
