#!/bin/bash
# Every output is whole or absent, whichever call fails: the Nth malloc, open, read, write, fsync,
# rename or thread start of each tool is made to fail once, for N = 1, 2, 3...
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70

shim=$1 # the built builder/tests/faultshim.c

# judge OUT GOOD: the invariant after one run with exit status $status.
judge() {
	local out=$1 good=$2 why
	case $status in
	0) why=$(cmp "$out" "$good" 2>&1) || { echo "exit 0 but a wrong output: $why"; return 1; } ;;
	2 | 3 | 4 | 5 | 6 | 7 | 70)
		# Whole after all when only the folder could not be flushed.
		if [ -e "$out" ] && ! cmp -s "$out" "$good"; then
			echo "exit $status and half an output"
			return 1
		fi
		;;
	*)
		echo "exit status $status is not a documented error"
		return 1
		;;
	esac
	if find "$(dirname "$out")" -name '.*' -type f | grep -q .; then
		echo "a temporary file is left"
		return 1
	fi
}

# sweep TOOL OUT GROUP ERRNO LIMIT COMMAND...: fail call 1 to LIMIT of GROUP until none is left to
# fail. After 40 calls the steps grow, so that a tool with 10^5 calls takes no longer.
sweep() {
	local tool=$1 out=$2 group=$3 errno=$4 limit=$5 n=1 faults=0 why
	shift 5
	while [ "$n" -le "$limit" ]; do
		rm -f "$out" "$SCRATCH/mark"
		run timeout 60 env KILN_FAULT="$group:$n:$errno" KILN_FAULT_MARK="$SCRATCH/mark" \
			LD_PRELOAD="$shim" "$@"
		[ -e "$SCRATCH/mark" ] || break
		faults=$((faults + 1))
		if ! why=$(judge "$out" "$out.good"); then
			tap_result "not ok" "$tool: $group call $n fails: $why"
			head -n 3 "$SCRATCH/err" | sed 's/^/# /'
			return
		fi
		n=$((n < 40 ? n + 1 : n + n / 8))
	done
	if [ "$faults" -gt 0 ]; then
		tap_result ok "$tool: output whole or absent after each of $faults failed $group calls"
	else
		tap_result "not ok" "$tool: no $group call could be made to fail"
	fi
}

# sweep_all TOOL OUT GROUPS COMMAND...: GROUPS are "group:errno" words.
sweep_all() {
	local tool=$1 out=$2 groups=$3 g
	shift 3
	run "$@"
	if [ "$status" -ne 0 ]; then
		tap_result "not ok" "$tool: the run without a fault succeeds"
		sed 's/^/# /' "$SCRATCH/err"
		return
	fi
	mv "$out" "$out.good"
	for g in $groups; do
		sweep "$tool" "$out" "${g%:*}" "${g#*:}" 20000 "$@"
	done
}

# ENOMEM 12, EACCES 13, EIO 5, ENOSPC 28, EAGAIN 11
io="open:13 read:5 write:28 fsync:5 name:13 malloc:12"

mkdir "$SCRATCH"/{render,qcow2,disk,root}
echo 'a: <%= name %>' >"$SCRATCH/t.yaml.erb"
echo 'name: one' >"$SCRATCH/data.yaml"
sweep_all kiln-render "$SCRATCH/render/out.yaml" "$io" \
	kiln-render "$SCRATCH/t.yaml.erb" -d "$SCRATCH/data.yaml" -o "$SCRATCH/render/out.yaml"

truncate -s 4M "$SCRATCH/disk.raw"
seq 100000 | dd of="$SCRATCH/disk.raw" bs=64k seek=3 conv=notrunc status=none
head -c 200000 /dev/urandom | dd of="$SCRATCH/disk.raw" bs=64k seek=40 conv=notrunc status=none
sweep_all kiln-qcow2 "$SCRATCH/qcow2/disk.qcow2" "$io thread:11" \
	kiln-qcow2 compress "$SCRATCH/disk.raw" -o "$SCRATCH/qcow2/disk.qcow2" --threads 3

echo hello >"$SCRATCH/root/file"
ln -s file "$SCRATCH/root/link"
tar -C "$SCRATCH/root" --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner -cf "$SCRATCH/root.tar" .
cat >"$SCRATCH/layout.yaml" <<'EOF'
identity: test/x86_64
arch: x86_64
epoch: 1700000000
size: 134217728
esp:
  size: 67108864
  files:
    - {path: /EFI/BOOT/BOOTX64.EFI, content: "boot"}
root:
  layers: [root.tar]
  files: []
  delete: []
EOF
sweep_all kiln-disk "$SCRATCH/disk/disk.raw" "$io" \
	kiln-disk build "$SCRATCH/layout.yaml" -o "$SCRATCH/disk/disk.raw"

tap_done
