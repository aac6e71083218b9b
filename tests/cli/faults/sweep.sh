#!/bin/bash
# Every output is whole or absent, whichever call fails: the Nth malloc, open, read, write, fsync,
# rename or thread start of each tool is made to fail once, for N = 1, 2, 3... Tools with more to them
# have a sweep of their own.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/lib/sweep.sh" || exit 70

shim=$1 # the built builder/tests/faultshim.c

# The invariant after one run: $out is absent or equal to $out.good, and nothing else is left.
remove_output() { rm -f "$out"; }
judge() {
	local why
	case $status in
	0) why=$(cmp "$out" "$out.good" 2>&1) || echo "exit 0 but a wrong output: $why" ;;
	2 | 3 | 4 | 5 | 6 | 7 | 70)
		# Whole after all when only the folder could not be flushed.
		if [ -e "$out" ] && ! cmp -s "$out" "$out.good"; then
			echo "exit $status and half an output"
		fi
		;;
	*) echo "exit status $status is not a documented error" ;;
	esac
	if find "$(dirname "$out")" -name '.*' -type f | grep -q .; then
		echo "a temporary file is left"
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
		sweep "$tool" remove_output judge "$shim" "${g%:*}" "${g#*:}" "$@"
	done
}

# ENOMEM 12, EACCES 13, EIO 5, ENOSPC 28, EAGAIN 11
io="open:13 read:5 write:28 fsync:5 name:13 malloc:12"

mkdir "$SCRATCH"/{render,disk,root}
echo 'a: <%= name %>' >"$SCRATCH/t.yaml.erb"
echo 'name: one' >"$SCRATCH/data.yaml"
sweep_all kiln-render "$SCRATCH/render/out.yaml" "$io" \
	kiln-render "$SCRATCH/t.yaml.erb" -d "$SCRATCH/data.yaml" -o "$SCRATCH/render/out.yaml"

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
