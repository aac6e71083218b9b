#!/usr/bin/env bash
# The same layout gives the same bytes, whatever the machine around it looks like.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-disk/disks.sh"
cd "$SCRATCH" || exit 1

if ! have python3; then
	skip "same bytes" "python3 is not installed"
	tap_done
fi
python3 "$TOP/tests/cli/kiln-disk/fixture.py" . || exit 1
layout l.yaml all.tar </dev/null
exits 0 "first" kiln-disk build -q l.yaml -o first.raw

mkdir -p home deep/er/folder
printf 'mtools_lower_case=1\nMTOOLS_FAT_COMPATIBILITY=1\n' >home/.mtoolsrc
same() { # NAME COMMAND...: the command writes again.raw
	local name=$1
	shift
	rm -f again.raw
	exits 0 "$name" "$@"
	check "$name: same bytes" cmp first.raw again.raw
}
# shellcheck disable=SC2317 # called by the shells below
build() { kiln-disk build -q "$@"; }
export -f build
same "second run" build l.yaml -o again.raw
same "umask" bash -c 'umask 0077; build l.yaml -o again.raw'
same "time zone, language, home" env TZ=Asia/Tokyo LC_ALL=POSIX LANG=tr_TR.UTF-8 HOME="$SCRATCH/home" \
	bash -c 'build l.yaml -o again.raw'
same "environment of mtools and e2fsprogs" env MTOOLS_LOWER_CASE=1 MTOOLS_NO_VFAT=1 \
	SOURCE_DATE_EPOCH=5 E2FSPROGS_FAKE_TIME=7 MKE2FS_CONFIG=/nonexistent \
	bash -c 'build l.yaml -o again.raw'
same "working directory" bash -c 'cd deep/er/folder && build ../../../l.yaml -o ../../../again.raw'
layout shuffled.yaml shuffled.tar </dev/null
same "order of the tar" build shuffled.yaml -o again.raw
if have faketime && faketime '2035-05-05' kiln-disk --version >/dev/null 2>&1; then
	same "clock" faketime '2035-05-05 05:05:05' bash -c 'build l.yaml -o again.raw'
else
	skip "clock" "faketime is not installed, or cannot be loaded into this build"
fi
nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
if [ "$(id -u)" -eq 0 ] && $nobody kiln-disk --version >/dev/null 2>&1; then
	mkdir user && cp l.yaml all.tar user/ && chmod 755 "$SCRATCH" && chmod -R a+rwX user
	same "another user" bash -c "cd user && $nobody kiln-disk build -q l.yaml -o again.raw &&
		mv again.raw .."
else
	skip "another user" "not root, no setpriv, or nobody may not run the tool"
fi

# The identity is what tells two disks apart.
sed 's,^identity: .*,identity: other/x86_64,' l.yaml >other.yaml
exits 0 "other identity" kiln-disk build -q other.yaml -o other.raw
check_not "other identity: other bytes" cmp -s first.raw other.raw
tap_done
