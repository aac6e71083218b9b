#!/usr/bin/env bash
# Layers, files and deletions: which wins.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-disk/disks.sh"
cd "$SCRATCH" || exit 1

if ! have debugfs; then
	skip "merging" "debugfs is not installed"
	tap_done
fi

mkdir -p a/etc a/usr/bin a/gone/deep/er b/etc b/usr
echo one >a/etc/conf
echo keep >a/etc/keep
echo prog >a/usr/bin/prog
echo x >a/gone/deep/er/file
ln a/etc/keep a/etc/keep2
echo host >host-file
chmod 600 host-file
echo two >b/etc/conf
chmod 700 b/usr
tar --owner=0 --group=0 -cf a.tar -C a .
tar --owner=0 --group=0 -cf b.tar -C b ./etc/conf ./usr
layout l.yaml a.tar b.tar <<'YAML'
  delete: [/gone, /etc/keep, /not/there]
  files:
    - {path: /etc/new, content: "new\n", mode: "0640", uid: 70001, gid: 9}
    - {path: /etc/host, source: host-file}
    - {path: /a/b/link, symlink: ../x}
    - {path: /usr/bin/prog, content: "other\n", mode: "4755"}
    - {path: /gone, directory: true, mode: "1777"}
YAML
exits 0 "build" kiln-disk build -q l.yaml -o l.raw
clean "merged" l.raw
is "a later layer wins" "$(debug cat /etc/conf)" two
is "a later layer's directory keeps the entries" "$(debug cat /usr/bin/prog)" other
is "a later layer's directory gives the mode" "$(debug stat /usr | grep -o 'Mode:  0...')" "Mode:  0700"
is "deleted, the other name stays" "$(debug cat /etc/keep2)" keep
is "deleted, one link is left" "$(debug stat /etc/keep2 | grep -o 'Links: .')" "Links: 1"
is "deleted" "$(debug stat /etc/keep)" ""
is "deleted with all in it, made again" "$(debug ls /gone | grep -c deep)" 0
is "directory's mode" "$(debug stat /gone | grep -o 'Mode:  [0-9]*')" "Mode:  01777"
is "content" "$(debug cat /etc/new)" new
is "content's owner" "$(debug stat /etc/new | grep -Eo 'User: +[0-9]+ +Group: +[0-9]+' | tr -s ' ')" \
	"User: 70001 Group: 9"
is "host file" "$(debug cat /etc/host)" host
is "host file's mode is not taken" "$(debug stat /etc/host | grep -o 'Mode:  [0-9]*')" "Mode:  0644"
is "host file's time is the epoch" "$(debug stat /etc/host | grep -o ' mtime: 0x[0-9a-f]*')" \
	" mtime: 0x$(printf %x "$EPOCH")"
is "set-user-id" "$(debug stat /usr/bin/prog | grep -o 'Mode:  [0-9]*')" "Mode:  04755"
is "link" "$(debug stat /a/b/link | grep 'Fast link')" 'Fast link dest: "../x"'
is "missing parent" "$(debug stat /a/b | grep -o 'Mode:  [0-9]*')" "Mode:  0755"
is "lost+found" "$(debug stat /lost+found | grep -Eo 'Inode: [0-9]+|Mode:  [0-9]*' | tr '\n' ' ')" \
	"Inode: 11 Mode:  0700 "

# Refused, with the entry and the way out named.
mkdir c
ln -s usr/lib c/lib
tar -cf link.tar -C c .
layout below.yaml link.tar <<<"  files: [{path: /lib/x, content: x}]"
exits 3 "file below a symbolic link" kiln-disk build -q below.yaml -o no.raw
says "file below a symbolic link: says so" "/lib/x: its parent /lib is a symbolic link \(to usr/lib\)"
layout over.yaml link.tar <<<"  files: [{path: /lib, directory: true}]"
exits 3 "directory over a symbolic link" kiln-disk build -q over.yaml -o no.raw
says "directory over a symbolic link: says so" "/lib: a directory would replace the symbolic link"
layout full.yaml a.tar <<<"  files: [{path: /etc, content: x}]"
exits 3 "file over a directory with entries" kiln-disk build -q full.yaml -o no.raw
says "file over a directory: says so" "/etc: would replace a directory that has entries"
layout under.yaml a.tar <<<"  files: [{path: /etc/conf/x, content: x}]"
exits 3 "file below a file" kiln-disk build -q under.yaml -o no.raw
layout root.yaml a.tar <<<"  files: [{path: /lost+found, content: x}]"
exits 3 "file in lost+found's place" kiln-disk build -q root.yaml -o no.raw
check_not "no disk is left" test -e no.raw
tap_done
