#!/usr/bin/env bash
# What is in the tar is on the disk: attributes and contents, as debugfs reads them.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-disk/disks.sh"
here=$TOP/tests/cli/kiln-disk
cd "$SCRATCH" || exit 1

for prog in python3 debugfs e2fsck tar; do
	have "$prog" && continue
	skip "contents read back" "$prog is not installed"
	tap_done
done

python3 "$here/fixture.py" . || exit 1
layout one.yaml all.tar </dev/null
exits 0 "one of everything" kiln-disk build -q one.yaml -o one.raw --report one.json
is "mode of the disk" "$(stat -c %a one.raw)" 644
is "size of the disk" "$(stat -c %s one.raw)" 201326592
clean "one of everything" one.raw
check "debugfs reads back what the tar has" python3 "$here/readback.py" root.img . .
is "ESP" "$(MTOOLSRC=/dev/null mtype -i esp.img ::/EFI/BOOT/note.txt)" "on the ESP"
cat >report.py <<'PY'
import json, subprocess
r = json.load(open("one.json"))
esp, root = r["partitions"]
assert (esp["start"], esp["size"]) == (1 << 20, 34 << 20)
assert (root["start"], root["size"]) == (35 << 20, 156 << 20)
said = subprocess.run(["dumpe2fs", "-h", "root.img"], capture_output=True, text=True).stdout
field = lambda name: [l.split(":")[1].strip() for l in said.split("\n") if l.startswith(name + ":")][0]
fs = root["filesystem"]
assert field("Filesystem UUID") == fs["uuid"]
assert int(field("Block count")) == fs["blocks"] and int(field("Free blocks")) == fs["free_blocks"]
assert int(field("Inode count")) == fs["inodes"] and int(field("Free inodes")) == fs["free_inodes"]
assert field("Mount count") == "0" and field("Default directory hash") == "half_md4"
assert field("Filesystem flags") == "signed_directory_hash"
table = subprocess.run(["sfdisk", "--json", "one.raw"], capture_output=True, text=True).stdout
table = json.loads(table)["partitiontable"]
assert table["id"].lower() == r["uuid"]
for part, ours in zip(table["partitions"], r["partitions"]):
    assert part["start"] * 512 == ours["start"] and part["size"] * 512 == ours["size"]
    assert part["uuid"].lower() == ours["uuid"] and part["type"] == ours["type"]
    assert part["name"] == ours["name"]
PY
if have sfdisk && have dumpe2fs; then
	check "the report says what dumpe2fs and sfdisk say" python3 report.py
else
	skip "report" "sfdisk or dumpe2fs is not installed"
fi

# Sparse files, as GNU tar writes them. The last one ends in a hole, the second is nothing else.
mkdir s
truncate -s 5000000 s/middle
printf data | dd of=s/middle bs=1 seek=2000000 conv=notrunc status=none
truncate -s 3G s/hole
truncate -s 1000001 s/tail
printf start | dd of=s/tail conv=notrunc status=none
for form in gnu pax; do
	tar --sparse --format=$form -cf $form.tar -C s .
	layout $form.yaml $form.tar </dev/null
	exits 0 "sparse, $form" kiln-disk build -q $form.yaml -o $form.raw
	clean "sparse, $form" $form.raw
	debug "dump /middle middle.out"
	check "sparse, $form: contents" cmp s/middle middle.out
	debug "dump /tail tail.out"
	check "sparse, $form: contents, hole at the end" cmp s/tail tail.out
	is "sparse, $form: nothing allocated for a hole" \
		"$(debug stat /hole | grep -Eo 'Blockcount: [0-9]+|Size: [0-9]{4,}' | tr '\n' ' ')" \
		"Size: 3221225472 Blockcount: 0 "
	is "sparse, $form: one block for a few bytes" \
		"$(debug stat /middle | grep -Eo 'Blockcount: [0-9]+')" "Blockcount: 8"
done
for version in 0.0 0.1 1.0; do
	tar --sparse --format=pax --sparse-version=$version -cf v.tar -C s .
	layout v.yaml v.tar </dev/null
	exits 0 "sparse, pax $version" kiln-disk build -q v.yaml -o v.raw
	check "sparse, pax $version: the same disk" cmp v.raw pax.raw
done

# Compressed layers give the same disk.
for prog in gzip xz zstd; do
	if ! have $prog; then
		skip "$prog" "$prog is not installed"
		continue
	fi
	$prog -qkf pax.tar 2>/dev/null
	mv pax.tar.* packed
	layout packed.yaml packed </dev/null
	exits 0 "layer compressed by $prog" kiln-disk build -q packed.yaml -o packed.raw
	check "layer compressed by $prog: the same disk" cmp packed.raw pax.raw
done

# Old formats.
for form in v7 ustar gnu; do
	tar --format=$form --mtime=@1000000000 -cf plain.tar -C s tail
	layout plain.yaml plain.tar </dev/null
	exits 0 "$form" kiln-disk build -q plain.yaml -o plain.raw
	partitions plain.raw
	debug "dump /tail tail.out"
	check "$form: contents" cmp s/tail tail.out
done
tap_done
