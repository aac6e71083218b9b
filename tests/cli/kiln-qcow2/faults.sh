#!/usr/bin/env bash
# Bad command lines, unusable inputs and outputs, kills: exact exit codes, and nothing
# half-written under a final name.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
mkdir "$SCRATCH/work"
cd "$SCRATCH/work" || exit 1

# All names in the folder, hidden ones too.
names() { find "$1" -mindepth 1 -printf '%P\n' | sort | tr '\n' ' '; }

truncate -s 8M disk.raw
random 5242880 1 | put disk.raw 0

exits 2 "no command" kiln-qcow2
exits 2 "unknown command" kiln-qcow2 inflate
exits 2 "no disk" kiln-qcow2 compress -o out.qcow2
exits 2 "no output" kiln-qcow2 compress disk.raw
says "no output: says how" '-o FILE'
for level in 0 13 4294967302 18446744073709551616 -1 six; do
	exits 2 "level $level" kiln-qcow2 compress disk.raw -o out.qcow2 --level "$level"
done
for n in 0 1025 4294967297 x; do
	exits 2 "threads $n" kiln-qcow2 compress disk.raw -o out.qcow2 --threads "$n"
	exits 2 "verify, threads $n" kiln-qcow2 verify disk.raw out.qcow2 --threads "$n"
done
# refused PATTERN OPTION...: not together, or not at all.
refused() {
	local pattern=$1
	shift
	exits 2 "$*" kiln-qcow2 compress disk.raw -o out.qcow2 "$@"
	says "$*: says so" "$pattern"
}
refused "--type: 'lzma' is none of" --type lzma
for size in 0 1 512 32KiB 65535 96KiB 4MiB 18446744073709551615; do
	refused '--cluster-size: ' --type=zstd --cluster-size="$size"
done
refused 'not a size' --type=zstd --cluster-size=2M
refused '--cluster-size: .*--type=zstd' --cluster-size=128KiB
for window in 0 11 13 16 12bits; do
	refused '--window: .* is none of' --window="$window"
done
refused '--window: only deflate' --window=12 --type=zstd
refused "--format: 'vmdk' is none of" --format=vmdk
refused '--snapshot: a raw disk has none' --snapshot=one
refused "--engine: 'qemu' is none of" --engine=qemu
refused 'takes no value' --share=yes
is "nothing written by bad usage" "$(names .)" "disk.raw "

: >empty.raw
exits 3 "empty disk" kiln-qcow2 compress empty.raw -o out.qcow2
says "empty disk: named" 'empty.raw: empty'
truncate -s 1048577 odd.raw
exits 3 "size not in MiB" kiln-qcow2 compress odd.raw -o out.qcow2
says "size not in MiB: remedy" 'odd.raw: .*truncate --size=%1M'
check "the remedy works" truncate --size=%1M odd.raw
exits 0 "the remedy is enough" kiln-qcow2 compress -q odd.raw -o odd.qcow2
cp odd.qcow2 odd.img
exits 3 "a qcow2 image under another name" kiln-qcow2 compress odd.img -o out.qcow2
says "a qcow2 image under another name: remedy" 'warning: odd.img .*--format=qcow2'
exits 0 "the remedy is enough" kiln-qcow2 compress -q --format=qcow2 odd.img -o again.qcow2
check "the same bytes" cmp odd.qcow2 again.qcow2
exits 3 "a raw disk named as qcow2" kiln-qcow2 compress --format=qcow2 disk.raw -o out.qcow2
rm odd.img again.qcow2
exits 0 "zstd" kiln-qcow2 compress -q --type=zstd disk.raw -o zstd.qcow2
says "zstd: a warning, although quiet" 'warning: .*Mac'
rm zstd.qcow2
exits 5 "missing disk" kiln-qcow2 compress no.raw -o out.qcow2
says "missing disk: named" 'no.raw: No such file'
exits 7 "a folder as disk" kiln-qcow2 compress . -o out.qcow2
exits 5 "verify: missing image" kiln-qcow2 verify disk.raw no.qcow2
exits 5 "verify: missing disk" kiln-qcow2 verify no.raw odd.qcow2
exits 5 "missing folder" kiln-qcow2 compress disk.raw -o no/such/out.qcow2
says "missing folder: named" 'no/such/out.qcow2: '
mkdir folder
exits 5 "a folder as output" kiln-qcow2 compress disk.raw -o folder
exits 5 "the report's folder is missing" kiln-qcow2 compress disk.raw -o out.qcow2 --report no/r.json
rm -f out.qcow2
is "nothing left behind" "$(names .)" "disk.raw empty.raw folder odd.qcow2 odd.raw "

