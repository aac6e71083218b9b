#!/usr/bin/env bash
# compress --engine=qemu-img: the same disk and report as ours, a hostile image never reaches qemu,
# and nothing is left of a qemu-img that fails, lies or is killed.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
mkdir "$SCRATCH/work" "$SCRATCH/bin"
cd "$SCRATCH/work" || exit 1
umask 077
tool=$(command -v kiln-qcow2)
real=$(command -v qemu-img)
names() { find . -mindepth 1 -printf '%P\n' | sort | tr '\n' ' '; }
engine() { kiln-qcow2 compress -q --engine=qemu-img "$@"; }

truncate -s 8M disk.raw
text 3000000 1 | put disk.raw 70000
random 500000 1 | put disk.raw 5000000

exits 0 "compress" engine disk.raw -o disk.qcow2 --report disk.json
same_disk "compress" disk.raw disk.qcow2
is "mode, whatever the umask" "$(stat -c %a disk.qcow2)" 644
version=$(qemu-img --version | sed -n 's/^qemu-img version \([0-9.]*\).*/\1/p')
cat >want.json <<END
{
  "cluster_size": 65536,
  "compression_type": "deflate",
  "file_size": $(stat -c %s disk.qcow2),
  "library": "qemu-img $version",
  "sha256": "$(sha256sum disk.qcow2 | cut -d ' ' -f 1)",
  "source_sha256": "$(sha256sum disk.raw | cut -d ' ' -f 1)",
  "virtual_size": 8388608
}
END
check "report" cmp want.json disk.json
qemu-img convert -c -f raw -O qcow2 disk.raw theirs.qcow2
check "the bytes that qemu-img gives alone" cmp theirs.qcow2 disk.qcow2
exits 0 "again, with 3 threads" engine -t 3 disk.raw -o again.qcow2
check "again, same bytes" cmp disk.qcow2 again.qcow2
kiln-qcow2 compress -q disk.raw -o ours.qcow2
exits 0 "from a qcow2 image" engine ours.qcow2 -o again.qcow2
check "from a qcow2 image, same bytes" cmp disk.qcow2 again.qcow2

exits 0 "zstd" engine --type=zstd --cluster-size=2MiB disk.raw -o again.qcow2
check "zstd: qemu-img compare" qemu-img compare -q -f raw -F qcow2 disk.raw again.qcow2
qemu-img info again.qcow2 >info
check "zstd: type" grep -q 'compression type: zstd' info
check "zstd: cluster size" grep -q 'cluster_size: 2097152' info
rm info

cp ours.qcow2 snapshots.qcow2
qemu-img snapshot -c first snapshots.qcow2
qemu-io -f qcow2 -c 'write -P 7 0 1M' snapshots.qcow2 >/dev/null
exits 0 "a snapshot" engine --snapshot=first snapshots.qcow2 -o again.qcow2
check "a snapshot: same bytes" cmp disk.qcow2 again.qcow2
rm snapshots.qcow2

# Names that qemu would take for something else
mkdir 'json:{}'
for name in nbd:localhost:1 'json:{}/fat:rw:x' -c 'a,b=c'; do
	cp disk.raw "./$name.raw"
	exits 0 "a file called $name" engine -o "$name.qcow2" -- "$name.raw"
	check "a file called $name: same bytes" cmp disk.qcow2 "./$name.qcow2"
	rm -f "./$name.raw" "./$name.qcow2"
done
rmdir 'json:{}'
rm -f again.qcow2 theirs.qcow2 want.json disk.json

for option in --level=6 --window=12 --share; do
	exits 2 "$option" engine "$option" disk.raw -o out.qcow2
	says "$option: says why" "$option|qemu-img has no such choice|unknown option"
done
truncate -s 1048577 odd.raw
exits 3 "size not in MiB" engine odd.raw -o out.qcow2
says "size not in MiB: remedy" 'odd.raw: .*truncate --size=%1M'
rm odd.raw
exits 2 "another engine" kiln-qcow2 compress --engine=qemu disk.raw -o out.qcow2
exits 7 "no qemu-img" env PATH=/nonexistent "$tool" compress --engine=qemu-img disk.raw -o out.qcow2
says "no qemu-img: remedy" "'qemu-img' is not installed; install qemu-utils"
exits 5 "no such disk" engine absent.raw -o out.qcow2

