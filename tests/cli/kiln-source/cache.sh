# kiln-source verify and repo, and what locks and caches may not be like.
# shellcheck shell=bash
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-source/fixture.sh" || exit 1
need_programs "kiln-source verify and repo"
make_archive
make_recipe app patched extra
lock_tiny --arch x86_64 >"$SCRATCH/out" 2>&1 || { cat "$SCRATCH/out"; exit 1; }
from_folder() {
	timeout 60 kiln-source fetch --lock "$LOCK" --mirror "tiny=$ARCHIVE/main" \
		--mirror "tiny-security=$ARCHIVE/security"
}
from_folder 2>"$SCRATCH/err" || { cat "$SCRATCH/err"; exit 1; }
flip() { # FILE: its last byte
	local last
	last=$(tail -c 1 "$1" | od -An -tu1)
	chmod u+w "$1"
	# shellcheck disable=SC2059 # an octal escape is wanted
	printf "\\$(printf %o $((last ^ 1)))" |
		dd of="$1" bs=1 seek=$(($(stat -c %s "$1") - 1)) conv=notrunc status=none
	chmod 444 "$1"
}
REPO=$SCRATCH/repo
make_repo() { timeout 60 kiln-source repo --lock "$LOCK" -o "$REPO"; }

# verify
exits 0 "verify a sound cache" kiln-source verify --lock "$LOCK"
rm -f "$(cached patched)"
exits 1 "a missing file" kiln-source verify --lock "$LOCK"
says "is named" 'patched 3-1 is not in the cache'
says "with the remedy" 'kiln-source fetch --lock'
flip "$(cached app)"
exits 4 "a flipped bit" kiln-source verify --lock "$LOCK" --threads 1
says "is found and its path named" "$(cached app): has the SHA-256"
says "with the remedy" 'kiln-source verify --repair --lock'
exits 4 "a flipped bit, many threads" kiln-source verify --lock "$LOCK" --threads 7
exits 4 "--repair" kiln-source verify --repair --lock "$LOCK"
check "moves it aside" test -e "$(cached app).wrong"
exits 0 "so that fetch brings it anew" from_folder
exits 0 "and all is well" kiln-source verify --lock "$LOCK"

# repo
exits 0 "make a repository" make_repo
check "apt-ftparchive finds the same in its files" bash -c '
	cd "$1" && apt-ftparchive --md5=no --sha1=no --sha512=no packages pool 2>/dev/null | sort >"$2"
	sort Packages | diff - "$2"' - "$REPO" "$SCRATCH/ftparchive"
is "its index is sorted by name" "$(sed -n 's/^Package: //p' "$REPO/Packages" | paste -sd' ')" \
	"app base extra lib patched"
is "files are links into the cache" "$(stat -c %i "$REPO/pool/extra_1_all.deb")" \
	"$(stat -c %i "$(cached extra)")"
is "Release names the index" "$(sed -n 's/^ \([0-9a-f]*\) .* Packages$/\1/p' "$REPO/Release")" \
	"$(sha256sum <"$REPO/Packages" | cut -d' ' -f1)"
is "the date is the lock's" "$(date -d "$(sed -n 's/^Date: //p' "$REPO/Release")" +%s)" \
	"$(sed -n 's/.*"epoch": \([0-9]*\),/\1/p' "$LOCK")"
apt_on_repo() { # apt-get arguments
	local top=$SCRATCH/apt
	mkdir -p "$top/state/lists/partial" "$top/cache/archives/partial"
	: >"$top/status"
	apt-get -q -o Dir::State="$top/state" -o Dir::State::status="$top/status" \
		-o Dir::Cache="$top/cache" -o Dir::Etc::SourceList="$top/list" \
		-o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Parts=/dev/null \
		-o APT::Sandbox::User=root -o APT::Architecture=amd64 \
		-o APT::Architectures::=amd64 -o Debug::NoLocking=1 "$@"
}
mkdir -p "$SCRATCH/apt"
echo "deb [trusted=yes arch=amd64] copy:$REPO ./" >"$SCRATCH/apt/list"
check "apt reads it" apt_on_repo update
check "and takes the locked packages from it" apt_on_repo -y --download-only install app patched extra
is "as they are" "$(sha256sum <"$SCRATCH/apt/cache/archives/lib_1.0_all.deb")" \
	"$(sha256sum <"$ARCHIVE/main/pool/lib_1.0_all.deb")"

cp "$REPO/Packages" "$SCRATCH/packages"
cp "$REPO/Release" "$SCRATCH/release"
exits 0 "make it again, one thread, other surroundings" \
	env TZ=Asia/Tokyo LC_ALL=tr_TR.UTF-8 bash -c 'umask 077; cd /; exec "$@"' - \
	timeout 60 kiln-source repo --lock "$LOCK" -o "$REPO/" --threads 1
check "Packages is the same" cmp "$REPO/Packages" "$SCRATCH/packages"
check "Release is the same" cmp "$REPO/Release" "$SCRATCH/release"
is "modes" "$(stat -c %a "$REPO" "$REPO/pool" "$REPO/Packages" | paste -sd' ')" "755 755 644"
left() { find "$SCRATCH" -maxdepth 1 -name '.*.kiln-tmp' | wc -l; }
is "nothing is left beside it" "$(left)" 0

