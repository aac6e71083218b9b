# shellcheck shell=bash
# A small repository with stand-ins for the slow tools, in a folder whose name needs quoting.
# Sourced after tap.sh. Sets $repo; $calls records what the stand-ins were asked to do.

repo="$SCRATCH/a \$b: 'c'/repo"
calls=$SCRATCH/calls
export calls
programs=$SCRATCH/bin
mkdir "$programs"
PATH=$programs:$PATH
host_arch=$(uname -m)

base_digest=sha512:$(printf '%0128d' 7)

make_lock() { # prints a lock that fits recipe x; $1: the version of its package; $2: "base", "stale"
	local inputs based="" base=""
	[ -z "${2:-}" ] || based="base images cloud/base.raw $base_digest\n"
	inputs=$(printf 'limekiln-inputs-1\nfamily deb\nsuite trixie\narch %s\narchive debian\n suite trixie\n component main\n%b%bpackage bash\n' \
		"$host_arch" "${2:+archive images\\n}" "$based" | sha256sum | cut -c 1-64)
	[ "${2:-}" != base ] || base="
	  \"base\": {
	    \"archive\": \"images\",
	    \"digest\": \"$base_digest\",
	    \"path\": \"cloud/base.raw\",
	    \"sha256\": \"$inputs\",
	    \"size\": 5
	  },"
	cat <<-END
	{
	  "arch": "$host_arch",$base
	  "epoch": 1757660141,
	  "family": "deb",
	  "inputs_sha256": "$inputs",
	  "packages": [
	    {
	      "arch": "all",
	      "archive": "debian",
	      "name": "bash",
	      "path": "pool/bash.deb",
	      "sha256": "$inputs",
	      "size": 5,
	      "source": "bash",
	      "version": "$1"
	    }
	  ],
	  "releases": [
	    {
	      "archive": "debian",
	      "date": 1757660141,
	      "path": "dists/trixie/InRelease",
	      "sha256": "$inputs",
	      "suite": "trixie"
	    }
	  ],
	  "schema": "limekiln-lock-1",
	  "solver": "apt 2.6.1",
	  "variant": "x"
	}
	END
}

stand_in() { # NAME: a tool that is recorded, then does what standard input says
	local path=$repo/build/tools/tools/$1/$1
	mkdir -p "${path%/*}"
	{
		printf '#!/bin/bash\nset -e\necho "%s $1" >>"$calls"\n' "$1"
		cat
	} >"$path"
	chmod +x "$path"
}

make_repo() {
	rm -rf "$repo"
	mkdir -p "$repo/recipes/x/files" "$repo/builder/stages"
	cp -r "$TOP/ci" "$repo/ci"
	cat >"$repo/recipes/x/recipe.yaml" <<-END
	name: thing
	description: A small one
	default: true
	family: deb
	suite: trixie
	archives:
	  - {name: debian, suites: [trixie], components: [main]}
	packages: [bash]
	options:
	  more: {description: More, packages: [zsh]}
	arches:
	  $host_arch:
	    esp:
	      - {path: /EFI/grub.cfg, template: recipes/x/files/grub.cfg.erb}
	      - {path: /EFI/BOOT, from: /boot/efi}
	disk: {size: 3MiB, esp: 1MiB}
	files:
	  - {path: /etc/fstab, template: recipes/x/files/fstab.erb, mode: "0600", gid: 5}
	  - {path: /etc/plain, source: recipes/x/files/plain}
	  - {path: /etc/text, content: "a: \"b\"\n"}
	  - {path: /etc/link, symlink: plain}
	  - {path: /srv/x, directory: true}
	delete: [/etc/gone]
	lima: recipes/x/lima.yaml.erb
	vars: {colour: "yes", list: [1, two, {a: null}]}
	END
	printf 'UUID=<%%= root_uuid %%> / <%%= vars["colour"] %%>\n' >"$repo/recipes/x/files/fstab.erb"
	printf 'search <%%= esp_uuid %%>\n' >"$repo/recipes/x/files/grub.cfg.erb"
	printf 'plain\n' >"$repo/recipes/x/files/plain"
	printf 'images:\n  - location: <%%= file %%>\n    digest: sha256:<%%= sha256 %%>\n' \
		>"$repo/recipes/x/lima.yaml.erb"
	make_lock 1.0 >"$repo/recipes/x/lock.$host_arch.json"

	make_tools
}

