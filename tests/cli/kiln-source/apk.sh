# kiln-source on apk recipes: lock, fetch, verify, repo, and archives that lie.
# shellcheck shell=bash
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-source/apk-fixture.sh" || exit 1
need_apk_programs "kiln-source on apk recipes"
make_apk_archive
make_apk_recipe app openrc
REPO=$SCRATCH/repo
make_repo() { timeout 60 kiln-source repo --lock "$LOCK" --root "$REPOSITORY" -o "$REPO" "$@"; }
cp -a "$ARCHIVE" "$SCRATCH/archive.sound"
restore() {
	rm -rf "$ARCHIVE" "$LIMEKILN_CACHE"
	cp -a "$SCRATCH/archive.sound" "$ARCHIVE"
}
index() { apk_repo index -k "$KEY" "$1"; }
locked() { # FIELD of releases or packages, in order
	python3 -c 'import json, sys
lock = json.load(open(sys.argv[1]))
print(*[x[sys.argv[3]] for x in lock[sys.argv[2]]])' "$LOCK" "$@"
}

# lock
exits 0 "lock from a folder" lock_tiny
is "the closure, and what install_if adds" "$(locked packages name)" "app app-openrc lib openrc zlib"
is "the newest versions" "$(locked packages version)" "2.0-r1 2.0-r1 1.2_rc1-r0 0.55-r1 1.3.1-r1"
is "the source package" "$(locked packages source)" "app-src app-openrc lib openrc zlib"
is "an index for each suite and component" "$(locked releases suite)" "v3.23/community v3.23/main"
is "each with its digest" "$(locked releases sha256)" \
	"$(sha256sum "$COMMUNITY/APKINDEX.tar.gz" "$MAIN/APKINDEX.tar.gz" | cut -d' ' -f1 | paste -sd' ')"
is "and the time of its newest package" "$(locked releases date)" "1700000500 1700000000"
is "the newest of these is the epoch" "$(sed -n 's/.*"epoch": \([0-9]*\),/\1/p' "$LOCK")" 1700000500
is "packages have their files' digests" "$(locked packages sha256 | cut -d' ' -f1)" \
	"$(sha256sum <"$MAIN/app-2.0-r1.apk" | cut -d' ' -f1)"
cp "$LOCK" "$SCRATCH/lock"
exits 0 "lock again" lock_tiny --check
mv "$MAIN/app-2.0-r1.apk" "$SCRATCH/away"
exits 0 "what is in the cache is not brought again" lock_tiny --check
mv "$SCRATCH/away" "$MAIN/app-2.0-r1.apk"
rm -rf "$LIMEKILN_CACHE" "$LOCK"
exits 0 "lock in other surroundings" env TZ=Asia/Tokyo LC_ALL=tr_TR.UTF-8 bash -c '
	umask 077; cd "$1"; shift; exec "$@"' - "$REPOSITORY" \
	timeout 60 kiln-source lock tiny "--mirror=tiny=file://$ARCHIVE"
check "gives the same bytes" cmp "$LOCK" "$SCRATCH/lock"
exits 0 "a mirror named by the environment" env "LIMEKILN_MIRROR_TINY=$ARCHIVE" timeout 60 \
	kiln-source lock tiny --root "$REPOSITORY" --check

# fetch and verify
rm -rf "$LIMEKILN_CACHE"
exits 1 "verify an empty cache" kiln-source verify --lock "$LOCK"
says "names an index" 'the index of v3.23/main is not in the cache'
exits 0 "fetch from a folder" fetch_tiny --stamp "$SCRATCH/stamp"
exits 0 "verify" kiln-source verify --lock "$LOCK"
says "counts packages, indices and the base" 'all 8 files'
exits 0 "fetch again" fetch_tiny
says "brings nothing" '8 files are in the cache, 0 of them new'
cached_index() {
	local digest
	digest=$(sha256sum <"$MAIN/APKINDEX.tar.gz" | cut -d' ' -f1)
	printf '%s/sha256/%.2s/%s\n' "$LIMEKILN_CACHE" "$digest" "$digest"
}
chmod u+w "$(cached_index)"
printf x >>"$(cached_index)"
exits 4 "a changed index in the cache" kiln-source verify --lock "$LOCK"
exits 4 "is not served" make_repo
check_not "and no repository is left" test -e "$REPO"
exits 4 "--repair" kiln-source verify --repair --lock "$LOCK"
exits 5 "an index that is not in the cache" make_repo
says "has a remedy" 'kiln-source fetch'
exits 0 "fetch brings it anew" fetch_tiny

