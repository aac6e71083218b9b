#!/bin/bash
# Recipes that start from a disk image: the graph, its keys, the base given for one build.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-plan/fixture.sh"

make_based_repo
cd "$repo" || exit 1
work=build/work/x-$host_arch
image=build/images/thing-$host_arch
plan() { kiln-plan "$@" --tools build/tools/tools; }
keys() { grep -E '^  (key|label)' build/build.ninja | paste - -; }
changed() { # WORD...: which stages have another key after planning again
	plan write x "$@" || return
	keys | diff "$SCRATCH/keys" - | sed -n 's/^> .*: \([a-z0-9]*\)\t.*/\1/p' | tr '\n' ' '
}
manifest() { # RUBY: an expression over the manifest m
	ruby -rjson -e "m = JSON.parse(File.read(ARGV[0])); exit((${1}) ? 0 : 1)" "$image/manifest.json"
}

build x
is "the first build" "$status:$asked" "0:kiln-source fetch,kiln-source repo,kiln-guest customize,kiln-disk build,kiln-qcow2 compress,kiln-qcow2 verify,qemu-img check,qemu-img compare,kiln-guest check"
says "its stages are named" '] x .*: customize'
is "kiln-guest is asked for" "$(paste -sd' ' "$calls.customize")" \
	"customize --quiet $work/base.raw --format raw -c $work/customize.yaml --sysprep --packages $work/repo --export $work/rootfs.tar --export-esp $work/esp.tar --identity $work/identity.json --epoch 1757660141"
is "the operations are rendered, with the packages" "$(cat $work/customize.yaml)" "- install: [bash]"
is "the policy is asked for" "$(paste -sd' ' "$calls.check")" \
	"check --quiet $image/thing-$host_arch.qcow2 --json $work/check.json --junit $work/check.xml"
check "the manifest names the base" manifest \
	'm["image"]["base"] == {"override" => false, "archive" => "images", "path" => "cloud/base.raw",
	"digest" => "sha512:" + "%0128d" % 7, "sha256" => m["image"]["base"]["sha256"], "size" => 5} &&
	m["image"]["base"]["sha256"] =~ /\A\h{64}\z/'
check "and the policy's numbers" manifest \
	'm["check"] == {"checks" => 61, "failed" => 0}'
check "the summary has the stages" bash -c "kiln-plan summary x | grep -Eq 'rootfs +.*check'"
kiln-plan summary x --json >"$SCRATCH/summary"
check "with their times" ruby -rjson -e '
	t = JSON.parse(File.read(ARGV[0]))[0]["stage_ms"]
	exit t.length == 10 && t.key?("customize") && t.key?("check")' "$SCRATCH/summary"
build x
is "again: nothing runs" "$status:$asked" "0:"
echo '- delete: /etc/motd' >>recipes/x/customize.yaml.erb
build x
is "another operation: from customize on" "$status:${asked%%,kiln-disk*}" "0:kiln-guest customize"
check_not "nothing of it in the layout" grep -Eq 'keep|layers: \[esp' $work/layout.yaml

# A base for one build.
mkdir -p "$SCRATCH/elsewhere"
printf 'other\n' >"$SCRATCH/elsewhere/other base.img"
run env -C "$SCRATCH/elsewhere" timeout 60 "$repo/ci/build-images" x "base=other base.img"
is "base=FILE, relative, with a blank" "$status" 0
check "is what kiln-guest gets" grep -qx "$SCRATCH/elsewhere/other base.img" "$calls.customize"
check "and the manifest says so" manifest 'm["image"]["base"] == {"override" => true, "size" => 6,
	"sha256" => "'"$(sha256sum <"$SCRATCH/elsewhere/other base.img" | cut -c 1-64)"'"}'
build x "base=$SCRATCH/elsewhere/other base.img"
is "again: nothing runs" "$status:$asked" "0:"
check "the locked base is not asked for" grep -q -e '--without-base' build/build.ninja
build x
is "and back again" "$status:${asked%%,kiln-disk*}" "0:kiln-source fetch,kiln-source repo,kiln-guest customize"
check "the manifest names the locked one" manifest 'm["image"]["base"]["override"] == false'
plan write x
keys >"$SCRATCH/keys"
is "what the base is goes into the keys, not where it lies" \
	"$(changed --base "$SCRATCH/elsewhere/other base.img")" "rootfs manifest "
keys >"$SCRATCH/keys"
mv "$SCRATCH/elsewhere/other base.img" "$SCRATCH/elsewhere/moved"
is "the same base at another place" "$(changed --base "$SCRATCH/elsewhere/moved")" ""
echo more >>"$SCRATCH/elsewhere/moved"
is "other contents" "$(changed --base "$SCRATCH/elsewhere/moved")" "rootfs manifest "

