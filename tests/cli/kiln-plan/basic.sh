#!/bin/bash
# kiln-plan: the graph, what it writes for the stages, exit codes.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-plan/fixture.sh"

make_repo
cd "$repo" || exit 1
plan() { kiln-plan "$@" --tools build/tools/tools; }
work=build/work/x-$host_arch

exits 0 "write" plan write x
check "ninja reads the graph" ninja -f build/build.ninja -t query "$work/rootfs.tar"
is "nine stages" "$(ninja -f build/build.ninja -n | grep -c '^\[')" 9
before=$(stat -c '%i %Y' build/build.ninja $work/*.yaml $work/image.json)
exits 0 "write again" plan write x
is "what is the same is left alone" "$(stat -c '%i %Y' build/build.ninja $work/*.yaml $work/image.json)" "$before"
exits 0 "without names: the default set" plan write
is "the same graph" "$(stat -c '%i %Y' build/build.ninja $work/*.yaml $work/image.json)" "$before"

exits 0 "the layout is YAML that says what the recipe says" ruby -ryaml -e '
	l = YAML.safe_load(File.read(ARGV[0]))
	f = l["root"]["files"].to_h { |x| [x["path"], x] }
	exit 1 unless l["identity"] == "thing/" + ARGV[1] && l["size"] == 3145728 && l["epoch"] == 1757660141
	exit 2 unless f["/etc/text"]["content"] == "a: \"b\"\n" && f["/etc/fstab"]["mode"] == "0600"
	exit 3 unless f["/etc/plain"]["source"] == ARGV[2] + "/recipes/x/files/plain"
	exit 4 unless f["/srv/x"]["directory"] == true && f["/etc/link"]["symlink"] == "plain"
	exit 5 unless l["root"]["delete"] == ["/etc/gone"] && l["esp"]["files"].length == 2
	exit 6 unless f["/etc/fstab"]["source"] == "files/etc/fstab" && f["/etc/fstab"]["gid"] == 5' \
	$work/layout.yaml "$host_arch" "$(pwd -P)"
exits 0 "the data for templates is YAML that says what the recipe says" ruby -ryaml -e '
	v = YAML.safe_load(File.read(ARGV[0]))
	exit 1 unless v["vars"] == {"colour" => "yes", "list" => [1, "two", {"a" => nil}]}
	exit 2 unless v["options"] == [] && v["disk_size"] == 3145728 && v["name"] == "thing"
	exit 3 unless v["root_uuid"] =~ /\A\h{8}-\h{4}-5\h{3}-[89ab]\h{3}-\h{12}\z/
	exit 4 unless v["esp_uuid"] =~ /\A[0-9A-F]{4}-[0-9A-F]{4}\z/' $work/vars.yaml

# Keys: contents count, times do not, and neither does where the checkout is.
keys() { grep -E '^  (key|label)' build/build.ninja; }
keys >"$SCRATCH/keys"
touch -d '2001-01-01' recipes/x/recipe.yaml recipes/x/files/* recipes/x/lock.*
plan write x
check "touching files changes no key" diff "$SCRATCH/keys" <(keys)
changed() { # which stages have another key now
	plan write x
	keys | paste - - >"$SCRATCH/new"
	paste - - <"$SCRATCH/keys" | diff - "$SCRATCH/new" | sed -n 's/^> .*: \([a-z0-9]*\)\t.*/\1/p' | tr '\n' ' '
}
echo more >>recipes/x/files/plain
is "a copied file is in the disk's key" "$(changed)" "render disk lima "
make_repo
cd "$repo" || exit 1
echo '#' >>builder/stages/rootfs-deb
is "the stage's script is in its key" "$(changed)" "rootfs "
make_repo
cd "$repo" || exit 1
sed -i 's/0600/0640/' recipes/x/recipe.yaml
is "a mode is in the disk's key, the recipe in the manifest's" "$(changed)" "disk lima manifest "
make_repo
cd "$repo" || exit 1
echo '# other' >>build/tools/tools/kiln-qcow2/kiln-qcow2
is "a tool is in the keys of its stages" "$(changed)" "qcow2 verify "
make_repo
cd "$repo" || exit 1
is "the same repository again" "$(changed)" ""
mv "$repo" "$SCRATCH/elsewhere"
cd "$SCRATCH/elsewhere" || exit 1
is "another folder" "$(changed)" ""
check_not "no path of this machine in the graph" grep -F "$SCRATCH" build/build.ninja
printf 'libdeflate0 9.9\n' >"$SCRATCH/versions"
kiln-plan write x --tools build/tools/tools --versions "$SCRATCH/versions"
check "versions go into keys" test "$(keys | diff - "$SCRATCH/keys" | grep -c '^< .*key')" = 2
check "and into what the manifest says" grep -q '"libdeflate0": "9.9"' $work/image.json
mv "$SCRATCH/elsewhere" "$repo"
cd "$SCRATCH" || exit 1
exits 0 "from another folder" kiln-plan write x --root "$repo" --out "$SCRATCH/other out" --tools "$repo/build/tools/tools"
check "ninja reads that graph" ninja -f "$SCRATCH/other out/build.ninja" -n