# repo
exits 0 "make a repository" make_repo
is "its files" "$(cd "$REPO" && find . -type f -printf '%P\n' | sort | paste -sd' ')" "Release \
keys/test.rsa.pub repositories v3.23/community/x86_64/APKINDEX.tar.gz \
v3.23/community/x86_64/app-openrc-2.0-r1.apk v3.23/main/x86_64/APKINDEX.tar.gz \
v3.23/main/x86_64/app-2.0-r1.apk v3.23/main/x86_64/lib-1.2_rc1-r0.apk \
v3.23/main/x86_64/openrc-0.55-r1.apk v3.23/main/x86_64/zlib-1.3.1-r1.apk"
check "the index is the archive's own" cmp "$REPO/v3.23/main/x86_64/APKINDEX.tar.gz" \
	"$MAIN/APKINDEX.tar.gz"
is "repositories" "$(paste -sd' ' "$REPO/repositories")" "v3.23/community v3.23/main"
tree_of() { (cd "$1" && find . -printf '%P %m %y\n' -type f -exec sha256sum {} + | sort); }
tree_of "$REPO" >"$SCRATCH/tree.1"
exits 0 "make it again, one thread, another umask" bash -c 'umask 077; exec "$@"' - timeout 60 \
	kiln-source repo --lock "$LOCK" --root "$REPOSITORY" -o "$REPO" --threads 1
tree_of "$REPO" >"$SCRATCH/tree.2"
check "gives the same" diff "$SCRATCH/tree.1" "$SCRATCH/tree.2"
is "nothing is left beside it" "$(find "$SCRATCH" -maxdepth 1 -name '.*.kiln-tmp' | wc -l)" 0

# What the archive has lost
rm "$MAIN/app-2.0-r1.apk"
make_apk "$MAIN" app 2.1-r0 'depend = lib'
make_apk "$MAIN" app 2.0.9-r7
index "$MAIN"
exits 0 "all in the cache: the archive is not asked" fetch_tiny
rm -rf "$LIMEKILN_CACHE"
exits 6 "a package the archive no longer has" fetch_tiny --stale-list "$SCRATCH/stale"
says "is named" 'no longer has app 2.0-r1 \(v3.23/main/x86_64/app-2.0-r1.apk\)'
says "with the newer candidate" 'v3.23/main now lists app 2.1-r0'
says "and the remedy" '`just lock tiny`, or build without --locked'
is "it is listed, with its index" "$(cut -f1 "$SCRATCH/stale" | paste -sd' ')" "index app"
rm "$MAIN"/app-*.apk
index "$MAIN"
exits 6 "a package that is not even listed" fetch_tiny
says "is told" 'v3.23/main lists app no longer'
restore
make_apk "$MAIN" unrelated 1-r0
index "$MAIN"
exits 6 "an index that was replaced" fetch_tiny --stale-list "$SCRATCH/stale"
says "is named" 'has replaced the index v3.23/main/x86_64/APKINDEX.tar.gz.*just lock tiny'
is "and listed" "$(cat "$SCRATCH/stale")" \
	"$(printf 'index\t-\t-\ttiny\tv3.23/main/x86_64/APKINDEX.tar.gz')"
exits 1 "the lock would change" lock_tiny --check
exits 0 "a new lock" lock_tiny
exits 0 "mends it" fetch_tiny
cp "$SCRATCH/lock" "$LOCK"

# Recipes that cannot be solved
restore
make_apk_recipe app extra
exits 3 "an unsatisfied dependency" lock_tiny
says "names the chain" 'recipe.yaml: for x86_64: no way to install extra, but extra-7-r0 cannot be had: it needs gone, which nothing provides'
make_apk_recipe app nosuch
exits 3 "an unknown package" lock_tiny
says "is named" 'no way to install nosuch, which nothing provides'
make_apk_recipe app openrc
check "the lock stays as it was" cmp "$LOCK" "$SCRATCH/lock"

