#!/bin/bash
# kiln-render gives the bytes that Ruby's ERB gives: over the corpus, and over every template of
# the repository with each data file in data/.
# shellcheck source=tests/lib/tap.sh
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
here=$TOP/tests/cli/kiln-render

list=$SCRATCH/list
mkdir "$SCRATCH/ruby"

for folder in "$here"/corpus/*/; do
	folder=${folder%/}
	printf '%s\t%s\t%s\t%s\n' "corpus-${folder##*/}" "$folder" \
		"$folder/template.erb" "$folder/data.yaml" >>"$list"
done
# What a finished clean checkout has at least; fewer means that the search is broken.
corpus_size=$(wc -l <"$list")
check "the corpus has at least 60 cases" [ "$corpus_size" -ge 60 ]

while IFS= read -r template; do
	id=${template#"$TOP/"}
	for data in "$here"/data/*.yaml; do
		printf '%s\t%s\t%s\t%s\n' "${id//\//_}-$(basename "$data" .yaml)" "$TOP" \
			"$template" "$data" >>"$list"
	done
done < <(find "$TOP/recipes" "$TOP/cloud-config" -name '*.erb' 2>/dev/null | LC_ALL=C sort)

if ! have ruby; then
	while IFS=$'\t' read -r id _; do
		skip "same bytes as ERB: $id" "no ruby here"
	done <"$list"
	tap_done
fi

check "ruby renders the list" \
	bash -c 'ruby -W0 "$1" "$2" <"$3"' - "$here/oracle.rb" "$SCRATCH/ruby" "$list"
while IFS=$'\t' read -r id root template data; do
	name="same bytes as ERB: $id"
	run kiln-render "$template" --root "$root" -d "$data" --no-yaml -o "$SCRATCH/ours"
	if [ -e "$SCRATCH/ruby/$id.error" ]; then
		tap_result "not ok" "$name"
		sed 's/^/# ruby: /' "$SCRATCH/ruby/$id.error"
	elif [ "$status" -ne 0 ]; then
		tap_result "not ok" "$name"
		sed 's/^/# /' "$SCRATCH/err"
	else
		check "$name" cmp "$SCRATCH/ours" "$SCRATCH/ruby/$id"
	fi
done <"$list"
tap_done
