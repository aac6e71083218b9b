#!/bin/bash
# Every template in bad/ is refused: exit 3, nothing written, and exactly the message that
# bad/expected has for it. The file has one line a template, sorted as the templates are.
# shellcheck source=tests/lib/tap.sh
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
cd "$TOP/tests/cli/kiln-render/bad" || exit 1

templates=(*.erb)
mapfile -t expected <expected
is "one expected message for each template" "${#templates[@]}" "${#expected[@]}"
check "there are at least 100 templates" [ "${#templates[@]}" -ge 100 ]

for i in "${!templates[@]}"; do
	template=${templates[$i]}
	exits 3 "refused: $template" kiln-render "$template" -d data.yaml -o "$SCRATCH/result"
	is "message: $template" "$(cat "$SCRATCH/err")" "kiln-render: error: ${expected[$i]-}"
	check "nothing written: $template" [ ! -e "$SCRATCH/result" ]
done
tap_done