cd "$repo" || exit 1
exits 0 "list" kiln-plan list
check "it shows the variant" grep -Eq "^x +$host_arch +yes +yes +no +A small one" "$SCRATCH/out"
exits 0 "list as JSON" kiln-plan list --json
check "it is JSON" ruby -rjson -e 'exit JSON.parse(File.read(ARGV[0]))[0]["variant"] == "x"' "$SCRATCH/out"
exits 1 "summary of what is not built" kiln-plan summary x
says "it says what to do" 'just build-lima-images x'

# Bad input.
exits 2 "no command" kiln-plan
exits 2 "a variant that there is not" plan write y
says "those there are" 'recipes/y/recipe.yaml does not exist; there is: x'
exits 2 "a variant that is a path" plan write ../x
exits 2 "an option that there is not" plan write x --with gold
says "those there are" 'it has: more'
exits 7 "an architecture that there is not" plan write x --arch sparc
exits 4 "a lock that is not there" plan write x --with more
says "it says what to do" "lock.$host_arch\+more.json: there is no lock; make it with .just lock x"
exits 0 "locks" kiln-plan locks x
check "a good lock" grep -Eq "^x	recipes/x/lock.$host_arch.json	ok$" "$SCRATCH/out"
sed -i 's/\[bash\]/[dash]/' recipes/x/recipe.yaml
exits 4 "a lock of another recipe" plan write x
says "it says what to do" 'made from another recipe than recipes/x/recipe.yaml; .* `just lock x`'
kiln-plan locks x >"$SCRATCH/out"
check "locks says so too" grep -q '	stale$' "$SCRATCH/out"
sed -i 's/^suite:/siute:/' recipes/x/recipe.yaml
exits 3 "an unknown key" plan write x
says "file, line and column" 'recipes/x/recipe.yaml:5:1: unknown key .siute.'
make_repo
cd "$repo" || exit 1
echo '{' >"recipes/x/lock.$host_arch.json"
exits 3 "a malformed lock" plan write x
exits 3 "locks of a malformed lock" kiln-plan locks x
make_repo
cd "$repo" || exit 1
rm recipes/x/files/plain
exits 5 "a file of the recipe that is not there" plan write x
says "it is named" 'recipes/x/recipe.yaml: recipes/x/files/plain: No such file'
make_repo
cd "$repo" || exit 1
rm build/tools/tools/kiln-disk/kiln-disk
exits 7 "a tool that is not there" plan write x
says "it says what to do" 'kiln-disk. is not there; run .just setup. and .just tools'
exits 5 "an output folder that cannot be" kiln-plan write x --out /proc/x
exits 3 "versions that are none" kiln-plan write x --versions <(echo word)
tap_done
