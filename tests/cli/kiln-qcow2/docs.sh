#!/usr/bin/env bash
# The commands in docs/qcow2.md and the manual page's examples do what they say: each is run, in the
# order of the text, in a folder that holds disk.raw and cloud-image.qcow2.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1

truncate -s 6M disk.raw
text 3000000 1 | put disk.raw 70000
random 300000 1 | put disk.raw 4000000
qemu-img convert -f raw -O qcow2 disk.raw cloud-image.qcow2
qemu-img snapshot -c installed cloud-image.qcow2

# commands FILE...: what the documents tell to type, comments removed.
doc_commands() { awk '/^```/ { code = $0 == "```sh"; next } code' "$TOP/docs/qcow2.md" | sed 's/  *#.*//; /^$/d'; }
page_commands() { sed -n '/^\.Sh EXAMPLES/,$s/^\.Dl //p' "$TOP/builder/tools/kiln-qcow2/kiln-qcow2.1"; }

for from in doc page; do
	mapfile -t commands < <(${from}_commands)
	check "$from: has commands" [ "${#commands[@]}" -ge 3 ]
	for command in "${commands[@]}"; do
		exits 0 "$from: $command" bash -c "$command"
	done
done
check "packed and unpacked again" cmp disk.raw unpacked.raw
tap_done
