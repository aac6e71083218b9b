#!/bin/bash
# Every check of the guest policy has a guest that it catches: policy/mutations.py.
. "$TOP/tests/lib/tap.sh"

if ! have python3; then
	skip "the guest policy" "python3 is not installed"
	tap_done
fi
python3 -B "$TOP/tests/cli/kiln-guest/policy/run.py"
exit
