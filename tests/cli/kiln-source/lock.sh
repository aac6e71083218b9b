# kiln-source lock: apt's solver on an archive of our own.
# shellcheck shell=bash
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-source/fixture.sh" || exit 1
need_programs "kiln-source lock"
make_archive
make_recipe app patched

field() { # FIELD: of every package, one a line
	python3 -c 'import json, sys
for p in json.load(open(sys.argv[1]))["packages"]:
    print(p[sys.argv[2]])' "$LOCK" "$1"
}

exits 0 "a first lock" lock_tiny --arch x86_64
is "its packages: asked for, essential, depended on; nothing recommended" \
	"$(field name | paste -sd' ')" "app base lib patched"
is "epoch and pre-release are kept in versions" "$(field version | sed -n 1p)" "1:2.0~rc1+b1"
is "source packages" "$(field source | paste -sd' ')" "app-src base lib patched"
is "archives" "$(field archive | paste -sd' ')" "tiny tiny tiny tiny-security"
check "paths, sizes and digests are those of the files" bash -c '
	cd "$1" && python3 - "$2" <<END
import hashlib, json, os, sys
lock = json.load(open(sys.argv[1]))
top = {"tiny": "main/", "tiny-security": "security/"}
for p in lock["packages"]:
    data = open(top[p["archive"]] + p["path"], "rb").read()
    assert len(data) == p["size"], p
    assert hashlib.sha256(data).hexdigest() == p["sha256"], p
for r in lock["releases"]:
    data = open(top[r["archive"]] + r["path"], "rb").read()
    assert hashlib.sha256(data).hexdigest() == r["sha256"], r
assert lock["epoch"] == max(r["date"] for r in lock["releases"])
assert [r["suite"] for r in lock["releases"]] == ["stone", "stone-security"]
END' - "$ARCHIVE" "$LOCK"
check "it is canonical JSON" bash -c 'python3 -c "
import json, sys
text = open(sys.argv[1]).read()
assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + chr(10)" "$1"' - "$LOCK"

cp "$LOCK" "$SCRATCH/first"
before=$(stat -c '%i %Y' "$LOCK")
exits 0 "lock again" lock_tiny --arch x86_64
is "the file is left alone" "$(stat -c '%i %Y' "$LOCK")" "$before"
sleep 1
make_index main
exits 0 "lock again when the index was signed anew" lock_tiny --arch x86_64
check "no byte changes" cmp "$LOCK" "$SCRATCH/first"
exits 0 "--check agrees" lock_tiny --arch x86_64 --check

exits 0 "the other architecture" lock_tiny --arch aarch64
check "has a lock of its own" grep -q '"arch": "arm64"' "$REPOSITORY/recipes/tiny/lock.aarch64.json"
exits 0 "an option" lock_tiny --arch x86_64 --with more
check "has a lock of its own, with its package" \
	grep -q '"name": "extra"' "$REPOSITORY/recipes/tiny/lock.x86_64+more.json"

make_deb "$ARCHIVE/security/pool" lib 1.1 all
make_index security
exits 1 "--check sees a new version" lock_tiny --arch x86_64 --check
check "and writes nothing" cmp "$LOCK" "$SCRATCH/first"
check "and shows it" grep -Fxq '~ lib 1.0 -> 1.1' "$SCRATCH/out"
exits 0 "lock the new version" lock_tiny --arch x86_64
check "the difference is shown" grep -Fxq '~ lib 1.0 -> 1.1' "$SCRATCH/out"
check_not "what stays is not" grep -q '^[~+-] app' "$SCRATCH/out"
make_recipe app extra
exits 0 "lock a changed recipe" lock_tiny --arch x86_64
check "a package that came" grep -Fxq '+ extra 1' "$SCRATCH/out"
check "a package that went" grep -Fxq -- '- patched 3-1' "$SCRATCH/out"

# Mirrors
run env LIMEKILN_MIRROR_TINY="$ARCHIVE/main" \
	LIMEKILN_MIRROR_TINY_SECURITY="file://$ARCHIVE/security" \
	kiln-source lock tiny --root "$REPOSITORY" --keyring "$KEYRING" --arch x86_64 --check