# Archives that lie. refuses CODE NAME PATTERN: lock in an empty cache.
refuses() {
	rm -rf "$LIMEKILN_CACHE"
	exits "$1" "$2" lock_tiny
	says "$2: says why" "$3"
	check "$2: the lock stays as it was" cmp "$LOCK" "$SCRATCH/lock"
	restore
}
flip() { # FILE OFFSET
	python3 -c 'import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[2])] ^= 1
open(sys.argv[1], "wb").write(data)' "$1" "$2"
}
members() { # FILE: the offsets of its gzip members
	python3 -c 'import sys, zlib
data, at = open(sys.argv[1], "rb").read(), 0
while at < len(data):
    print(at)
    d = zlib.decompressobj(31)
    d.decompress(data[at:])
    at = len(data) - len(d.unused_data)' "$1"
}
second() { members "$1" | sed -n 2p; }
third() { members "$1" | sed -n 3p; }

apk_repo key "$SCRATCH/private" other
apk_repo index -k "$SCRATCH/private/other.rsa" "$MAIN"
refuses 4 "an index signed by an unknown key" 'signed by none of the recipe.s keys, but as .SIGN.RSA.other.rsa.pub'
mkdir "$SCRATCH/private/same"
cp "$SCRATCH/private/other.rsa" "$SCRATCH/private/same/test.rsa"
apk_repo index -k "$SCRATCH/private/same/test.rsa" "$MAIN"
refuses 4 "an index signed by another key of that name" 'key test.rsa.pub: the signature does not fit'
tail -c "+$(($(second "$MAIN/APKINDEX.tar.gz") + 1))" "$MAIN/APKINDEX.tar.gz" >"$SCRATCH/unsigned"
cp "$SCRATCH/unsigned" "$MAIN/APKINDEX.tar.gz"
refuses 4 "an index without a signature" 'is not signed'
head -c "$(second "$MAIN/APKINDEX.tar.gz")" "$MAIN/APKINDEX.tar.gz" >"$SCRATCH/signature"
make_apk "$MAIN" app 3-r0
index "$MAIN"
tail -c "+$(($(second "$MAIN/APKINDEX.tar.gz") + 1))" "$MAIN/APKINDEX.tar.gz" >"$SCRATCH/rest"
cat "$SCRATCH/signature" "$SCRATCH/rest" >"$MAIN/APKINDEX.tar.gz"
refuses 4 "an index with another's signature" 'the signature does not fit'
printf x >>"$MAIN/APKINDEX.tar.gz"
refuses 4 "an index with something behind it" 'the signature does not fit'
for at in 0 20 100 "$(second "$MAIN/APKINDEX.tar.gz")"; do
	head -c "$at" "$SCRATCH/archive.sound/v3.23/main/x86_64/APKINDEX.tar.gz" >"$MAIN/APKINDEX.tar.gz"
	refuses 4 "an index cut off at $at" 'APKINDEX.tar.gz: '
done
flip "$MAIN/APKINDEX.tar.gz" "$(($(second "$MAIN/APKINDEX.tar.gz") + 40))"
refuses 4 "a flipped bit in an index" 'the signature does not fit'
echo '<html>no such page</html>' >"$MAIN/APKINDEX.tar.gz"
refuses 4 "a page in place of an index" 'gzip data is malformed'
rm "$MAIN/APKINDEX.tar.gz"
refuses 6 "no index" "the archive 'tiny' has no v3.23/main/x86_64/APKINDEX.tar.gz"

