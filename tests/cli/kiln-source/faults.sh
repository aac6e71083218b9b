# kiln-source with one failing call: each malloc, open, read, write, fsync, rename and thread start
# in turn. What has a final name must be whole, and the exit code one of the documented ones.
# shellcheck shell=bash
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/lib/sweep.sh" || exit 1
. "$TOP/tests/cli/kiln-source/fixture.sh" || exit 1
shim=$1 # the built builder/tests/faultshim.c
need_programs "kiln-source with failing calls"
LIB_BYTES=20000 make_archive
make_recipe app patched extra
lock_tiny --arch x86_64 >"$SCRATCH/out" 2>&1 || { cat "$SCRATCH/out"; exit 1; }
REPO=$SCRATCH/place/repo
mkdir "$SCRATCH/place"

fetch=(kiln-source fetch --quiet --lock "$LOCK" --mirror "tiny=$ARCHIVE/main"
	--mirror "tiny-security=$ARCHIVE/security")
repo=(kiln-source repo --quiet --lock "$LOCK" -o "$REPO" --threads 3)
verify=(kiln-source verify --quiet --lock "$LOCK" --threads 1)

documented() {
	case $status in
	0 | [1-7] | 70) ;;
	*) echo "exit status $status is not a documented one" ;;
	esac
}
before_fetch() { rm -rf "$LIMEKILN_CACHE"; }
judge_fetch() {
	documented
	cache_is_sound || echo "a file in the cache is wrong"
	if [ "$status" -eq 0 ] && [ "$(find "$LIMEKILN_CACHE" -type f | wc -l)" -ne 5 ]; then
		echo "exit 0 without all files"
	fi
}
before_repo() { rm -rf "$REPO"; }
judge_repo() {
	documented
	if [ -e "$REPO" ]; then
		cmp "$REPO/Packages" "$SCRATCH/Packages" 2>&1
		cmp "$REPO/Release" "$SCRATCH/Release.good" 2>&1
		[ "$(find "$REPO/pool" -type f | wc -l)" -eq 5 ] || echo "not all packages are there"
	elif [ "$status" -eq 0 ]; then
		echo "exit 0 without a repository"
	fi
	find "$SCRATCH/place" -name '.*' | grep . && echo "is left behind"
}
before_verify() { :; }

before_fetch
exits 0 "fetch without a fault" "${fetch[@]}"
exits 0 "repo without a fault" "${repo[@]}"
cp "$REPO/Packages" "$SCRATCH/Packages"
cp "$REPO/Release" "$SCRATCH/Release.good"
# ENOMEM 12, EACCES 13, EIO 5, ENOSPC 28, EAGAIN 11
for fault in open:13 read:5 write:28 fsync:5 name:13 malloc:12 thread:11; do
	sweep "kiln-source repo" before_repo judge_repo "$shim" "${fault%:*}" "${fault#*:}" "${repo[@]}"
done
for fault in open:13 read:5 malloc:12; do
	sweep "kiln-source verify" before_verify documented "$shim" "${fault%:*}" "${fault#*:}" "${verify[@]}"
done
for fault in open:13 read:5 write:28 fsync:5 name:13 malloc:12; do
	sweep "kiln-source fetch" before_fetch judge_fetch "$shim" "${fault%:*}" "${fault#*:}" "${fetch[@]}"
done
end_fixture
