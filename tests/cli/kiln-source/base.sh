# kiln-source and base images: locked by their publisher's digest, fetched, verified, handed on.
# shellcheck shell=bash
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-source/fixture.sh" || exit 1
need_programs "kiln-source base"
make_archive
BASE=release-20260705/disk-1.9.0-x86_64.img
mkdir -p "$ARCHIVE/images/release-20260705" "$ARCHIVE/images/release-20251231" "$ARCHIVE/images/release-current"
head -c 3000000 /dev/urandom >"$ARCHIVE/images/$BASE"
sha512=$(sha512sum <"$ARCHIVE/images/$BASE" | cut -d' ' -f1)
sha256=$(sha256sum <"$ARCHIVE/images/$BASE" | cut -d' ' -f1)

# based_recipe DIGEST [URL]: the tiny recipe with a base for x86_64 and aarch64.
based_recipe() {
	make_recipe app patched
	sed -i -e "s|^  - {name: tiny-security.*|&\n  - {name: images${2:+, url: \"$2\"}}|" \
		-e "s#^  \(x86_64\|aarch64\):#&\n    base: {archive: images, path: $BASE, digest: \"$1\"}#" \
		-e 's|^disk:|customize: recipes/tiny/c.erb\n&|' "$REPOSITORY/recipes/tiny/recipe.yaml"
}
# shellcheck disable=SC2120 # `exits` passes them
lock_based() { lock_tiny --arch x86_64 --mirror "images=${IMAGES:-$ARCHIVE/images}" "$@"; }
fetch_based() { fetch_tiny --root "$REPOSITORY" --mirror "images=$URL/images" "$@"; }
base_field() { # KEY of the lock's base
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get("base", {}).get(sys.argv[2], "none"))' \
		"$LOCK" "$1"
}
in_cache() { printf '%s/%s/%.2s/%s' "$LIMEKILN_CACHE" "$1" "$2" "$2"; }
forget() { rm -rf "$LIMEKILN_CACHE" "$LOCK"; }

# Locking, with a folder for a mirror.
based_recipe "sha512:$sha512"
exits 0 "lock with a base named by SHA-512" lock_based
is "the recipe's digest is in the lock" "$(base_field digest)" "sha512:$sha512"
is "and the SHA-256" "$(base_field sha256)" "$sha256"
is "and the size" "$(base_field size)" 3000000
is "archive and path" "$(base_field archive) $(base_field path)" "images $BASE"
check "the difference names it" grep -qx "+ base image $BASE" "$SCRATCH/out"
check "it is in the cache" cmp "$(in_cache sha256 "$sha256")" "$ARCHIVE/images/$BASE"
is "once, under two names" "$(stat -c %h "$(in_cache sha512 "$sha512")")" 2
is "packages come without the essential ones, which the base has" \
	"$(python3 -c 'import json, sys; print(*[p["name"] for p in json.load(open(sys.argv[1]))["packages"]])' "$LOCK")" \
	"app base lib patched"
cp "$LOCK" "$SCRATCH/first"
mv "$ARCHIVE/images/$BASE" "$SCRATCH/kept"
exits 0 "lock again: the file is not needed" lock_based
check "no byte changes" cmp "$LOCK" "$SCRATCH/first"
rm "$LOCK"
exits 0 "nor without the lock, as it is in the cache" lock_based
check "the same lock" cmp "$LOCK" "$SCRATCH/first"
mv "$SCRATCH/kept" "$ARCHIVE/images/$BASE"
forget
based_recipe "sha256:$sha256"
exits 0 "a base named by SHA-256" lock_based
is "digest and SHA-256 agree" "$(base_field digest)" "sha256:$(base_field sha256)"
check "it is in the cache" cmp "$(in_cache sha256 "$sha256")" "$ARCHIVE/images/$BASE"
check "by one name" test ! -e "$LIMEKILN_CACHE/sha512"
exits 0 "--without-base keeps what is known" lock_based --without-base
is "of it" "$(base_field sha256)" "$sha256"
rm "$LOCK"
exits 0 "--without-base, no lock" lock_based --without-base
is "there is none in it" "$(base_field sha256)" none

