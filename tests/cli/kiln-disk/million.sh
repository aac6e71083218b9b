#!/usr/bin/env bash
# A million entries, and directories that need indexes of two levels: bounded memory, a clean disk.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
cd "$SCRATCH" || exit 1

for prog in python3 e2fsck; do
	have "$prog" && continue
	skip "a million entries" "$prog is not installed"
	tap_done
done

cat >make.py <<'PY'
"""A tar of 1,000,000 empty files, 120,000 of them with long names in one directory."""
import sys

fixed = bytearray(512)
fixed[100:108] = b"0000644\0"
fixed[108:124] = b"0000000\0" * 2
fixed[124:148] = b"00000000000\0" * 2
fixed[148:156] = b" " * 8
fixed[156:157] = b"0"
fixed[257:265] = b"ustar\00000"
base = sum(fixed)
out = sys.stdout.buffer
for i in range(1000000):
    name = b"large/%s-%d" % (b"n" * 80, i) if i < 120000 else b"d%d/e%d/f%d" % (i % 7, i % 1000, i)
    block = fixed[:]
    block[:len(name)] = name
    block[148:156] = b"%06o\0 " % (base + sum(name))
    out.write(block)
out.write(bytes(1024))
PY
cat >peak.py <<'PY'
import resource, subprocess, sys
rc = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(rc)
PY
python3 make.py >million.tar
cat >l.yaml <<'YAML'
{identity: t, arch: x86_64, epoch: 5, size: 1GiB, esp: {size: 34MiB}, root: {layers: [million.tar]}}
YAML
exits 0 "a million entries" timeout 200 python3 peak.py kiln-disk build -q l.yaml -o l.raw
peak=$(cat out)
if grep -q __asan_init "$(command -v kiln-disk)"; then
	skip "peak memory is below 400 MiB" "the address sanitizer multiplies it: $peak MiB"
else
	check "peak memory of $peak MiB is below 400" test "$peak" -lt 400
fi
dd if=l.raw of=root.img bs=1M skip=35 count=988 conv=sparse status=none
rm million.tar l.raw
check "e2fsck is content" timeout 200 e2fsck -fn root.img
if have debugfs; then
	is "an index of two levels" \
		"$(debugfs -R 'htree_dump /large' root.img 2>/dev/null | grep -m1 -o 'Indirect levels: .')" \
		"Indirect levels: 1"
else
	skip "an index of two levels" "debugfs is not installed"
fi
tap_done