flip "$(cached lib)"
exits 4 "a flipped bit in the cache" make_repo
says "its path is named, with the remedy" "$(cached lib).*verify --repair"
check "the repository that stood there stays" cmp "$REPO/Packages" "$SCRATCH/packages"
is "nothing is left beside it" "$(left)" 0
flip "$(cached lib)"
mv "$(cached lib)" "$SCRATCH/away"
exits 5 "a file that is not in the cache" make_repo
says "with the remedy" 'kiln-source fetch'
mv "$SCRATCH/away" "$(cached lib)"
mkdir -p "$SCRATCH/precious"
touch "$SCRATCH/precious/work"
exits 5 "a folder that is no repository of ours" kiln-source repo --lock "$LOCK" -o "$SCRATCH/precious"
check "is left alone" test -e "$SCRATCH/precious/work"
mkdir -p "$SCRATCH/.repo.kiln-tmp/pool"
touch "$SCRATCH/.repo.kiln-tmp/pool/leftover_1_all.deb" "$SCRATCH/.repo.kiln-tmp/Packages"
exits 0 "a killed run's leftover" make_repo
is "is swept away" "$(left) $(find "$REPO/pool" -name 'leftover*' | wc -l)" "0 0"
make_repo >/dev/null 2>&1 &
one=$!
make_repo >/dev/null 2>&1 &
two=$!
check "two at once: the one" wait $one
check "two at once: the other" wait $two
check "two at once: the repository is right" cmp "$REPO/Packages" "$SCRATCH/packages"

# Packages that are not what the lock says, with the digest they are locked by.
lock_file() { # FILE NAME VERSION ARCH: a lock of one package, its file in the cache
	local digest
	digest=$(sha256sum <"$1" | cut -d' ' -f1)
	mkdir -p "$LIMEKILN_CACHE/sha256/${digest:0:2}"
	cp "$1" "$LIMEKILN_CACHE/sha256/${digest:0:2}/$digest"
	python3 - "$LOCK" "$SCRATCH/one.json" "$digest" "$(stat -c %s "$1")" "$2" "$3" "$4" <<'END'
import json, sys
_, source, target, digest, size, name, version, arch = sys.argv
lock = json.load(open(source))
p = lock["packages"][0]
p.update(sha256=digest, size=int(size), name=name, version=version, arch=arch)
lock["packages"] = [p]
json.dump(lock, open(target, "w"))
END
}
refuses_deb() { # NAME PATTERN
	exits 4 "$1" timeout 60 kiln-source repo --lock "$SCRATCH/one.json" -o "$SCRATCH/one"
	says "$1: says why" "$2"
	check_not "$1: makes nothing" test -e "$SCRATCH/one"
}
extra=$ARCHIVE/main/pool/extra_1_all.deb
lock_file "$extra" other 1 all
refuses_deb "another package" "Package is 'extra'; the lock says 'other'"
lock_file "$extra" extra 2 all
refuses_deb "another version" "Version is '1'"
lock_file "$extra" extra 1 amd64
refuses_deb "another architecture" "Architecture is 'all'"
printf 'no package' >"$SCRATCH/x.deb"
lock_file "$SCRATCH/x.deb" extra 1 all
refuses_deb "no package at all" 'not a Debian package'
head -c 100 "$extra" >"$SCRATCH/x.deb"
lock_file "$SCRATCH/x.deb" extra 1 all
refuses_deb "a package cut short" 'control.tar|not a Debian package'
make_deb "$SCRATCH/debs" evil 1 all
pack() { # control.tar contents are in $SCRATCH/evil
	(cd "$SCRATCH/evil" && tar --owner=0 --group=0 -cf ../control.tar .)
	printf '2.0\n' >"$SCRATCH/debian-binary"
	rm -f "$SCRATCH/x.deb"
	(cd "$SCRATCH" && ar rc x.deb debian-binary control.tar)
	lock_file "$SCRATCH/x.deb" evil 1 all
}
if have ar; then
	mkdir -p "$SCRATCH/evil"
	control=$(dpkg-deb -f "$SCRATCH/debs/evil_1_all.deb")
	printf '%s\n' "$control" >"$SCRATCH/evil/control"
	pack
	exits 0 "control.tar without compression" \
		timeout 60 kiln-source repo --lock "$SCRATCH/one.json" -o "$SCRATCH/one"
	rm -rf "$SCRATCH/one"
	printf '%s\nFilename: ../../x\n' "$control" >"$SCRATCH/evil/control"
	pack
	refuses_deb "a control file that speaks for the index" "has a field 'Filename'"
	printf '%s\n\nPackage: second\n' "$control" >"$SCRATCH/evil/control"
	pack
	refuses_deb "two paragraphs" 'two paragraphs'
	printf '%s\npackage: second\n' "$control" >"$SCRATCH/evil/control"
	pack
	refuses_deb "a field twice" "'package' stands twice"
	printf '%s\nX\n' "$control" >"$SCRATCH/evil/control"
	pack
	refuses_deb "a line that is no field" 'no "Name: value" line'
	head -c 2000000 /dev/zero | tr '\0' 'x' >"$SCRATCH/evil/control"
	pack
	refuses_deb "a huge control file" 'larger than'
	rm "$SCRATCH/evil/control"
	ln -s /etc/passwd "$SCRATCH/evil/control"
	pack
	refuses_deb "a symbolic link for a control file" 'not a regular file'
	rm "$SCRATCH/evil/control"
	pack
	refuses_deb "no control file" 'no control file'