for wrong in "sha512:${sha512%?}$(echo "${sha512: -1}" | tr 0-9a-f 1-9a-f0)" \
	"sha256:${sha256%?}$(echo "${sha256: -1}" | tr 0-9a-f 1-9a-f0)"; do
	forget
	based_recipe "$wrong"
	exits 4 "another ${wrong%%:*} in the recipe" lock_based
	says "says both" "has the SHA-${wrong:3:3} .*, the recipe wants ${wrong#*:}; try another mirror"
	check_not "makes no lock" test -e "$LOCK"
	is "leaves nothing in the cache" "$(find "$LIMEKILN_CACHE" -path '*/sha*' -type f | wc -l)" 0
done

# From a server: it tells the size.
forget
start_server
IMAGES=$URL/images
based_recipe "sha512:$sha512"
exits 0 "lock from a server" lock_based
is "the same lock" "$(sha256sum <"$LOCK")" "$(sha256sum <"$SCRATCH/first")"
for case in 'a cut connection:["cut"]' 'no length, ended early:["nolength"]' 'busy:["busy", "500"]' \
	'a server without ranges:["cut", "norange"]' 'a redirect:["redirect"]'; do
	forget
	faults "{\"disk-\": ${case#*:}}"
	IMAGES=$URL/images
	run lock_based
	if [ "${case%%:*}" = "no length, ended early" ]; then
		# Without a length nobody can tell: the digest does, and the file is not resumed.
		is "${case%%:*}: noticed by the digest" "$status" 4
	else
		is "${case%%:*}: in the end it is there" "$status:$(base_field sha256)" "0:$sha256"
	fi
done
forget
faults '{"disk-": ["cut", "cut*"]}'
IMAGES=$URL/images
lock_based >/dev/null 2>&1
part=$(find "$LIMEKILN_CACHE" -name "$sha512.part")
check "what came of it stays" test -s "$part"
rm "$STATE/faults.json"
exits 0 "the next run goes on" lock_based
check "from there" grep -q 'disk-.* 206 bytes=' "$STATE/log"
check_not "the part is gone" test -e "$part"
for case in '404:404:6' 'wrong bytes:wrong:4' '403:403:6' 'a redirect to a local file:elsewhere:6'; do
	forget
	IFS=: read -r name fault code <<<"$case"
	faults "{\"disk-\": [\"$fault*\"]}"
	IMAGES=$URL/images
	exits "$code" "$name" lock_based
	check_not "$name: no lock" test -e "$LOCK"
done

# What is gone: the newest that is called alike.
gone() { # NAME PATTERN: the base is gone from folder and server, the message matches
	rm -rf "$LIMEKILN_CACHE"
	IMAGES=$ARCHIVE/images
	exits 6 "$1" lock_based
	says "$1: says what there is" "$2"
	IMAGES=$URL/images
	exits 6 "$1, server" lock_based
	says "$1, server: says what there is" "$2"
}
rm -f "$LOCK"
faults '{}'
mv "$ARCHIVE/images/$BASE" "$SCRATCH/kept"
gone "nothing alike" "no longer has the base image $BASE; put the path and digest of a newer one into recipes/tiny/recipe.yaml"
touch "$ARCHIVE/images/release-20260705/disk-1."{8.9,9.1,10.0,9.9}"-x86_64.img" \
	"$ARCHIVE/images/release-20260705/disk-9.9.9-aarch64.img" "$ARCHIVE/images/release-20260705/disk-2.0.0-x86_64.img.sig"
gone "a newer file in its folder" "it has release-20260705/disk-1.10.0-x86_64.img: put that path and its digest into recipes/tiny/recipe.yaml, then run \`just lock tiny\`"
rm -rf "$ARCHIVE/images/release-20260705"
gone "no newer folder" 'put the path and digest of a newer one'
mkdir "$ARCHIVE/images/release-20260801" "$ARCHIVE/images/release-20261102"
gone "a newer folder" 'it has release-20261102/disk-1.9.0-x86_64.img: put that path'