is "mirrors from the environment" "$status" 0
host_sources() { # sets this machine's apt sources, as far as the tools see them
	mkdir -p "$SCRATCH/etc/sources"
	cat >"$SCRATCH/etc/sources/a.sources"
	cat >"$SCRATCH/etc/apt.conf" <<-END
		Dir::Etc::SourceList "/dev/null";
		Dir::Etc::SourceParts "$SCRATCH/etc/sources";
		APT::Install-Recommends "true";
		APT::Default-Release "nonsense";
	END
}
lock_by_host() {
	APT_CONFIG=$SCRATCH/etc/apt.conf LC_ALL=de_DE.UTF-8 TZ=Asia/Tokyo timeout 60 \
		kiln-source lock tiny --root "$REPOSITORY" --keyring "$KEYRING" --arch x86_64 "$@"
}
host_sources <<<'nonsense'
exits 2 "apt sources that apt cannot read" lock_by_host
says "are named with the remedy" "host's apt configuration.*--mirror"
host_sources </dev/null
exits 2 "no mirror" lock_by_host
says "names the remedy" "tiny.*--mirror tiny=URL or LIMEKILN_MIRROR_TINY=URL"
start_server
host_sources <<END
Types: deb
URIs: http://127.0.0.1:9/other
Suites: rock
Components: main

Types: deb
URIs: $URL/security/
Suites: stone-security
Components: main

Types: deb
URIs: $URL/main
Suites: stone
Components: main
END
exits 0 "mirrors from the host's apt, whose other settings have no say" lock_by_host --check
printf 'deb [trusted=yes] %s/main stone main\ndeb %s/security stone-security main\n' "$URL" "$URL" \
	>"$SCRATCH/etc/sources/a.list"
rm "$SCRATCH/etc/sources/a.sources"
exits 0 "in the one-line style too" lock_by_host --check
printf '# mirrors\n\n%s/main\tpriority:1\nhttp://127.0.0.1:9/\n' "$URL" >"$SCRATCH/etc/list"
printf 'deb cdrom:[Stone]/ stone main\ndeb mirror+file:%s stone main\ndeb %s/security stone-security main\n' \
	"$SCRATCH/etc/list" "$URL" >"$SCRATCH/etc/sources/a.list"
exits 0 "a list of mirrors, behind a disc" lock_by_host --check
if grep -qx 'ID=debian' /etc/os-release; then
	host=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	printf 'deb http://127.0.0.1:9/x %s extra\ndeb %s/main %s main\ndeb %s/security %s-security main\n' \
		"$host-backports" "$URL" "$host" "$URL" "$host" >"$SCRATCH/etc/sources/a.list"
	exits 0 "the like suites of the host's own release" lock_by_host --check
else
	skip "the like suites of the host's own release" "this host is no Debian"
fi
stop_server
exits 2 "a mirror that is neither" lock_tiny --mirror tiny=ftp://127.0.0.1/
exits 2 "a mirror with a password" lock_tiny --mirror tiny=http://me:secret@127.0.0.1/
check_not "which is not repeated" grep -q secret "$SCRATCH/err"
exits 2 "a mirror without an archive" lock_tiny --mirror "$ARCHIVE"
exits 2 "a mirror of an archive that is not the recipe's" lock_tiny --mirror "tini=$ARCHIVE/main"
exits 2 "one mirror for two archives" lock_tiny --mirror "tiny=$ARCHIVE/security"
says "is explained" 'could not tell them apart'
exits 5 "a folder that is not there" lock_tiny --mirror "tiny=$SCRATCH/nowhere"
start_server
exits 0 "a server as mirror" lock_tiny --mirror "tiny=$URL/main" --arch x86_64 --check
stop_server
exits 6 "a server that is away" lock_tiny --mirror "tiny=$URL/main" --arch x86_64 --check

