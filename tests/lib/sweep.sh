# Failing one call after another (builder/tests/faultshim.c). Source this after tap.sh.
# shellcheck shell=bash

# sweep NAME BEFORE JUDGE SHIM GROUP ERRNO COMMAND...: fail the 1st, 2nd, 3rd... call of GROUP until
# none is left to fail. BEFORE is a function that prepares each run; JUDGE is one that prints what is
# wrong after it, with the exit status in $status. After 40 calls the steps grow, so that a tool with
# 10^5 calls takes no longer.
sweep() {
	local name=$1 before=$2 judge=$3 shim=$4 group=$5 errno=$6 n=1 faults=0 why
	shift 6
	while [ "$n" -le 20000 ]; do
		rm -f "$SCRATCH/mark"
		"$before"
		run timeout 60 env KILN_FAULT="$group:$n:$errno" KILN_FAULT_MARK="$SCRATCH/mark" \
			LD_PRELOAD="$shim" "$@"
		[ -e "$SCRATCH/mark" ] || break
		faults=$((faults + 1))
		why=$("$judge")
		if [ -n "$why" ]; then
			tap_result "not ok" "$name: $group call $n fails: $why"
			head -n 3 "$SCRATCH/err" | sed 's/^/# /'
			return
		fi
		n=$((n < 40 ? n + 1 : n + n / 8))
	done
	if [ "$faults" -gt 0 ]; then
		tap_result ok "$name: output whole or absent after each of $faults failed $group calls"
	else
		tap_result "not ok" "$name: no $group call could be made to fail"
	fi
}
