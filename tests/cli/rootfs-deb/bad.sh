#!/bin/bash
# rootfs-deb refuses bad input before it builds anything, and leaves nothing.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70

stage=$TOP/builder/stages/rootfs-deb
mkdir -p "$SCRATCH/repo" "$SCRATCH/target"
cd "$SCRATCH" || exit 1

lock() { # NAME VERSION ARCH... as a lock file
	local sep=''
	printf '{"packages": ['
	while [ $# -gt 0 ]; do
		printf '%s{"name": "%s", "version": "%s", "arch": "%s"}' "$sep" "$1" "$2" "$3"
		sep=', '
		shift 3
	done
	printf ']}\n'
}
printf 'Package: a\nVersion: 1.0\nArchitecture: all\n\nPackage: b\nArchitecture: amd64\nVersion: 2:1-1\n' >repo/Packages
lock b 2:1-1 amd64 a 1.0 all >same.json
lock a 1.0 all >missing.json
lock a 1.1 all b 2:1-1 amd64 >other-version.json
lock a 1.0 all b 2:1-1 amd64 c 1 all >more.json
lock 'a,b' 1.0 all >name.json
printf '{"packages": [' >cut.json
lock >empty.json

build() { # LOCK [OPTION VALUE...]: later options win
	local file=$1
	shift
	"$stage" --lock "$file" --packages-dir repo --suite trixie --arch x86_64 --epoch 1757660141 \
		--output target/root.tar "$@"
}

exits 0 "help" "$stage" --help
exits 2 "no options" "$stage"
exits 2 "unknown option" build same.json --frobnicate x
exits 2 "option without value" build same.json --lock
exits 2 "epoch is not a number" build same.json --epoch yesterday
exits 2 "unknown architecture" build same.json --arch riscv64
exits 2 "suite is not a name" build same.json --suite 'trixie; id'
exits 3 "no such lock" build none.json
says "names the lock and the remedy" 'none\.json.*just lock'
exits 3 "no such repository" build same.json --packages-dir none
says "names the repository and the remedy" 'none/Packages.*kiln-source repo'
exits 5 "no such output folder" build same.json --output none/root.tar
says "names the folder" '/none: cannot be written'

if unshare --user --map-root-user true 2>/dev/null && have mmdebstrap; then
	exits 3 "cut lock" build cut.json
	says "names the cut lock and the remedy" 'cut\.json: not a lock file.*just lock'
	exits 3 "empty lock" build empty.json
	exits 3 "package name that is no name" build name.json
	exits 4 "repository holds more than the lock" build missing.json
	says "names the package too many" '^\+b'
	exits 4 "repository holds another version" build other-version.json
	exits 4 "repository lacks a package" build more.json
	says "names the missing package" '^-c'
	exits 5 "packages that are not there" build same.json
	is "nothing is left but the lock file" "$(ls target)" root.tar.lock
else
	skip "locks against repositories" "no user namespaces or no mmdebstrap on this machine"
fi

empty=$SCRATCH/empty
mkdir "$empty"
for tool in sh dirname cat id dpkg grep; do
	ln -s "$(command -v $tool)" "$empty/$tool"
done
exits 7 "no mmdebstrap" env PATH="$empty" "$stage" --lock same.json --packages-dir repo \
	--suite trixie --arch x86_64 --epoch 1 --output target/root.tar
says "names the remedy" 'mmdebstrap is not installed.*just setup'

tap_done