# A folder that may not be written to; root may write everywhere.
if [ "$(id -u)" -ne 0 ]; then
	chmod 555 folder
	exits 5 "unwritable folder" kiln-qcow2 compress disk.raw -o folder/out.qcow2
	chmod 755 folder
elif have setpriv; then
	chmod 755 "$SCRATCH"
	exits 5 "unwritable folder" setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$(command -v kiln-qcow2)" compress disk.raw -o folder/out.qcow2
else
	skip "unwritable folder" "root, and no setpriv"
fi
check "unwritable folder: empty" [ -z "$(names folder)" ]

# An older file stays when the new one fails; a symbolic link is not followed.
echo old >old.qcow2
exits 3 "failure over an older file" kiln-qcow2 compress empty.raw -o old.qcow2
is "the older file stays" "$(cat old.qcow2)" old
echo precious >precious
ln -s precious link.qcow2
exits 0 "output over a symbolic link" kiln-qcow2 compress -q disk.raw -o link.qcow2
is "the link's target is untouched" "$(cat precious)" precious
check "the link was replaced" [ ! -L link.qcow2 ]
same_disk "over a link" disk.raw link.qcow2

# meanwhile NAME COMMAND...: compress slowly, and run the command once that has begun.
meanwhile() {
	local name=$1 pid rc=0
	shift
	kiln-qcow2 compress -q -t 1 -l 12 changing.raw -o changing.qcow2 2>"$SCRATCH/err" &
	pid=$!
	until [ "$(cut -d ' ' -f 14 "/proc/$pid/stat")" -ge 5 ]; do
		sleep 0.01
	done
	"$@"
	wait "$pid" || rc=$?
	is "$name: exit code" "$rc" 4
	says "$name: named" 'changing.raw: '
}
truncate -s 600M changing.raw
text 64000000 1 | put changing.raw 0
meanwhile "disk written to meanwhile" dd if=/dev/zero of=changing.raw bs=1 seek=100 count=1 \
	conv=notrunc status=none
meanwhile "disk cut short meanwhile" truncate -s 1M changing.raw
check "no image of a changed disk" [ ! -e changing.qcow2 ]

# Killed at many moments: the final name is absent or complete, and the next run works.
truncate -s 40M kill.raw
text 20000000 9 | put kill.raw 0
partial=
for ms in 1 5 10 20 40 60 80 100 130 160 200 260 320 400; do
	rm -f kill.qcow2
	timeout -s KILL "$(printf '0.%03d' "$ms")" kiln-qcow2 compress -q kill.raw -o kill.qcow2
	if [ -e kill.qcow2 ] && ! kiln-qcow2 verify -q kill.raw kill.qcow2; then
		partial="$partial $ms"
	fi
done 2>/dev/null
is "killed: absent or complete" "$partial" ""
exits 0 "after the kills" kiln-qcow2 compress -q kill.raw -o kill.qcow2
same_disk "after the kills" kill.raw kill.qcow2
check "after the kills: no leftovers" [ -z "$(find . -name '*kiln-tmp*')" ]
rm -f kill2.qcow2
run timeout -s TERM 0.05 kiln-qcow2 compress -q -l 12 -t 1 kill.raw -o kill2.qcow2
is "terminated" "$status" 124
check "terminated: nothing left" [ -z "$(find . -name '*kill2*')" ]
tap_done
