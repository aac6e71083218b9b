#!/usr/bin/env bash
# Archives of a tree: other programs and our own reader find in them what was in the file system.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-disk/disks.sh"
tree=$(realpath "$1")
cd "$SCRATCH" || exit 1
for prog in python3 tar; do
	have "$prog" && continue
	skip "archives" "$prog is not installed"
	tap_done
done
start=$((35 << 20)) bytes=$((156 << 20))

python3 "$TOP/tests/cli/kiln-disk/fixture.py" . || exit 1
# Holes at all places, and names and sizes that ustar has no room for.
python3 - <<'PY' || exit 1
import io, tarfile
def add(tar, name, data=b"", **more):
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(data), 1000000000
    for key, value in more.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))
with tarfile.open("more.tar", "w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as tar:
    deep = "/".join(["deep" * 20] * 12)
    for i in range(1, 13):
        add(tar, "/".join(["deep" * 20] * i), type=tarfile.DIRTYPE, mode=0o755)
    add(tar, deep + "/file", b"deep")
    add(tar, deep + "/link", type=tarfile.LNKTYPE, linkname=deep + "/file")
    add(tar, deep + "/symlink", type=tarfile.SYMTYPE, linkname="t" * 4000)
    add(tar, "bytes-\udcff", b"no UTF-8")
    add(tar, "bytes-\udcfe" * 12, b"no UTF-8, and long")
    add(tar, "ö" * 60, b"long UTF-8")
    add(tar, "100" + "x" * 97, b"100 bytes")
    add(tar, "101" + "x" * 98, b"101 bytes")
    add(tar, "block", b"b" * 512)
PY
mkdir holes
truncate -s 1M holes/all
printf x >holes/end && truncate -s 300000 holes/end
truncate -s 300000 holes/start && printf x >>holes/start
for at in 0 100000 200000 300000; do
	printf x | dd of=holes/several bs=1 seek=$at conv=notrunc status=none
done
find holes -exec touch -d @1000000000 {} +
tar --sparse --format=pax --owner=0 --group=0 --numeric-owner -cf holes.tar holes
layout l.yaml all.tar more.tar holes.tar </dev/null
exits 0 "a disk" kiln-disk build -q l.yaml -o l.raw

exits 0 "its root as an archive" "$tree" tar ext4 l.raw $start $bytes one.tar
exits 0 "again" "$tree" tar ext4 l.raw $start $bytes two.tar
check "the same bytes" cmp one.tar two.tar
"$tree" list ext4 l.raw $start $bytes >disk.txt
exits 0 "kiln reads the archive" "$tree" list tar one.tar
check "the same tree, holes and all" diff disk.txt "$SCRATCH/out"
check "the tree is that of the layers" sh -c \
	"'$tree' list tar all.tar | grep -v '^/ ' >want; grep -v '^/ ' disk.txt >got; ! grep -vxFf got want"
check "holes are there" grep -qE '^/holes/several .* size 300001 device 0:0 0\+4096 98304\+4096 ' disk.txt
python3 - all.tar more.tar holes.tar <<'PY' || exit 1
import sys, tarfile
with tarfile.open("layers.tar", "w", format=tarfile.PAX_FORMAT) as out:
    for path in sys.argv[1:]:
        with tarfile.open(path) as tar:
            for i in tar:
                body = tar.extractfile(i) if i.isreg() else None
                i.pax_headers = {k: v for k, v in i.pax_headers.items() if "sparse" not in k}
                i.type = tarfile.REGTYPE if i.isreg() else i.type
                i.sparse = None
                out.addfile(i, body)
PY
check "python finds what was in the layers" python3 "$TOP/tests/cli/kiln-disk/compare.py" \
	layers.tar one.tar 1700000000

# Other programs, without what only root can do.
for prog in tar bsdtar; do
	if ! have $prog; then
		skip "$prog lists and extracts" "$prog is not installed"
		continue
	fi
	rm -rf back && mkdir back
	exits 0 "$prog lists it" $prog -tf one.tar
	is "$prog: as many entries" "$(wc -l <"$SCRATCH/out")" "$(wc -l <disk.txt)"
	check "$prog: no complaint" test ! -s "$SCRATCH/err"
	exits 0 "$prog extracts it" $prog -xf one.tar -C back --no-same-owner --exclude='dev/*' \
		--exclude=many
	check "$prog: holes" diff -r holes back/holes
	check "$prog: a sparse file stays sparse" test "$(du -k back/holes/all | cut -f1)" -lt 100
	check "$prog: deep file" grep -qx deep "back/$(printf 'deep%.0s' {1..20})"/*/*/*/*/*/*/*/*/*/*/*/file
	check "$prog: large file" test "$(stat -c %s back/dir/large)" = 9000001
	check "$prog: hard link" test back/hard -ef back/dir/large
done
check "GNU tar sees the attributes" sh -c \
	"tar --xattrs -tvvf one.tar xattr | grep -q 'user.colour'"
check "GNU tar sees the access control lists" sh -c \
	"tar --acls -tvvf one.tar acl | grep -q 'user:1000:rwx'"

# Disk to archive to disk: the same disk.
layout again.yaml one.tar </dev/null
exits 0 "a disk of the archive" kiln-disk build -q again.yaml -o again.raw
check "it is the first one again" cmp l.raw again.raw
tap_done
