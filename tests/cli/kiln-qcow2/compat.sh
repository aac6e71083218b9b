#!/usr/bin/env bash
# Other readers take clusters whose matches reach back further than the 4 KiB that qemu itself
# writes with. QEMU_IMG lists more programs to try, separated by spaces.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
here=$TOP/tests/cli/kiln-qcow2
cd "$SCRATCH" || exit 1

# Matches near and far: blocks that come again after 7 KB to 60 KB, among text.
truncate -s 4M disk.raw
python3 - <<'PYTHON'
import random
r = random.Random(1)
blocks = [r.randbytes(700) for _ in range(60)]
with open('disk.raw', 'r+b') as f:
    for _ in range(3000):
        f.write(r.choice(blocks)[r.randrange(300):] + b'%d ' % r.randrange(10 ** 9))
PYTHON
digest=$(sha256sum disk.raw | cut -d ' ' -f 1)

# counts IMAGE: sets clusters, whole, and by_12 and by_15 for what is decoded byte by byte.
counts() {
	local line
	line=$(python3 "$here/windows.py" "$1" disk.raw)
	read -r clusters whole by_12 by_15 < <(sed 's/[a-z0-9]*=//g' <<<"$line")
}

go_reader() {
	have go || { echo "no Go here" && return; }
	cp -r "$here/goread" reader
	(cd reader && GOFLAGS=-buildvcs=false timeout 100 go build -o "$SCRATCH/goread" .) 2>/dev/null ||
		echo "its module cannot be fetched"
}
no_go=$(go_reader)

# readers NAME IMAGE: every other reader there is finds the disk in it.
readers() {
	local program
	for program in qemu-img ${QEMU_IMG:-}; do
		check "$1: $program compare" "$program" compare -q -f raw -F qcow2 disk.raw "$2"
	done
	if [ -z "$no_go" ]; then
		is "$1: Lima's Go reader" "$("$SCRATCH/goread" "$2")" "$digest"
	else
		skip "$1: Lima's Go reader" "$no_go"
	fi
}

for level in 1 6 12; do
	kiln-qcow2 compress -q --level "$level" disk.raw -o level.qcow2
	counts level.qcow2
	check "level $level: compressed clusters" [ "$clusters" -gt 10 ]
	check "level $level: most have matches over 4 KiB away" [ "$by_12" -lt $((clusters / 2)) ]
	is "level $level: zlib, 4 KiB declared, a cluster in one call" "$whole" "$clusters"
	is "level $level: zlib, 32 KiB declared, byte by byte" "$by_15" "$clusters"
	readers "level $level" level.qcow2
done

# For a reader that decodes piece by piece and keeps 4 KiB
for level in 1 6 12; do
	kiln-qcow2 compress -q --window=12 --level "$level" disk.raw -o narrow.qcow2
	counts narrow.qcow2
	check "window 12, level $level: compressed clusters" [ "$clusters" -gt 10 ]
	is "window 12, level $level: zlib, 4 KiB declared, byte by byte" "$by_12" "$clusters"
done
readers "window 12" narrow.qcow2
qemu-img convert -c -f raw -O qcow2 disk.raw theirs.qcow2
counts theirs.qcow2
is "qemu-img's own: zlib, 4 KiB declared, byte by byte" "$by_12" "$clusters"

# Clusters that are stored once for several places of the disk
cp disk.raw twice.raw
cat disk.raw >>twice.raw
kiln-qcow2 compress -q --share twice.raw -o shared.qcow2
check "shared: half as large" [ "$(stat -c %s shared.qcow2)" -lt $(($(stat -c %s level.qcow2) * 5 / 4)) ]
mv twice.raw disk.raw
digest=$(sha256sum disk.raw | cut -d ' ' -f 1)
readers "shared" shared.qcow2
tap_done