else
	skip "hostile packages" "ar is not installed"
fi

# Locks
bad_lock() { # CODE NAME PATTERN SED-SCRIPT
	sed "$4" "$LOCK" >"$SCRATCH/bad.json"
	check_not "$2: the fixture differs" cmp -s "$LOCK" "$SCRATCH/bad.json"
	exits "$1" "$2" kiln-source fetch --lock "$SCRATCH/bad.json" --mirror tiny=/ \
		--mirror tiny-security=/
	says "$2: says where and why" "bad.json: $3"
}
bad_lock 3 "a path out of the archive" 'packages\[0\]: path' 's,pool/app_,pool/../../app_,'
bad_lock 3 "an absolute path" 'packages\[0\]: path' 's,"pool/app_,"/pool/app_,'
bad_lock 3 "another schema" "schema is 'limekiln-lock-9'" 's/limekiln-lock-1/limekiln-lock-9/'
bad_lock 3 "the same package twice" "packages\[1\]: 'app all' stands twice" \
	's/"arch": "amd64"/"arch": "all"/; s/"name": "base"/"name": "app"/'
bad_lock 3 "a digest that is none" 'releases\[0\]: sha256' 's/"sha256": "[0-9a-f]/"sha256": "Z/'
bad_lock 3 "an archive with a name that is none" '.*archive' 's/"archive": "tiny"/"archive": "T i n y"/'
printf '{"schema": "limekiln-lock-1"' >"$SCRATCH/bad.json"
exits 3 "a lock cut short" kiln-source fetch --lock "$SCRATCH/bad.json"
exits 5 "no lock" kiln-source fetch --lock "$REPOSITORY/recipes/tiny/lock.none.json"
says "says how to make it" '`just lock tiny`'
exits 2 "no --lock" kiln-source fetch
exits 2 "no --output" kiln-source repo --lock "$LOCK"
exits 2 "--jobs 0" kiln-source fetch --lock "$LOCK" --jobs 0

# Caches
touch "$SCRATCH/file"
LIMEKILN_CACHE=$SCRATCH/file exits 5 "a cache that cannot be written" from_folder
says "is named" "$SCRATCH/file"
LIMEKILN_CACHE='' XDG_CACHE_HOME='' HOME='' exits 2 "no place for a cache" from_folder
unset_cache() { env -u LIMEKILN_CACHE "$@"; }
mkdir -p "$SCRATCH/xdg" "$SCRATCH/home"
exits 0 "XDG_CACHE_HOME" unset_cache XDG_CACHE_HOME="$SCRATCH/xdg" kiln-source fetch --lock "$LOCK" \
	--mirror "tiny=$ARCHIVE/main" --mirror "tiny-security=$ARCHIVE/security"
check "is used" test -d "$SCRATCH/xdg/limekiln/sha256"
exits 0 "HOME" unset_cache -u XDG_CACHE_HOME HOME="$SCRATCH/home" kiln-source fetch --lock "$LOCK" \
	--mirror "tiny=$ARCHIVE/main" --mirror "tiny-security=$ARCHIVE/security"
check "is used" test -d "$SCRATCH/home/.cache/limekiln/sha256"
mkdir -p "$SCRATCH/small"
if mount -t tmpfs -o size=1m tmpfs "$SCRATCH/small" 2>/dev/null; then
	LIMEKILN_CACHE=$SCRATCH/small exits 5 "a full disk" from_folder
	says "is said" 'No space left'
	is "lib does not get its name" \
		"$(find "$SCRATCH/small/sha256" -type f ! -name '*.part' -size +100k | wc -l)" 0
	LIMEKILN_CACHE=$SCRATCH/small check "what has a name is right" cache_is_sound
	exits 5 "a full disk for the repository" \
		timeout 60 kiln-source repo --lock "$LOCK" -o "$SCRATCH/small/repo"
	check_not "makes none" test -e "$SCRATCH/small/repo"
	mount -o remount,size=16m "$SCRATCH/small"
	LIMEKILN_CACHE=$SCRATCH/small exits 0 "with room again it goes on" from_folder
	exits 0 "a repository on another file system" \
		timeout 60 kiln-source repo --lock "$LOCK" -o "$SCRATCH/small/repo"
	check "has copies" cmp "$SCRATCH/small/repo/pool/extra_1_all.deb" "$(cached extra)"
	umount "$SCRATCH/small"
else
	skip "a full disk" "no small file system can be mounted (needs root)"
fi
end_fixture