# A lock without the base image is enough with base=FILE only.
make_lock 1.0 without >"recipes/x/lock.$host_arch.json"
exits 4 "a lock without the base image" plan write x
says "what to do" 'was made without the base image; make a new one with `just lock x`'
exits 0 "is enough when one is given" plan write x --base "$SCRATCH/elsewhere/moved"
kiln-plan locks x >"$SCRATCH/out"
check "locks says stale" grep -q '	stale$' "$SCRATCH/out"
kiln-plan locks x --base "$SCRATCH/elsewhere/moved" >"$SCRATCH/out"
check "or ok" grep -q '	ok$' "$SCRATCH/out"
rm "recipes/x/lock.$host_arch.json"
stand_in kiln-source <<-'END'
printf '%s\n' "$@" >"$calls.source-lock"
exit 6
END
build x "base=$SCRATCH/elsewhere/moved"
is "no lock and a base given: locked without the base" "$status:$(grep -c -x -e --without-base "$calls.source-lock")" "6:1"

# What the base brings is kept.
make_based_repo 'keep: true'
cd "$repo" || exit 1
sed -i 's/root_uuid/name/; s/esp_uuid/name/' recipes/x/files/*.erb
build x
is "keep" "$status" 0
exits 0 "the layout keeps identifiers and boot loader" ruby -ryaml -e '
	l = YAML.safe_load(File.read(ARGV[0]))
	exit 1 unless l["keep"] == "identity.json" && l["esp"]["layers"] == ["esp.tar"]
	exit 2 unless l["esp"]["files"].length == 2' $work/layout.yaml
exits 0 "identifiers that nobody knows yet are not in the data" ruby -ryaml -e '
	v = YAML.safe_load(File.read(ARGV[0]))
	exit 1 if v.key?("root_uuid") || v.key?("esp_uuid")
	exit 2 unless v["packages"] == ["bash"]' $work/vars.yaml
is "the disk is built from what the base brings" \
	"$(ninja -f build/build.ninja -t query $work/disk.raw | grep -Ec 'work/[^/]*/(rootfs.tar|esp.tar|identity.json)$')" 3

# The policy's lists.
make_based_repo
cd "$repo" || exit 1
mkdir recipes/x/allow
echo '# none' | tee recipes/x/allow/setuid >recipes/x/allow/units
printf 'allow: {setuid: recipes/x/allow/setuid, units: recipes/x/allow/units}\n' >>recipes/x/recipe.yaml
build x
is "lists of what is allowed" "$status:$(sed -n 4,7p "$calls.check" | paste -sd' ')" \
	"0:--allow-setuid recipes/x/allow/setuid --allow-units recipes/x/allow/units"
plan write x
keys >"$SCRATCH/keys"
echo '4755 root:root /usr/bin/su' >>recipes/x/allow/setuid
is "are in the key" "$(changed)" "customize check lima "
make_based_repo
cd "$repo" || exit 1
: >"$calls.fail-check"
build x
is "an image that the policy refuses" "$status" 1
check_not "gets no sums" test -e "$image/SHA256SUMS"
rm "$calls.fail-check"
build x
is "afterwards" "$status:$asked" "0:kiln-guest check"

# Bad input.
exits 5 "a base that is not there" plan write x --base "$SCRATCH/none"
says "is named" 'none: No such file'
exits 2 "a base for the default set" plan write --base "$SCRATCH/elsewhere/moved"
says "needs one variant" 'name one variant'
make_repo
cd "$repo" || exit 1
exits 2 "a base for a recipe without one" plan write x --base "$SCRATCH/elsewhere/moved"
says "says so" 'recipes/x/recipe.yaml has no base'
make_based_repo
cd "$repo" || exit 1
rm recipes/x/customize.yaml.erb
build x
is "operations that are not there" "$status" 5
says "are named" 'customize.yaml.erb'
cp -r recipes "$SCRATCH/fixture-recipes" && mkdir "$SCRATCH/fixture" && mv "$SCRATCH/fixture-recipes" "$SCRATCH/fixture/recipes"
touch "$SCRATCH/fixture/recipes/x/customize.yaml.erb"
exits 0 "recipes outside the tree: --root" kiln-plan write x --root "$SCRATCH/fixture" --out "$SCRATCH/out-of-tree" \
	--tools "$PWD/build/tools/tools"
check "kiln-source is told where the recipe is" grep -q -e "--root $SCRATCH/fixture" "$SCRATCH/out-of-tree/build.ninja"
tap_done
