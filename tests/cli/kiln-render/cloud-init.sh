#!/bin/bash
# What kiln-render makes of the repository's #cloud-config templates holds before the real
# `cloud-init schema`, and the real one does refuse (so that a pass means something).
# shellcheck source=tests/lib/tap.sh
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
here=$TOP/tests/cli/kiln-render
why="no cloud-init here"

schema() { cloud-init schema --config-file "$1"; }

if have cloud-init; then
	printf '#cloud-config\nssh_pwauth: [1]\n' >"$SCRATCH/wrong.yaml"
	check_not "cloud-init refuses a wrong type" schema "$SCRATCH/wrong.yaml"
else
	skip "cloud-init refuses a wrong type" "$why"
fi

found=0
while IFS= read -r template; do
	for data in "$here"/data/*.yaml; do
		name="${template#"$TOP/"} with $(basename "$data")"
		out=$SCRATCH/out.yaml
		run kiln-render "$template" --root "$TOP" -d "$data" --no-yaml -o "$out"
		[ "$status" -eq 0 ] && [ "$(head -n 1 "$out")" = '#cloud-config' ] || continue
		found=$((found + 1))
		if have cloud-init; then
			check "cloud-init schema: $name" schema "$out"
		else
			skip "cloud-init schema: $name" "$why"
		fi
	done
done < <(find "$TOP/cloud-config" "$TOP/recipes" -name '*.erb' | LC_ALL=C sort)
check "there are #cloud-config templates" [ "$found" -gt 0 ]
tap_done
