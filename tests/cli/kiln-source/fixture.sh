# A tiny archive of its own, a recipe that uses it, and a server with faults for it.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the tests use these

ARCHIVE=$SCRATCH/archive # main/ is the archive "tiny", security/ is "tiny-security"
STATE=$SCRATCH/server
REPOSITORY=$SCRATCH/repository
KEYRING=$SCRATCH/keys.gpg
LOCK=$REPOSITORY/recipes/tiny/lock.x86_64.json
export LIMEKILN_CACHE=$SCRATCH/cache
export GNUPGHOME=$SCRATCH/gnupg
unset LIMEKILN_MIRROR_TINY LIMEKILN_MIRROR_TINY_SECURITY http_proxy https_proxy all_proxy
export no_proxy=127.0.0.1
server_pid=

# All of the tests need these; a machine without them skips by name and ends.
need_programs() { # NAME
	local program
	for program in dpkg-deb apt-get apt-ftparchive gpg gpgv python3; do
		if ! have "$program"; then
			skip "$1" "$program is not installed"
			tap_done
		fi
	done
}

# make_deb FOLDER NAME VERSION ARCH [control line...]
make_deb() {
	local folder=$1 name=$2 version=$3 arch=$4 tree=$SCRATCH/tree
	shift 4
	rm -rf "$tree"
	mkdir -p "$tree/DEBIAN" "$tree/usr/share/$name" "$folder"
	printf '%s %s\n' "$name" "$version" >"$tree/usr/share/$name/text"
	[ -z "${FILL:-}" ] || head -c "$FILL" /dev/urandom >"$tree/usr/share/$name/fill"
	{
		printf 'Package: %s\nVersion: %s\nArchitecture: %s\n' "$name" "$version" "$arch"
		[ $# -eq 0 ] || printf '%s\n' "$@"
		printf 'Maintainer: Nobody <nobody@example.org>\nDescription: test\n more of it\n'
	} >"$tree/DEBIAN/control"
	dpkg-deb --root-owner-group -Z"${COMPRESS:-xz}" --build "$tree" \
		"$folder/${name}_${version#*:}_$arch.deb" >/dev/null
}

# The signed index of an archive's only suite.
make_index() { # main|security
	local top=$ARCHIVE/$1 suite arch
	suite=$(suite_of "$1")
	for arch in amd64 arm64; do
		mkdir -p "$top/dists/$suite/main/binary-$arch"
		(cd "$top" && apt-ftparchive --arch "$arch" packages pool \
			>"dists/$suite/main/binary-$arch/Packages") 2>/dev/null
	done
	rm -f "$top/dists/$suite/"*Release*
	(cd "$top/dists/$suite" && apt-ftparchive \
		-o "APT::FTPArchive::Release::Suite=$suite" \
		-o "APT::FTPArchive::Release::Codename=$suite" \
		-o "APT::FTPArchive::Release::Architectures=amd64 arm64" \
		-o "APT::FTPArchive::Release::Components=main" release . >"$SCRATCH/Release")
	sign_index "$1"
}

suite_of() { # main|security
	case $1 in
	main) echo stone ;;
	security) echo stone-security ;;
	esac
}

sign_index() { # main|security [gpg option...]
	local top=$ARCHIVE/$1 suite
	suite=$(suite_of "$1")
	shift
	gpg --batch --yes --quiet "$@" --clearsign \
		-o "$top/dists/$suite/InRelease" "$SCRATCH/Release"
}

make_key() { # NAME
	gpg --batch --quiet --passphrase '' --quick-generate-key "$1" ed25519 sign never 2>/dev/null
}