# The recipe with a base image; $1: more settings of the disk.
make_based_repo() {
	make_repo
	sed -i -e 's/^packages: .*/customize: recipes\/x\/customize.yaml.erb\n&/' \
		-e "s/, components: \[main\]}/&\n  - {name: images, url: \"https:\/\/example.org\"}/" \
		-e "s/^  $host_arch:/&\n    base: {archive: images, path: cloud\/base.raw, format: raw, digest: \"$base_digest\"}/" \
		-e "s/esp: 1MiB/&${1:+, $1}/" "$repo/recipes/x/recipe.yaml"
	printf -- '- install: [<%%= packages.join(", ") %%>]\n' >"$repo/recipes/x/customize.yaml.erb"
	make_lock 1.0 base >"$repo/recipes/x/lock.$host_arch.json"
}

make_tools() {
	for tool in kiln-plan kiln-render kiln-manifest; do
		mkdir -p "$repo/build/tools/tools/$tool"
		ln -s "$(command -v $tool)" "$repo/build/tools/tools/$tool/$tool"
	done
	stand_in kiln-source <<-'END'
	[ ! -f "$calls.fail-$1" ] || { rm "$calls.fail-$1"; echo "kiln-source: error: not now" >&2; exit 6; }
	case $1 in
	fetch)
		sleep "$(cat "$calls.sleep-fetch" 2>/dev/null || echo 0)"
		[ ! -f "$calls.gone" ] || { mv "$calls.gone" "$5"; exit 6; }
		;;
	repo)
		mkdir -p "$6"
		sha256sum <"$4" >"$6/Packages"
		[ "$7" != --base ] || echo base >"$8"
		;;
	lock)
		echo '~ bash old -> new'
		[ ! -f "$calls.lock" ] || cat "$calls.lock" >recipes/x/lock.$(uname -m).json
		;;
	esac
	END
	stand_in kiln-guest <<-'END'
	printf '%s\n' "$@" >"$calls.$1"
	[ ! -f "$calls.fail-$1" ] || exit 1
	case $1 in
	customize)
		cat "$3" "$7" >"${12}"
		echo esp >"${14}"
		echo '{}' >"${16}"
		;;
	check)
		while [ "$1" != --json ]; do shift; done
		echo '{"checks": 61, "failed": 0, "warnings": 2, "skipped": 3, "results": []}' >"$2"
		echo '<testsuites/>' >"$4"
		;;
	esac
	END
	stand_in kiln-disk <<-'END'
	[ ! -f "$calls.fail-disk" ] || exit 5
	cat build/work/x-*/rootfs.tar build/work/x-*/files/etc/fstab recipes/x/files/plain >"$5"
	truncate -s 3145728 "$5"
	echo '{"partitions": []}' >"$7"
	END
	stand_in kiln-qcow2 <<-'END'
	case $1 in
	compress)
		cp "$3" "$5"
		printf '{"sha256": "%s", "virtual_size": 3145728, "file_size": %d}\n' \
			"$(sha256sum <"$5" | cut -c 1-64)" "$(stat -c %s "$5")" >"$7"
		;;
	verify) cmp "$3" "$4" || exit 4 ;;
	pack)
		printf '%s\n' "$@" >"$calls.pack"
		case $5 in *.zst) zstd -qc "$3" >"$5" ;; *) xz -c "$3" >"$5" ;; esac
		[ ! -f "$calls.other" ] || echo other | xz >"$5"
		echo '{"format": "stand-in"}' >"$7"
		;;
	esac
	END
	cat >"$repo/builder/stages/rootfs-deb" <<-'END'
	#!/bin/sh
	echo rootfs-deb >>"$calls"
	sleep "$(cat "$calls.sleep" 2>/dev/null || echo 0)"
	while [ "$1" != --output ]; do shift; done
	echo root >"$2"
	END
	printf '#!/bin/sh\n' >"$programs/mmdebstrap"
	printf '#!/bin/sh\necho "qemu-img $1" >>"$calls"\n' >"$programs/qemu-img"
	chmod +x "$repo/builder/stages/rootfs-deb" "$programs/"*
	: >"$calls"
}

# Build, and give what the stand-ins were asked for as one line in $asked.
build() {
	: >"$calls"
	run timeout 60 "$repo/ci/build-images" "$@"
	# shellcheck disable=SC2034 # for those who source this
	asked=$(tr '\n' ',' <"$calls" | sed 's/,$//')
}