# fake: a qemu-img that writes down how it was called and does what the script on standard input does.
fake() {
	{
		printf '#!/bin/sh\nreal=%s\ncalls=%s\n' "$real" "$SCRATCH/calls"
		# shellcheck disable=SC2016
		printf '%s\n' 'echo "$*" >>"$calls"; case $1 in --version) exec "$real" --version ;; esac'
		cat
	} >"$SCRATCH/bin/qemu-img"
	chmod 755 "$SCRATCH/bin/qemu-img"
	rm -f "$SCRATCH/calls"
}
faked() { PATH=$SCRATCH/bin:$PATH engine "$@"; }
left=$(names)

echo 'exec "$real" "$@"' | fake
for option in "-b $PWD/ours.qcow2 -F qcow2" "-o data_file=$PWD/out.data"; do
	# shellcheck disable=SC2086
	qemu-img create -q -f qcow2 $option hostile.qcow2 8M
	exits 7 "qemu-img create $option" faked hostile.qcow2 -o out.qcow2
done
cp ours.qcow2 hostile.qcow2
poke hostile.qcow2 "$(l1_of ours.qcow2)" ffffffffffffffff
exits 3 "a damaged image" faked hostile.qcow2 -o out.qcow2
check_not "qemu-img never ran" test -e "$SCRATCH/calls"
exits 0 "a good image" faked ours.qcow2 -o out.qcow2
check "is converted" grep -q '^convert -c ' "$SCRATCH/calls"
check "as a raw disk" grep -q ' -f raw ' "$SCRATCH/calls"
check_not "no name of a file is given" grep -q 'ours\|out' "$SCRATCH/calls"
rm -f out.qcow2 out.data hostile.qcow2

# failing NAME CODE PATTERN
failing() {
	echo old >out.qcow2
	exits "$2" "$1" faked disk.raw -o out.qcow2
	says "$1: says so" "$3"
	is "$1: the older file stays" "$(cat out.qcow2)" old
	rm -f out.qcow2
	is "$1: nothing left" "$(names)" "$left"
}
fake <<'END'
for last; do :; done
echo half >"$last"
echo "qemu-img: error while writing at byte 0: No space left on device" >&2
exit 1
END
failing "a failure" 5 'out.qcow2: .*exit status 1: .*No space left on device'
echo 'kill -9 $$' | fake
failing "killed" 5 'out.qcow2: .*signal 9'
cp disk.raw "$SCRATCH/other.raw"
printf x | put "$SCRATCH/other.raw" 8000000
echo 'for last; do :; done; exec "$real" convert -c -f raw -O qcow2 "${0%/*}/../other.raw" "$last"' | fake
failing "another disk" 4 'what qemu-img wrote: out.qcow2: .*at byte 8000000'
echo 'for last; do :; done; echo half >"$last"' | fake
failing "half a file" 4 'what qemu-img wrote: out.qcow2'
echo 'exec "$real" "$@"' | fake
limited() { (ulimit -f 300 && faked "$@"); }
exits 5 "file size limit" limited disk.raw -o out.qcow2
is "file size limit: nothing left" "$(names)" "$left"

# ended PID: it is gone, or waits for an init that does not look.
ended() { [ ! -e "/proc/$1/stat" ] || [ "$(cut -d ' ' -f 3 "/proc/$1/stat" 2>/dev/null)" != S ]; }

# Ended while qemu-img runs: it ends too.
fake <<END
echo \$\$ >"$SCRATCH/pid"
exec sleep 60
END
for signal in TERM HUP KILL; do
	rm -f "$SCRATCH/pid"
	PATH=$SCRATCH/bin:$PATH kiln-qcow2 compress -q --engine=qemu-img disk.raw -o out.qcow2 &
	pid=$!
	until [ -s "$SCRATCH/pid" ]; do sleep 0.02; done
	kill -s $signal $pid
	wait $pid 2>/dev/null
	child=$(cat "$SCRATCH/pid")
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		ended "$child" || sleep 0.1
	done
	check "SIG$signal: qemu-img has ended" ended "$child"
	is "SIG$signal: nothing left" "$(names)" "$left"
done
tap_done