make_archive() {
	mkdir -m 700 "$GNUPGHOME"
	make_key one@example.org
	gpg --batch --export one@example.org >"$KEYRING"
	local pool=$ARCHIVE/main/pool
	make_deb "$pool" base 1.0 all 'Essential: yes' 'Priority: required'
	make_deb "$pool" app 1:2.0~rc1+b1 amd64 'Depends: lib (>= 1.0)' 'Source: app-src (2.0)' \
		'Recommends: unwanted'
	make_deb "$pool" app 2.0 arm64 'Depends: lib (>= 1.0)'
	FILL=${LIB_BYTES:-2000000} COMPRESS=none make_deb "$pool" lib 1.0 all
	COMPRESS=gzip make_deb "$pool" extra 1 all
	make_deb "$pool" unwanted 1 all
	make_deb "$pool" provider 1 all 'Provides: virtual'
	make_index main
	COMPRESS=zstd make_deb "$ARCHIVE/security/pool" patched 3-1 all
	make_index security
}

make_recipe() { # package...
	local packages
	packages=$(printf '%s, ' "$@")
	mkdir -p "$REPOSITORY/recipes/tiny"
	touch "$REPOSITORY/recipes/tiny/lima.erb"
	cat >"$REPOSITORY/recipes/tiny/recipe.yaml" <<END
name: tiny
description: a recipe for tests
family: deb
suite: stone
archives:
  - {name: tiny, suites: [stone], components: [main]}
  - {name: tiny-security, suites: [stone-security], components: [main]}
packages: [${packages%, }]
options:
  more: {description: more of it, packages: [extra]}
arches:
  x86_64:
    packages: [base]
    esp: [{path: /EFI/BOOT/BOOTX64.EFI, from: /usr/share/base/text}]
  aarch64:
    packages: [base]
    esp: [{path: /EFI/BOOT/BOOTAA64.EFI, from: /usr/share/base/text}]
disk: {size: 64MiB, esp: 8MiB}
files: [{path: /etc/machine-id, content: ""}]
lima: recipes/tiny/lima.erb
END
}

# kiln-source lock on the tiny archive as a folder.
lock_tiny() {
	timeout 60 kiln-source lock tiny --root "$REPOSITORY" --keyring "$KEYRING" \
		--mirror "tiny=$ARCHIVE/main" --mirror "tiny-security=$ARCHIVE/security" "$@"
}

start_server() {
	mkdir -p "$STATE"
	rm -f "$STATE"/*
	python3 "$TOP/tests/cli/kiln-source/server.py" "$ARCHIVE" "$STATE" &
	server_pid=$!
	for _ in $(seq 100); do
		[ -s "$STATE/port" ] && break
		sleep 0.1
	done
	URL=http://127.0.0.1:$(cat "$STATE/port")
}

# faults JSON: restart with these faults, the cache empty.
faults() {
	stop_server
	start_server
	printf '%s\n' "$1" >"$STATE/faults.json"
	rm -rf "$LIMEKILN_CACHE"
}

stop_server() {
	[ -z "$server_pid" ] || { kill "$server_pid" && wait "$server_pid"; } 2>/dev/null
	server_pid=
}

fetch_tiny() {
	timeout 60 kiln-source fetch --lock "$LOCK" --mirror "tiny=$URL/main" \
		--mirror "tiny-security=$URL/security" --timeout 2 "$@"
}

# Every file under a final name in the cache has the digest it is named by.
cache_is_sound() {
	local file wrong=0
	while read -r file; do
		[ "$(sha256sum <"$file")" = "${file##*/}  -" ] || wrong=1
	done < <(find "$LIMEKILN_CACHE" -path '*/sha256/*' -type f ! -name '*.part' ! -name '*.wrong' 2>/dev/null)
	[ "$wrong" = 0 ]
}

cached() { # NAME of a package: its file in the cache
	local digest
	digest=$(python3 -c 'import json, sys
for p in json.load(open(sys.argv[1]))["packages"]:
    if p["name"] == sys.argv[2]:
        print(p["sha256"])' "$LOCK" "$1")
	printf '%s/sha256/%.2s/%s\n' "$LIMEKILN_CACHE" "$digest" "$digest"
}

end_fixture() {
	stop_server
	gpgconf --kill all >/dev/null 2>&1
	tap_done
}
