#!/bin/bash
# kiln-manifest: create and verify, held against coreutils and the schema.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70

dir=$SCRATCH/image
make_folder() {
	rm -rf "$dir"
	mkdir "$dir"
	printf 'disk' >"$dir/a.qcow2"
	printf 'images: []\n' >"$dir/lima.yaml"
}
digest=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
cat >"$SCRATCH/image.json" <<END
{"name": "agent-vm", "variant": "debian", "description": "x", "arch": "x86_64", "family": "deb",
 "suite": "trixie", "options": [], "epoch": 1757660141, "tools": {"limekiln": "0.1.0"},
 "recipe": {"path": "recipes/debian/recipe.yaml", "sha256": "$digest"},
 "lock": {"path": "recipes/debian/lock.x86_64.json", "sha256": "$digest"}}
END
cat >"$SCRATCH/qcow2.json" <<END
{"cluster_size": 65536, "compression_type": "deflate", "file_size": 4, "level": 6,
 "library": "libdeflate 1.14", "sha256": "$digest", "virtual_size": 1048576}
END
echo '{"partitions": []}' >"$SCRATCH/disk.json"
echo '{"checks": 141, "failed": 0, "skipped": 6, "results": [{"id": "A-1"}]}' >"$SCRATCH/check.json"
echo 'fstab' >"$SCRATCH/fstab"
create() {
	kiln-manifest create "$dir" lima.yaml a.qcow2 --info "image=$SCRATCH/image.json" \
		--info "disk=$SCRATCH/disk.json" --info "qcow2=$SCRATCH/qcow2.json" \
		--check "$SCRATCH/check.json" --config "/etc/fstab=$SCRATCH/fstab"
}

make_folder
exits 0 "create" create
exits 0 "sha256sum accepts our sums" env -C "$dir" sha256sum --strict -c SHA256SUMS
(cd "$dir" && sha256sum a.qcow2 lima.yaml manifest.json) >"$SCRATCH/want"
check "sums equal sha256sum's own" cmp "$dir/SHA256SUMS" "$SCRATCH/want"
exits 0 "verify" kiln-manifest verify "$dir"
is "modes" "$(stat -c %a "$dir/SHA256SUMS" "$dir/manifest.json" | tr '\n' ' ')" "644 644 "
check_not "no path of this machine in the manifest" grep -F "$SCRATCH" "$dir/manifest.json"
cp "$dir/manifest.json" "$SCRATCH/first"
inode=$(stat -c %i "$dir/manifest.json" "$dir/SHA256SUMS")
create_otherwise() (
	umask 077
	export TZ=Asia/Tokyo LC_ALL=C
	create
)
exits 0 "create with another umask, time zone and locale" create_otherwise
check "the same bytes" cmp "$dir/manifest.json" "$SCRATCH/first"
is "unchanged files are left alone" "$(stat -c %i "$dir/manifest.json" "$dir/SHA256SUMS")" "$inode"
if /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
	check "the manifest fits its schema" /usr/bin/python3 - "$TOP/docs/manifest.schema.json" \
		"$dir/manifest.json" <<-'END'
		import json, sys, jsonschema
		schema, manifest = (json.load(open(p)) for p in sys.argv[1:])
		jsonschema.Draft202012Validator.check_schema(schema)
		jsonschema.validate(manifest, schema, cls=jsonschema.Draft202012Validator)
		def refused(key, value, inside=None):
		    changed = json.loads(json.dumps(manifest))
		    (changed[inside] if inside else changed)[key] = value
		    try:
		        jsonschema.validate(changed, schema, cls=jsonschema.Draft202012Validator)
		    except jsonschema.ValidationError:
		        return True
		    return False
		packed = {"sha256": "a" * 64, "file_size": 5, "content_sha256": "b" * 64,
		          "content_size": 1048576, "block_size": 25165824, "format": "xz", "level": 0,
		          "library": "liblzma 5.4.1"}
		assert not refused("pack", packed) and refused("pack", dict(packed, format="gz"))
		assert refused("pack", dict(packed, content_size=512)) and refused("pack", {})
		assert manifest["check"] == {"checks": 141, "failed": 0}
		assert refused("extra", 1)
		own = {"override": True, "sha256": "a" * 64, "size": 7}
		locked = {"override": False, "sha256": "a" * 64, "size": 7, "archive": "images",
		          "path": "a/b.qcow2", "digest": "sha512:" + "b" * 128}
		assert not refused("base", own, "image") and not refused("base", locked, "image")
		assert refused("base", dict(own, archive="images"), "image")
		assert refused("base", dict(own, override=False), "image")
		assert refused("base", dict(locked, digest="md5:0"), "image")
	END
else
	skip "the manifest fits its schema" "python3-jsonschema is not installed"
fi

