#!/usr/bin/env bash
# verify by its rules, with and without the raw disk.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1

truncate -s 5M disk.raw
text 300000 1 | put disk.raw 0
random 131072 1 | put disk.raw 2097152
text 70000 1 | put disk.raw 4194304
digest=$(sha256sum disk.raw | cut -d ' ' -f 1)
kiln-qcow2 compress -q disk.raw -o good.qcow2

exits 0 "image alone" kiln-qcow2 verify -q good.qcow2
exits 0 "image alone, 3 threads" kiln-qcow2 verify -q -t 3 good.qcow2
exits 0 "digest of the disk" kiln-qcow2 verify -q --sha256="$digest" good.qcow2
exits 1 "digest of another" kiln-qcow2 verify -q --sha256="${digest:1}${digest:0:1}" good.qcow2
says "digest of another: both named" "good.qcow2: the disk's SHA-256 is $digest, not "
exits 2 "no digest" kiln-qcow2 verify -q --sha256=ABC good.qcow2
exits 2 "digest and raw disk" kiln-qcow2 verify -q --sha256="$digest" disk.raw good.qcow2
truncate -s 64M empty.raw
kiln-qcow2 compress -q empty.raw -o empty.qcow2
exits 0 "digest of zeros" kiln-qcow2 verify -q --sha256="$(sha256sum empty.raw | cut -d ' ' -f 1)" empty.qcow2

# Contents without a raw disk to compare with: compressed clusters must decode.
l2=$(l2_of good.qcow2)
data=$(($(be64 good.qcow2 "$l2") & 0x003fffffffffffff))
cp good.qcow2 bad.qcow2
poke bad.qcow2 "$data" ffffffffffff
exits 3 "image alone, damaged" kiln-qcow2 verify -q bad.qcow2
says "image alone, damaged: where" "bad.qcow2: guest byte 0: compressed data"
exits 3 "digest, damaged" kiln-qcow2 verify -q --sha256="$digest" bad.qcow2

# Images that only QEMU reads
for options in compression_type=zstd compression_type=zstd,cluster_size=2M cluster_size=512 \
	cluster_size=2M compat=0.10 refcount_bits=1 refcount_bits=64 lazy_refcounts=on; do
	qemu-img convert -c -f raw -O qcow2 -o "$options" disk.raw theirs.qcow2 2>/dev/null ||
		qemu-img convert -f raw -O qcow2 -o "$options" disk.raw theirs.qcow2
	exits 7 "$options: not for Lima" kiln-qcow2 verify -q disk.raw theirs.qcow2
	says "$options: names the other rule" "verify --rule=qemu"
	exits 0 "$options: for QEMU" kiln-qcow2 verify -q --rule=qemu disk.raw theirs.qcow2
	exits 0 "$options: digest" kiln-qcow2 verify -q --rule=qemu --sha256="$digest" theirs.qcow2
done
exits 7 "zeros marked" bash -c 'qemu-io -f qcow2 -c "write -z 0 1M" good.qcow2 >/dev/null && kiln-qcow2 verify -q good.qcow2'
exits 0 "zeros marked, for QEMU" kiln-qcow2 verify -q --rule=qemu good.qcow2

# Refcounts of every width: one too many, one too few, wrong marks.
for bits in 1 2 4 8 16 32 64; do
	qemu-img convert -f raw -O qcow2 -o refcount_bits=$bits disk.raw good.qcow2
	exits 0 "$bits bits" kiln-qcow2 verify -q --rule=qemu disk.raw good.qcow2
	block=$(refblock_of good.qcow2)
	n=$((($(stat -c %s good.qcow2) + 65535) / 65536))
	for change in 'the last' 'one beyond the last'; do
		cp good.qcow2 bad.qcow2
		python3 - "$block" "$n" "$bits" "$change" <<-'PYTHON'
			import sys
			block, n, bits, change = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
			i = n - 1 if change == 'the last' else n
			at = block + i * bits // 8 + (bits // 8 - 1 if bits >= 8 else 0)
			with open('bad.qcow2', 'r+b') as f:
			    f.seek(at)
			    old = f.read(1)[0]
			    f.seek(at)
			    f.write(bytes([old ^ (1 << (i * bits % 8))]))
		PYTHON
		exits 3 "$bits bits: refcount of $change cluster" kiln-qcow2 verify -q --rule=qemu disk.raw bad.qcow2
		says "$bits bits: refcount of $change cluster: says so" "refcount of the cluster at host byte"
	done
	poke bad.qcow2 "$block" "$(printf '%02x' $((bits < 8 ? 0xfe : 0)))00000000000000"
	check_not "$bits bits: header of no use: qemu-img agrees" qemu-img check -q bad.qcow2
	exits 3 "$bits bits: header of no use" kiln-qcow2 verify -q --rule=qemu disk.raw bad.qcow2
done
qemu-img convert -f raw -O qcow2 -o refcount_bits=64 disk.raw good.qcow2
l2=$(l2_of good.qcow2)
poke good.qcow2 "$l2" "$(printf '%016x' "$(offset_in "$(be64 good.qcow2 "$l2")")")"
exits 3 "marked as shared" kiln-qcow2 verify -q --rule=qemu disk.raw good.qcow2
says "marked as shared: says so" "not marked as not shared, but has 1 use"
qemu-img convert -f raw -O qcow2 disk.raw good.qcow2
qemu-img bitmap --add good.qcow2 one
exits 7 "bitmaps" kiln-qcow2 verify -q --rule=qemu disk.raw good.qcow2
says "bitmaps: says what to do" "qemu-img bitmap --remove"

# Clusters that are stored once and used twice
cat disk.raw disk.raw >twice.raw
kiln-qcow2 compress -q --share twice.raw -o twice.qcow2
exits 0 "shared compressed clusters" kiln-qcow2 verify -q twice.raw twice.qcow2
tap_done
