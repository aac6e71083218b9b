# kiln-source with one failing call: each malloc, open, read, write, fsync, rename and thread start
# in turn. What has a final name must be whole, and the exit code one of the documented ones.
# shellcheck shell=bash
. "$TOP/tests/lib/tap.sh" || exit 1
. "$TOP/tests/cli/kiln-source/fixture.sh" || exit 1
shim=$1 # the built builder/tests/faultshim.c
need_programs "kiln-source with failing calls"
LIB_BYTES=20000 make_archive
make_recipe app patched extra
lock_tiny --arch x86_64 >"$SCRATCH/out" 2>&1 || { cat "$SCRATCH/out"; exit 1; }
REPO=$SCRATCH/place/repo
mkdir "$SCRATCH/place"

fetch() {
	"$@" kiln-source fetch --quiet --lock "$LOCK" --mirror "tiny=$ARCHIVE/main" \
		--mirror "tiny-security=$ARCHIVE/security"
}
repo() { "$@" kiln-source repo --quiet --lock "$LOCK" -o "$REPO" --threads 3; }
verify() { "$@" kiln-source verify --quiet --lock "$LOCK" --threads 1; }

before_fetch() { rm -rf "$LIMEKILN_CACHE"; }
judge_fetch() {
	cache_is_sound || echo "a file in the cache is wrong"
	if [ "$status" -eq 0 ] && [ "$(find "$LIMEKILN_CACHE" -type f | wc -l)" -ne 5 ]; then
		echo "exit 0 without all files"
	fi
}
before_repo() { rm -rf "$REPO"; }
judge_repo() {
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
judge_verify() { :; }

# sweep COMMAND GROUP ERRNO: fail its calls until none is left to fail. After 30 the steps grow.
sweep() {
	local command=$1 group=$2 errno=$3 n=1 faults=0 why
	while [ "$n" -le 20000 ]; do
		rm -f "$SCRATCH/mark"
		"before_$command"
		run "$command" timeout 60 env KILN_FAULT="$group:$n:$errno" \
			KILN_FAULT_MARK="$SCRATCH/mark" LD_PRELOAD="$shim"
		[ -e "$SCRATCH/mark" ] || break
		faults=$((faults + 1))
		why=
		case $status in
		0 | [1-7] | 70) why=$("judge_$command") ;;
		*) why="exit status $status is not a documented one" ;;
		esac
		if [ -n "$why" ]; then
			tap_result "not ok" "$command: $group call $n fails: $why"
			head -n 3 "$SCRATCH/err" | sed 's/^/# /'
			return
		fi
		n=$((n < 30 ? n + 1 : n + n / 6))
	done
	if [ "$faults" -gt 0 ]; then
		tap_result ok "$command: whole or absent after each of $faults failed $group calls"
	else
		tap_result "not ok" "$command: no $group call could be made to fail"
	fi
}

before_fetch
exits 0 "fetch without a fault" fetch
exits 0 "repo without a fault" repo
cp "$REPO/Packages" "$SCRATCH/Packages"
cp "$REPO/Release" "$SCRATCH/Release.good"
# ENOMEM 12, EACCES 13, EIO 5, ENOSPC 28, EAGAIN 11
for fault in open:13 read:5 write:28 fsync:5 name:13 malloc:12 thread:11; do
	sweep repo "${fault%:*}" "${fault#*:}"
done
for fault in open:13 read:5 malloc:12; do
	sweep verify "${fault%:*}" "${fault#*:}"
done
for fault in open:13 read:5 write:28 fsync:5 name:13 malloc:12; do
	sweep fetch "${fault%:*}" "${fault#*:}"
done
end_fixture