# One flipped byte anywhere in any file must be noticed.
flip() { # FILE OFFSET
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
missed=0
tries=0
for file in a.qcow2 lima.yaml manifest.json SHA256SUMS; do
	size=$(stat -c %s "$dir/$file")
	for ((at = 0; at < size; at += size / 13 + 1)); do
		flip "$dir/$file" "$at"
		run kiln-manifest verify "$dir"
		tries=$((tries + 1))
		if [ "$status" -ne 4 ] && { [ "$status" -ne 3 ] || [ "$file" != SHA256SUMS ]; }; then
			missed=$((missed + 1))
			printf '# byte %d of %s: exit status %d\n' "$at" "$file" "$status"
		fi
		flip "$dir/$file" "$at"
	done
done
is "a flipped byte is caught, each of $tries" "$missed" 0
exits 0 "flipped back, all is well" kiln-manifest verify "$dir"

echo >"$dir/stray"
exits 4 "a file more" kiln-manifest verify "$dir"
says "it is named" 'image/stray: is not in SHA256SUMS'
rm "$dir/stray"
mv "$dir/lima.yaml" "$SCRATCH/lima.yaml"
exits 4 "a file less" kiln-manifest verify "$dir"
says "it is named" 'image/lima.yaml: is missing'
ln -s "$SCRATCH/lima.yaml" "$dir/lima.yaml"
exits 4 "a symbolic link instead" kiln-manifest verify "$dir"
says "it is named" 'lima.yaml: is a symbolic link'
rm "$dir/lima.yaml"
mkfifo "$dir/lima.yaml"
exits 4 "a fifo instead" timeout 10 kiln-manifest verify "$dir"
rm "$dir/lima.yaml"
mv "$SCRATCH/lima.yaml" "$dir/lima.yaml"
truncate -s 3 "$dir/a.qcow2"
exits 4 "a truncated file" kiln-manifest verify "$dir"
says "it is named" 'a.qcow2: SHA-256 is'

make_folder
create
for name in /etc/passwd ../image.json a/b . ..; do
	printf '%s  %s\n' "$digest" "$name" >"$dir/SHA256SUMS"
	exits 3 "a name that leads out of the folder: $name" kiln-manifest verify "$dir"
done
printf '%s  a.qcow2' "$digest" >"$dir/SHA256SUMS"
exits 3 "the last line is cut off" kiln-manifest verify "$dir"
printf '%s *a.qcow2\n' "$digest" >"$dir/SHA256SUMS"
exits 3 "another format" kiln-manifest verify "$dir"
printf '%s  a\n%s  a\n' "$digest" "$digest" >"$dir/SHA256SUMS"
exits 3 "a name twice" kiln-manifest verify "$dir"
printf '\\%s  a\\x\n' "$digest" >"$dir/SHA256SUMS"
exits 3 "a wrong escape" kiln-manifest verify "$dir"
printf '%s  a\0b\n' "$digest" >"$dir/SHA256SUMS"
exits 3 "a zero byte" kiln-manifest verify "$dir"
: >"$dir/SHA256SUMS"
exits 4 "no entries" kiln-manifest verify "$dir"
rm "$dir/SHA256SUMS"
exits 5 "no SHA256SUMS" kiln-manifest verify "$dir"

# Names that must be escaped.
rm -rf "$dir"
mkdir "$dir"
odd=$'back\\slash\nand line'
printf x >"$dir/$odd"
printf y >"$dir/ two  spaces"
exits 0 "odd names" kiln-manifest create "$dir" "$odd" ' two  spaces'
exits 0 "odd names verify" kiln-manifest verify "$dir"
exits 0 "sha256sum reads odd names" env -C "$dir" sha256sum --strict -c SHA256SUMS

exits 2 "no command" kiln-manifest
exits 2 "no files" kiln-manifest create "$dir"
exits 2 "a path for a name" kiln-manifest create "$dir" ../image.json
exits 2 "SHA256SUMS cannot list itself" kiln-manifest create "$dir" SHA256SUMS
exits 2 "--info in place of --check" kiln-manifest create "$dir" "$odd" --info "check=$SCRATCH/check.json"
echo '{"checks": 3}' >"$SCRATCH/other.json"
exits 3 "--check with a report that is none" kiln-manifest create "$dir" "$odd" --check "$SCRATCH/other.json"
says "what it lacks is named" "key 'failed'"
exits 2 "--info without a name" kiln-manifest create "$dir" "$odd" --info x
exits 2 "--info with a name of ours" kiln-manifest create "$dir" "$odd" --info "files=$SCRATCH/disk.json"
echo '{' >"$SCRATCH/bad.json"
exits 3 "--info that is not JSON" kiln-manifest create "$dir" "$odd" --info "x=$SCRATCH/bad.json"
exits 4 "a file that is not there" kiln-manifest create "$dir" nope
exits 5 "a folder that is not there" kiln-manifest create "$SCRATCH/nope" a
tap_done
