# A tiny signed apk archive of its own and a recipe that uses it.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the tests use these

ARCHIVE=$SCRATCH/archive
REPOSITORY=$SCRATCH/repository
KEYS=$REPOSITORY/recipes/tiny/keys
KEY=$SCRATCH/private/test.rsa
LOCK=$REPOSITORY/recipes/tiny/lock.x86_64.json
MAIN=$ARCHIVE/v3.23/main/x86_64
COMMUNITY=$ARCHIVE/v3.23/community/x86_64
export LIMEKILN_CACHE=$SCRATCH/cache
unset LIMEKILN_MIRROR_TINY SOURCE_DATE_EPOCH

apk_repo() { "$TOP/tests/lib/apk-repo" "$@"; }

# make_apk FOLDER NAME VERSION [LINE]...: with one file in it, signed by $KEY.
make_apk() {
	local folder=$1 name=$2 version=$3 tree=$SCRATCH/tree
	shift 3
	rm -rf "$tree"
	mkdir -p "$tree/usr/share/$name"
	printf '%s %s\n' "$name" "$version" >"$tree/usr/share/$name/text"
	apk_repo package -k "$KEY" -t "$tree" "$folder" "$name" "$version" "${ARCH:-x86_64}" "$@"
}

make_apk_archive() {
	apk_repo key "${KEY%/*}" "$(basename "$KEY" .rsa)"
	mkdir -p "$KEYS" "$ARCHIVE"
	echo 'a disk' >"$ARCHIVE/base.raw"
	cp "$KEY.pub" "$KEYS/"
	make_apk "$MAIN" app 2.0-r1 'depend = lib>=1.0' 'depend = so:libz.so.1' 'origin = app-src'
	make_apk "$MAIN" app 1.0-r0
	ARCH=noarch make_apk "$MAIN" lib 1.2_rc1-r0
	make_apk "$MAIN" zlib 1.3.1-r1 'provides = so:libz.so.1=1.3.1'
	make_apk "$MAIN" openrc 0.55-r1
	SOURCE_DATE_EPOCH=1700000500 make_apk "$COMMUNITY" app-openrc 2.0-r1 'install_if = app openrc'
	make_apk "$COMMUNITY" extra 7-r0 'depend = gone'
	apk_repo index -k "$KEY" "$MAIN"
	apk_repo index -k "$KEY" "$COMMUNITY"
}

make_apk_recipe() { # package...
	local packages base
	packages=$(printf '%s, ' "$@")
	base=$(sha256sum <"$ARCHIVE/base.raw" | cut -d' ' -f1)
	touch "$REPOSITORY/recipes/tiny/lima.erb" "$REPOSITORY/recipes/tiny/customize.erb"
	cat >"$REPOSITORY/recipes/tiny/recipe.yaml" <<END
name: tiny
description: a recipe for tests
family: apk
suite: v3.23
archives:
  - {name: tiny, suites: [v3.23], components: [main, community], keys: recipes/tiny/keys}
packages: [${packages%, }]
arches:
  x86_64:
    base: {archive: tiny, path: base.raw, digest: "sha256:$base", format: raw}
    esp: [{path: /EFI/BOOT/BOOTX64.EFI, from: /usr/share/app/text}]
disk: {size: 64MiB, esp: 8MiB}
customize: recipes/tiny/customize.erb
files: [{path: /etc/machine-id, content: ""}]
lima: recipes/tiny/lima.erb
END
}

lock_tiny() { timeout 60 kiln-source lock tiny --root "$REPOSITORY" --mirror "tiny=$ARCHIVE" "$@"; }
fetch_tiny() {
	timeout 60 kiln-source fetch --lock "$LOCK" --root "$REPOSITORY" --mirror "tiny=$ARCHIVE" "$@"
}

cached() { # NAME of a package: its file in the cache
	local digest
	digest=$(python3 -c 'import json, sys
for p in json.load(open(sys.argv[1]))["packages"]:
    if p["name"] == sys.argv[2]:
        print(p["sha256"])' "$LOCK" "$1")
	printf '%s/sha256/%.2s/%s\n' "$LIMEKILN_CACHE" "$digest" "$digest"
}

# All of the tests need these; a machine without them skips by name and ends.
need_apk_programs() { # NAME
	local program
	for program in openssl python3; do
		if ! have "$program"; then
			skip "$1" "$program is not installed"
			tap_done
		fi
	done
}
