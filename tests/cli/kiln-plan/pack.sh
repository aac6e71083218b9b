#!/bin/bash
# Packed disks in the pipeline: made when asked for, listed, checked, and gone when not asked for.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-plan/fixture.sh"

make_repo
cd "$repo" || exit 1
work=build/work/x-$host_arch
image=build/images/thing-$host_arch
packed=$image/thing-$host_arch.raw
files() { find "$image" -type f -printf '%f\n' | sort | tr '\n' ' '; }
listed() { sed 's/^.*  //' "$image/SHA256SUMS" | tr '\n' ' '; }

build x
plain_files=$(files)
plain_sums=$(cat "$image/SHA256SUMS")
is "without pack=: no such file" "$plain_files" \
	"SHA256SUMS lima.yaml manifest.json thing-$host_arch.qcow2 "
check_not "without pack=: nothing in the manifest" grep -q '"pack"' "$image/manifest.json"

build x pack=xz
is "pack=xz: only that is made" "$status:$asked" "0:kiln-qcow2 pack"
is "pack=xz: of the disk that is there" "$(paste -sd' ' "$calls.pack")" \
	"pack --quiet $work/disk.raw -o $packed.xz --report $work/pack.json"
is "pack=xz: the sums list it" "$(listed)" \
	"lima.yaml manifest.json thing-$host_arch.qcow2 thing-$host_arch.raw.xz "
check "pack=xz: the sums are right" env -C "$image" sha256sum --strict --quiet -c SHA256SUMS
check "pack=xz: the folder verifies" kiln-manifest verify "$image"
check "pack=xz: the manifest has its report" ruby -rjson -e '
	m = JSON.parse(File.read(ARGV[0]))
	exit m["pack"] == {"format" => "stand-in"} && m["files"].any? { |f| f["name"] == ARGV[1] }' \
	"$image/manifest.json" "thing-$host_arch.raw.xz"
check "pack=xz: it unpacks to the disk" bash -c 'xz -dc "$1" | cmp - "$2"' - $packed.xz $work/disk.raw
build x pack=xz
is "pack=xz again: nothing runs" "$status:$asked" "0:"
check "the summary has its time" bash -c \
	'kiln-plan summary x --json | ruby -rjson -e "exit JSON.parse(STDIN.read)[0][%q(stage_ms)].key?(%q(pack))"'

build x pack=zst jobs=3
is "pack=zst instead" "$status:$asked" "0:kiln-qcow2 pack"
is "pack=zst: with threads" "$(paste -sd' ' "$calls.pack")" \
	"pack --quiet $work/disk.raw -o $packed.zst --report $work/pack.json --zst --threads 3"
is "pack=zst: the other file is gone" "$(listed)" \
	"lima.yaml manifest.json thing-$host_arch.qcow2 thing-$host_arch.raw.zst "
check "pack=zst: the folder verifies" kiln-manifest verify "$image"

build x
is "without pack= again: nothing is packed" "$status:$asked" "0:"
is "without pack= again: the same files" "$(files)" "$plain_files"
is "without pack= again: the same bytes" "$(cat "$image/SHA256SUMS")" "$plain_sums"
check "without pack= again: the folder verifies" kiln-manifest verify "$image"

# What does not unpack to the disk gets no sums.
: >"$calls.other"
build x pack=xz
is "a packed disk that is another: exit code" "$status" 1
is "a packed disk that is another: not listed" "$(cat "$image/SHA256SUMS")" "$plain_sums"
rm "$calls.other"
build x pack=xz
is "afterwards it is packed again" "$status:$asked" "0:kiln-qcow2 pack"

# The recipe's key.
echo 'pack: zst' >>recipes/x/recipe.yaml
build x
is "the recipe's key" "$status:$asked" "0:kiln-qcow2 pack"
check "the recipe's key: the file" test -f $packed.zst
build x pack=none
is "pack=none goes over it" "$status:$(files)" "0:$plain_files"
build x pack=xz
is "and so does pack=xz" "$status:$(listed)" \
	"0:lima.yaml manifest.json thing-$host_arch.qcow2 thing-$host_arch.raw.xz "
sed -i 's/^pack: zst/pack: gz/' recipes/x/recipe.yaml
build x
is "a key that is no format" "$status" 3
says "a key that is no format: those there are" 'recipe.yaml:[0-9]+:7: pack .gz. .*xz, zst'
for word in gz XZ 'xz;' ../xz; do
	build x "pack=$word"
	is "usage: pack=$word" "$status:$asked" "2:"
done
exits 2 "usage: --pack gz" kiln-plan write x --pack gz

# Another compressor is another file.
sed -i '/^pack:/d' recipes/x/recipe.yaml
build x pack=xz
check "the key has the library's version: the graph is the same each time" bash -c '
	cp build/build.ninja "$1"; ci/build-images x pack=xz >/dev/null 2>&1; cmp build/build.ninja "$1"' - \
	"$SCRATCH/graph"
tap_done
