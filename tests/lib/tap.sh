# Black-box tests in bash: TAP output, a scratch folder, exact exit codes.
# Source this first, end with `tap_done`. The tools are on PATH, $TOP is the repository.
# shellcheck shell=bash

set -u
export LC_ALL=C.UTF-8 TZ=UTC
TOP=${TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
tap_count=0
tap_failed=0
tap_exit=

SCRATCH=$(mktemp -d)
tap_cleanup() { chmod -R u+rwX "$SCRATCH" 2>/dev/null; rm -rf "$SCRATCH"; }
trap 'tap_exit=$?; tap_cleanup; exit $tap_exit' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

tap_result() { # ok|"not ok" name [comment...]
	tap_count=$((tap_count + 1))
	printf '%s %d - %s\n' "$1" "$tap_count" "$2"
	[ "$1" = ok ] || tap_failed=$((tap_failed + 1))
}

# check NAME COMMAND...: passes when the command succeeds.
check() {
	local name=$1
	shift
	if "$@" >"$SCRATCH/.check" 2>&1; then
		tap_result ok "$name"
	else
		tap_result "not ok" "$name"
		sed 's/^/# /' "$SCRATCH/.check"
	fi
}

# check_not NAME COMMAND...: passes when the command fails (exit 1 to 125).
check_not() {
	local name=$1 rc=0
	shift
	"$@" >"$SCRATCH/.check" 2>&1 || rc=$?
	if [ "$rc" -gt 0 ] && [ "$rc" -lt 126 ]; then
		tap_result ok "$name"
	else
		tap_result "not ok" "$name"
		printf '# exit status %d\n' "$rc"
	fi
}

# run COMMAND...: sets $status, and puts the output into $SCRATCH/out and $SCRATCH/err.
run() {
	status=0
	"$@" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null || status=$?
}

# exits CODE NAME COMMAND...: passes when the command ends with exactly that exit code.
exits() {
	local want=$1 name=$2
	shift 2
	run "$@"
	if [ "$status" -eq "$want" ]; then
		tap_result ok "$name"
	else
		tap_result "not ok" "$name"
		printf '# exit status %d, want %d: %s\n' "$status" "$want" "$*"
		head -n 20 "$SCRATCH/err" | sed 's/^/# /'
	fi
}

# says NAME PATTERN: the last run's standard error matches the extended regular expression.
says() {
	if grep -Eq -- "$2" "$SCRATCH/err"; then
		tap_result ok "$1"
	else
		tap_result "not ok" "$1"
		printf '# no match for: %s\n' "$2"
		head -n 20 "$SCRATCH/err" | sed 's/^/# /'
	fi
}

# is NAME GOT WANT: compares two strings.
is() {
	if [ "$2" = "$3" ]; then
		tap_result ok "$1"
	else
		tap_result "not ok" "$1"
		printf '#  got: %s\n# want: %s\n' "$2" "$3"
	fi
}

# skip NAME REASON: a named skip, shown as such in the totals.
skip() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

have() { command -v "$1" >/dev/null 2>&1; }

tap_done() {
	printf '1..%d\n' "$tap_count"
	[ "$tap_failed" -eq 0 ]
	exit
}
