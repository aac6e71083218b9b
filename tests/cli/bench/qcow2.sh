#!/bin/bash
# tests/bench/qcow2 on small disks: its JSON fits the schema, its chart is well-formed, and it tells when a
# ratio is worse than the stored one.
# What is timed flushes its output: in memory, where there is room, that keeps no busy disk busy.
if [ "$(df --output=avail -BM /dev/shm 2>/dev/null | tr -dc 0-9)" -ge 256 ] 2>/dev/null && [ -w /dev/shm ]; then
	export TMPDIR=/dev/shm
fi
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70

for program in python3 time qemu-img xz zstd; do
	if ! have "$program"; then
		skip "bench qcow2" "$program is not installed"
		tap_done
	fi
done
out=$SCRATCH/results
stored=$SCRATCH/stored.json
mkdir "$SCRATCH/tmp"
export TMPDIR=$SCRATCH/tmp
python=$(python3 -c 'import sys; print(sys.executable)') # found without PATH, too
bench() { "$python" "$TOP/tests/bench/qcow2" --quick --output "$out" "$@"; }
# value EXPRESSION: what Python makes of the last run's JSON, d
value() {
	"$python" -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' \
		"$out/qcow2.json" "$1"
}
# store STATEMENT: keep this run's ratios as the stored ones, changed; s is what is stored
store() {
	"$python" - "$out/qcow2.json" "$stored" "$1" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
s = {"processors": d["machine"]["processors"], "ratios": d["ratios"]}
for ratio in s["ratios"].values():
    ratio["speed"] /= 1000
exec(sys.argv[3])
json.dump(s, open(sys.argv[2], "w"))
PY
}

exits 0 "every command runs" bench
is "nothing stays in the scratch folder" "$(ls "$TMPDIR")" ""
is "what is left out is named" "$(value '[s["case"] for s in d["skipped"]]')" "['sparsify']"
is "every bar is measured" "$(value '[b["title"] for b in d["bars"] if b["got"] is None]')" "[]"
check "bars are shown" grep -Eq '^  zstd, 2 MiB clusters: 8 % smaller .*(reached|MISSED)$' "$SCRATCH/out"
check_not "no path and no host's name in the JSON" grep -F -e "$SCRATCH" -e "$TOP" -e "/$(uname -n)/" "$out/qcow2.json"
check "the JSON's keys are sorted" "$python" -c 'import json, sys; t = open(sys.argv[1]).read()
assert t == json.dumps(json.loads(t), indent=2, sort_keys=True) + "\n"' "$out/qcow2.json"
if /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
	cat >"$SCRATCH/schema.py" <<'PY'
import json, sys, jsonschema
schema, result = [json.load(open(path)) for path in sys.argv[1:]]
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.validate(result, schema, cls=jsonschema.Draft202012Validator)
for key in result:
    try:
        jsonschema.validate({k: v for k, v in result.items() if k != key}, schema)
    except jsonschema.ValidationError:
        continue
    sys.exit(f"the schema does not want {key}")
PY
	check "the JSON fits its schema" /usr/bin/python3 "$SCRATCH/schema.py" "$TOP/docs/bench.schema.json" "$out/qcow2.json"
else
	skip "the JSON fits its schema" "python3-jsonschema is not installed"
fi
cat >"$SCRATCH/chart.py" <<'PY'
import json, sys
from xml.etree import ElementTree
ns = "{http://www.w3.org/2000/svg}"
svg = ElementTree.parse(sys.argv[1]).getroot()
ratios = json.load(open(sys.argv[2]))["ratios"]
bars = [r for r in svg.iter(f"{ns}rect") if r.get("class") in ("better", "worse")]
assert svg.tag == f"{ns}svg" and not list(svg.iter(f"{ns}script"))
assert len(bars) == sum(len(ratio) for ratio in ratios.values()) > 50, len(bars)
for r in bars:
    assert 0 <= float(r.get("x")) and float(r.get("x")) + float(r.get("width")) <= float(svg.get("width"))
    assert float(r.get("y")) + float(r.get("height")) < float(svg.get("height"))
PY
check "the chart has a bar for each ratio" "$python" "$SCRATCH/chart.py" "$out/qcow2.svg" "$out/qcow2.json"

# The group of written zeros is the quickest. Its stored speeds are a thousandth of what was measured.
again() { bench --only zeros --baseline "$stored"; }
store 'pass'
exits 0 "nothing is worse" again
check "that is said" grep -q '^no ratio is worse' "$SCRATCH/out"
store 's["ratios"]["zeros/level-1/qemu"]["speed"] *= 1e6'
exits 1 "a speed that is worse is a regression" again
check "it is named" grep -Eq '^  zeros/level-1/qemu +speed .* %$' "$SCRATCH/out"
store 's["ratios"]["zeros/default/qemu"]["size"] *= 0.97'
exits 1 "so is a size that is 3 % worse" again
check "it is named" grep -Eq '^  zeros/default/qemu +size .* 3\.1 %$' "$SCRATCH/out"
store 's["processors"] += 1; s["ratios"]["zeros/level-1/qemu"]["speed"] *= 1e6'
exits 0 "speeds of another number of processors are not compared" again
says "that is said" 'only sizes are compared'
store 's["ratios"]["zeros/gone/qemu"] = {"speed": 1}'
exits 0 "a ratio that is no longer measured is none" again
says "it is named" 'not measured now: zeros/gone/qemu speed'
echo '{}' >"$stored"
exits 2 "stored ratios that are none" again
rm "$stored"
exits 0 "ratios are stored" bench --only zeros --baseline "$stored" --update-baseline
is "those that were measured" "$(value "d['ratios'] == json.load(open('$stored'))['ratios']")" True

cat >"$SCRATCH/known.py" <<'PY'
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from lib import qcow2_cases
known = {pair.key() for _, _, pairs in qcow2_cases.plan("debian") for pair in pairs}
gone = set(json.load(open(sys.argv[2]))["ratios"]) - known
assert not gone, gone
PY
check "the repository's stored ratios are ratios that there are" "$python" "$SCRATCH/known.py" \
	"$TOP/tests/bench" "$TOP/tests/bench/qcow2.baseline.json"

exits 2 "no runs" bench --runs 0
exits 2 "an unknown group" bench --only nothing
exits 2 "an unknown benchmark" "$TOP/ci/bench" nothing
exits 2 "--quick of another benchmark" "$TOP/ci/bench" disk --quick
mkdir "$SCRATCH/bin"
cat >"$SCRATCH/bin/kiln-qcow2" <<'SH'
#!/bin/sh
while [ "$1" != -o ]; do shift; done
qemu-img create -q -f qcow2 "$2" 8M
SH
chmod +x "$SCRATCH/bin/kiln-qcow2"
head -c 8M /dev/urandom >"$SCRATCH/disk.raw"
wrong() { PATH=$SCRATCH/bin:$PATH bench --only image --disk "$SCRATCH/disk.raw"; }
exits 5 "a tool that writes something else wins nothing" wrong
says "that is said" 'the output is not the disk'
rm "$SCRATCH/bin/kiln-qcow2"
ln -s "$(command -v kiln-qcow2)" "$SCRATCH/bin"
exits 7 "qemu-img is not installed" env PATH="$SCRATCH/bin" "$python" "$TOP/tests/bench/qcow2" --quick --output "$out"
says "that is said" 'qemu-img is not installed'
tap_done