# Refusals
cp "$LOCK" "$SCRATCH/first"
make_recipe app nosuch
exits 3 "a package that does not exist" lock_tiny --arch x86_64
says "is named by apt" "nosuch"
make_recipe app virtual
exits 3 "a virtual package" lock_tiny --arch x86_64
says "is named" "no package named 'virtual'"
make_recipe app torn
make_deb "$ARCHIVE/main/pool" torn 1 all 'Depends: lib (>= 9)'
make_index main
exits 3 "packages that cannot be together" lock_tiny --arch x86_64
says "the reasons are given" 'torn : Depends: lib \(>= 9\)'
rm "$ARCHIVE/main/pool/torn_1_all.deb"
make_index main
make_recipe app extra
exits 7 "an architecture the recipe does not have" lock_tiny --arch riscv64
exits 2 "an option the recipe does not have" lock_tiny --with less
exits 2 "a recipe that is not there" kiln-source lock nosuch --root "$REPOSITORY"
cp "$KEYRING" "$SCRATCH/with blank.gpg"
exits 7 "a keyring with a blank in its name" lock_tiny --keyring "$SCRATCH/with blank.gpg"
LIMEKILN_CACHE="$SCRATCH/cache of mine" exits 0 "a cache with blanks in its name" \
	lock_tiny --arch x86_64
if [ "$(id -u)" -ne 0 ]; then
	skip "as another user" "this is an ordinary user already"
elif have setpriv; then
	chmod 755 "$SCRATCH"
	install -d -o 65534 -g 65534 "$SCRATCH/nobody"
	LIMEKILN_CACHE=$SCRATCH/nobody HOME=$SCRATCH/nobody exits 0 "as an ordinary user" \
		setpriv --reuid=65534 --regid=65534 --clear-groups "$(command -v kiln-source)" \
		lock tiny --root "$REPOSITORY" --keyring "$KEYRING" --arch x86_64 --check \
		--mirror "tiny=$ARCHIVE/main" --mirror "tiny-security=$ARCHIVE/security"
else
	skip "as an ordinary user" "root, and no setpriv"
fi
exits 5 "a keyring that is not there" lock_tiny --keyring "$SCRATCH/none.gpg"
make_key two@example.org
sign_index main --local-user two@example.org
sed -i 's/^Suite: .*/Suite: stone/' "$SCRATCH/Release"
exits 4 "an index signed by a stranger" lock_tiny --arch x86_64
cp "$SCRATCH/Release" "$ARCHIVE/main/dists/stone/InRelease"
exits 4 "an index that is not signed" lock_tiny --arch x86_64
make_deb "$ARCHIVE/main/pool" newcomer 1 all
make_index main
echo >>"$ARCHIVE/main/dists/stone/main/binary-amd64/Packages"
exits 4 "an index that differs from its signed digest" lock_tiny --arch x86_64
check "after all of these the lock is as it was" cmp "$LOCK" "$SCRATCH/first"
make_index main

mkdir -p "$SCRATCH/small"
if mount -t tmpfs -o size=300k tmpfs "$SCRATCH/small" 2>/dev/null; then
	LIMEKILN_CACHE=$SCRATCH/small exits 5 "a full disk under apt" lock_tiny --arch x86_64
	umount "$SCRATCH/small"
else
	skip "a full disk under apt" "no small file system can be mounted (needs root)"
fi
check "the lock is as it was" cmp "$LOCK" "$SCRATCH/first"

lock_tiny --arch x86_64 >"$SCRATCH/out.1" 2>&1 &
one=$!
lock_tiny --arch x86_64 >"$SCRATCH/out.2" 2>&1 &
two=$!
check "two at once: the one" wait $one
check "two at once: the other" wait $two

printf '{' >"$LOCK"
exits 0 "a lock that is damaged is made anew" lock_tiny --arch x86_64
says "with a warning" "lock.x86_64.json.*made anew"
is "with the same packages" "$(field version | paste -sd' ')" \
	"$(python3 -c 'import json, sys
print(*[p["version"] for p in json.load(open(sys.argv[1]))["packages"]])' "$SCRATCH/first")"
end_fixture