package=$MAIN/zlib-1.3.1-r1.apk
flip "$package" "$(($(stat -c %s "$package") - 20))"
refuses 4 "a flipped bit in a package's files" "zlib-1.3.1-r1.apk: .PKGINFO has another datahash"
flip "$package" "$(($(second "$package") + 30))"
refuses 4 "a flipped bit in a package's control part" 'zlib-1.3.1-r1.apk: '
head -c -1 "$package" >"$SCRATCH/short"
cp "$SCRATCH/short" "$package"
refuses 4 "a package cut off" 'zlib-1.3.1-r1.apk: is [0-9]+ bytes long; the index says'
make_apk "$MAIN" zlib 1.3.1-r1 'provides = so:libz.so.1=1.3.1' 'license = other'
refuses 4 "another package of that name, well signed" 'zlib-1.3.1-r1.apk: '
cp "$MAIN/openrc-0.55-r1.apk" "$package"
refuses 4 "another package under that name" 'zlib-1.3.1-r1.apk: '
KEY=$SCRATCH/private/other.rsa make_apk "$MAIN" zlib 1.3.1-r1 'provides = so:libz.so.1=1.3.1'
index "$MAIN"
refuses 4 "a package signed by an unknown key" 'zlib-1.3.1-r1.apk: is signed by none'
rm "$package"
refuses 6 "a package that is listed, but not there" "lists zlib 1.3.1-r1, but has no v3.23/main"
cat "$SCRATCH/archive.sound/v3.23/main/x86_64/zlib-1.3.1-r1.apk" >"$SCRATCH/whole"
head -c "$(third "$SCRATCH/whole")" "$SCRATCH/whole" >"$package"
refuses 4 "a package without files" 'is [0-9]+ bytes long; the index says'

# fetch from such archives
rm -rf "$LIMEKILN_CACHE"
flip "$package" 100
exits 4 "fetch: a changed package" fetch_tiny
restore
apk_repo index -k "$SCRATCH/private/same/test.rsa" "$MAIN"
exits 4 "fetch: an index that is not the archive's" fetch_tiny
says "says so" 'v3.23/main/x86_64/APKINDEX.tar.gz: key test.rsa.pub: the signature does not fit'
restore
exits 0 "fetch: a sound archive" fetch_tiny

# Keys
rm "$KEYS"/*
exits 3 "no keys" lock_tiny
says "are missed" 'folder of keys .*keys: holds no file'
cp "$SCRATCH/private/other.rsa.pub" "$KEYS/"
exits 4 "a repository needs the keys" make_repo
cp "$KEY.pub" "$KEYS/"
exits 0 "of several keys the right one is taken" lock_tiny --check
echo nonsense >"$KEYS/test.rsa.pub"
rm -rf "$LIMEKILN_CACHE"
exits 3 "a key that is none" lock_tiny
says "is named" 'key test.rsa.pub: is no RSA public key'
cp "$KEY.pub" "$KEYS/"
sed -i 's/, keys: [^}]*}/}/' "$REPOSITORY/recipes/tiny/recipe.yaml"
exits 3 "an archive without keys" lock_tiny
make_apk_recipe app openrc

# Signatures over SHA-256
apk_repo index -k "$KEY" -d sha256 "$MAIN"
exits 0 "a signature over SHA-256" lock_tiny
check "is one" bash -c 'gzip -dc "$1" 2>/dev/null | tar t | grep -q "^.SIGN.RSA256.test"' - \
	"$MAIN/APKINDEX.tar.gz"
restore
cp "$SCRATCH/lock" "$LOCK"

# From a server
STATE=$SCRATCH/server
mkdir "$STATE"
python3 "$TOP/tests/cli/kiln-source/server.py" "$ARCHIVE" "$STATE" &
server_pid=$!
for _ in $(seq 100); do
	[ -s "$STATE/port" ] && break
	sleep 0.1
done
URL=http://127.0.0.1:$(cat "$STATE/port")
export no_proxy=127.0.0.1
exits 0 "lock from a server" timeout 60 kiln-source lock tiny --root "$REPOSITORY" \
	--mirror "tiny=$URL" --check
rm -rf "$LIMEKILN_CACHE"
exits 0 "fetch from it" timeout 60 kiln-source fetch --lock "$LOCK" --root "$REPOSITORY" \
	--mirror "tiny=$URL"
check "indices and packages were asked for" bash -c '
	grep -q main/x86_64/APKINDEX.tar.gz "$1" && grep -q app-openrc-2.0-r1.apk "$1"' - "$STATE/log"
exits 0 "all of it is right" kiln-source verify --lock "$LOCK"
kill "$server_pid"
wait "$server_pid" 2>/dev/null
rm -rf "$LIMEKILN_CACHE"
exits 6 "a server that is not there" timeout 60 kiln-source lock tiny --root "$REPOSITORY" \
	--mirror "tiny=$URL"
tap_done