# Fetching what is locked.
mkdir -p "$ARCHIVE/images/release-20260705"
cp "$SCRATCH/kept" "$ARCHIVE/images/$BASE"
rm -rf "$LIMEKILN_CACHE"
cp "$SCRATCH/first" "$LOCK"
exits 0 "fetch" fetch_based
says "counts it" '5 files are in the cache, 5 of them new'
check "the base is there" cmp "$(in_cache sha256 "$sha256")" "$SCRATCH/kept"
exits 0 "verify" kiln-source verify --lock "$LOCK"
says "counts it" 'all 5 files'
mkdir "$SCRATCH/work"
exits 0 "repo --base" kiln-source repo --lock "$LOCK" -o "$SCRATCH/work/repo" --base "$SCRATCH/work/base.qcow2"
check "hands it on" cmp "$SCRATCH/work/base.qcow2" "$SCRATCH/kept"
exits 0 "again" kiln-source repo --lock "$LOCK" -o "$SCRATCH/work/repo" --base "$SCRATCH/work/base.qcow2"
is "and leaves nothing else" "$(ls -A "$SCRATCH/work")" "base.qcow2
repo"
chmod u+w "$(in_cache sha256 "$sha256")"
printf 'x' | dd of="$(in_cache sha256 "$sha256")" conv=notrunc bs=1 seek=1000 status=none
exits 4 "repo --base with a broken file in the cache" \
	kiln-source repo --lock "$LOCK" -o "$SCRATCH/work/repo" --base "$SCRATCH/work/base.qcow2"
exits 4 "verify sees it" kiln-source verify --lock "$LOCK"
exits 4 "and moves it aside" kiln-source verify --repair --lock "$LOCK"
exits 1 "then it is missing" kiln-source verify --lock "$LOCK"
says "by name" 'the base image release-20260705'
exits 0 "fetch brings it anew" fetch_based
check "right" cmp "$(in_cache sha256 "$sha256")" "$SCRATCH/kept"
rm -rf "$LIMEKILN_CACHE"
exits 0 "fetch --without-base" fetch_based --without-base
check_not "leaves it out" test -e "$(in_cache sha256 "$sha256")"
rm "$ARCHIVE/images/$BASE"
exits 6 "fetch: it is gone" fetch_based --stale-list "$SCRATCH/stale"
says "names the candidate" 'it has release-20261102/disk-1.9.0-x86_64.img'
is "the list has it" "$(cat "$SCRATCH/stale")" "$(printf 'base-image\t-\t-\timages\t%s' "$BASE")"
cp "$SCRATCH/kept" "$ARCHIVE/images/$BASE"

# The archive's own server, when nothing else is named.
forget
based_recipe "sha512:$sha512" "$URL/images"
exits 0 "the recipe's url" lock_tiny --arch x86_64
is "is used" "$(base_field sha256)" "$sha256"
rm -rf "$LIMEKILN_CACHE"
exits 0 "by fetch, too" fetch_tiny --root "$REPOSITORY"
check "which finds it in the recipe" cmp "$(in_cache sha256 "$sha256")" "$SCRATCH/kept"
rm -rf "$LIMEKILN_CACHE"
exits 2 "without the recipe" fetch_tiny --root "$SCRATCH"
says "nobody knows a server" "no mirror for archive 'images'"
forget
exits 0 "a variable comes before the recipe's url" env LIMEKILN_MIRROR_IMAGES="$ARCHIVE/images" \
	timeout 60 kiln-source lock tiny --root "$REPOSITORY" --keyring "$KEYRING" --arch x86_64 \
	--mirror "tiny=$ARCHIVE/main" --mirror "tiny-security=$ARCHIVE/security"
forget
sed -i "s|url: \"$URL/images\"|url: {aarch64: \"$URL/images\"}|" "$REPOSITORY/recipes/tiny/recipe.yaml"
exits 2 "a url for another architecture" lock_tiny --arch x86_64
exits 0 "is for that one" lock_tiny --arch aarch64

# Keyrings of archives.
gpg --batch --export nobody@example.org >"$SCRATCH/empty.gpg" 2>/dev/null
sed -i "s|name: tiny, |name: tiny, keyring: $KEYRING, |; s|name: tiny-security, |name: tiny-security, keyring: $KEYRING, |" \
	"$REPOSITORY/recipes/tiny/recipe.yaml"
exits 0 "keyrings that the recipe names" timeout 60 kiln-source lock tiny --root "$REPOSITORY" --arch aarch64 \
	--mirror "tiny=$ARCHIVE/main" --mirror "tiny-security=$ARCHIVE/security"
sed -i "s|name: tiny, keyring: $KEYRING|name: tiny, keyring: /nowhere/keys.gpg|" "$REPOSITORY/recipes/tiny/recipe.yaml"
exits 5 "one that is not there" timeout 60 kiln-source lock tiny --root "$REPOSITORY" --arch aarch64 \
	--mirror "tiny=$ARCHIVE/main" --mirror "tiny-security=$ARCHIVE/security"
says "is named" "keyring /nowhere/keys.gpg of archive 'tiny'"
exits 0 "--keyring is for all" lock_tiny --arch aarch64
end_fixture
