#!/usr/bin/env bash
# Faults of the machine: full disks, folders that cannot be written, missing programs, kills.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-disk/disks.sh"
cd "$SCRATCH" || exit 1
mkdir d
head -c 30000000 /dev/urandom >d/data
tar -cf d.tar d
layout l.yaml d.tar </dev/null
exits 0 "build" kiln-disk build -q l.yaml -o l.raw
sum=$(sha256sum <l.raw)

exits 5 "folder missing" kiln-disk build -q l.yaml -o not/there.raw
exits 5 "output is a folder" kiln-disk build -q l.yaml -o d
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
	mkdir small
	for size in 1m 8m 20m 25m; do
		exits 5 "disk of $size full" unshare -m bash -c "
			mount -t tmpfs -o size=$size none small || exit 98
			kiln-disk build -q l.yaml -o small/l.raw
			rc=\$?
			[ -z \"\$(ls -A small)\" ] || exit 99
			exit \$rc"
		says "disk of $size full: says so" "No space left"
	done
else
	skip "full disk" "not root, or no mount namespaces"
fi

mkdir path
for prog in mkfs.fat mcopy mmd; do
	rm -f path/*
	for other in mkfs.fat mcopy mmd kiln-disk; do
		[ $other = $prog ] || ln -s "$(command -v $other)" path/
	done
	exits 7 "$prog missing" env PATH="$SCRATCH/path" kiln-disk build -q l.yaml -o no.raw
	says "$prog missing: says what to install" "$prog.* not installed; install dosfstools and mtools"
done
check_not "no disk is left" test -e no.raw

# Killed at any moment: the old disk or the new one, and nothing beside it.
mkdir into
cp l.raw into/l.raw
for ms in 5 20 40 80 120 160 200 300; do
	run bash -c "timeout -s KILL 0.$(printf %03d $ms) kiln-disk build -q l.yaml -o into/l.raw; true"
	[ "$(sha256sum <into/l.raw)" = "$sum" ] || break
done
is "killed: the disk is whole" "$(sha256sum <into/l.raw)" "$sum"
is "killed: nothing is left over" "$(ls -A into)" l.raw
exits 143 "terminated" timeout --preserve-status -s TERM 0.05 kiln-disk build -q l.yaml -o into/l.raw
is "terminated: nothing is left over" "$(ls -A into)" l.raw

ln -s l.raw link.raw
exits 0 "output is a symbolic link" kiln-disk build -q l.yaml -o link.raw
check_not "output is a symbolic link: it is replaced" test -L link.raw
tap_done
