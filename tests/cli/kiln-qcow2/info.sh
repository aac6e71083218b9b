#!/usr/bin/env bash
# info and map, with qemu-img info, check and map as oracles.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-qcow2/disks.sh"
cd "$SCRATCH" || exit 1

truncate -s $((5 * 1024 * 1024 + 512)) disk.raw
text 300000 1 | put disk.raw 0
random 131072 1 | put disk.raw 2097152
text 70000 2 | put disk.raw 4194304
random 512 2 | put disk.raw $((5 * 1024 * 1024))

# agrees NAME: what both say of image.qcow2
cat >agrees.py <<'END'
import json, subprocess, sys

def run(*words):
    return json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=False).stdout)

name = 'image.qcow2'
ours = run('kiln-qcow2', 'info', '--json', name)
theirs = run('qemu-img', 'info', '--output=json', name)
check = run('qemu-img', 'check', '--output=json', name)
specific = theirs['format-specific']['data']
faults = []

def same(what, a, b):
    if a != b:
        faults.append(f'{what}: {a} is not {b}')

same('virtual size', ours['virtual_size'], theirs['virtual-size'])
same('cluster size', ours['cluster_size'], theirs['cluster-size'])
same('version', ours['version'], 2 if specific['compat'] == '0.10' else 3)
same('compression', ours['compression_type'],
     specific.get('compression-type', 'zlib').replace('zlib', 'deflate'))
same('refcount bits', ours['refcount_bits'], specific.get('refcount-bits', 16))
same('lazy', 'lazy-refcounts' in ours['features'], specific.get('lazy-refcounts', False))
same('snapshots', [(s['id'], s['name'], s['seconds']) for s in ours['snapshots']],
     [(s['id'], s['name'], s['date-sec']) for s in theirs.get('snapshots', [])])
if 'bitmaps' not in ours['features']:
    same('leaks', ours['host_clusters']['leaked'], check.get('leaks', 0))
    same('corruptions', ours['host_clusters']['wrong_refcounts'], check.get('corruptions', 0))
host = ours['host_clusters']
same('host clusters', host['metadata'] + host['plain'] + host['compressed'] + host['unused'],
     host['all'] if not host['leaked'] else host['all'] - host['leaked'])
guest = ours['guest_clusters']
same('compressed', guest['compressed'], check.get('compressed-clusters', 0))
same('allocated', guest['compressed'] + guest['plain'] + int(sys.argv[1]),
     check.get('allocated-clusters', 0))

# Both maps as one list of what is where, cut at the same places.
runs = run('kiln-qcow2', 'map', '--json', name)
end = 0
for r in runs:
    same('start of a run', r['start'], end)
    end = r['start'] + r['length']
same('end of the map', end, ours['virtual_size'])
for q in run('qemu-img', 'map', '--output=json', name):
    at = q['start']
    while at < q['start'] + q['length'] and at < ours['virtual_size']:
        r = next(r for r in runs if r['start'] <= at < r['start'] + r['length'])
        same(f'data at {at}', r['kind'] in ('plain', 'compressed'), q['data'])
        if not q['data']:  # else it may know of holes in the image's file
            same(f'zero at {at}', r['kind'] in ('hole', 'zero'), q['zero'])
        if 'offset' in q:
            same(f'offset at {at}', r.get('offset', 0) + at - r['start'], q['offset'] + at - q['start'])
        at = min(r['start'] + r['length'], q['start'] + q['length'])
total = {}
for r in runs:
    size = ours['cluster_size']
    total[r['kind']] = total.get(r['kind'], 0) + (r['length'] + size - 1) // size
for kind, n in guest.items():
    same(f'{kind} in the map', total.get(kind, 0), n)
print('\n'.join(faults), file=sys.stderr)
sys.exit(bool(faults))
END
agrees() {
	check "$1: info and map agree with qemu-img" python3 agrees.py "${2:-0}"
	exits 0 "$1: info in text" kiln-qcow2 info image.qcow2
	exits 0 "$1: map in text" kiln-qcow2 map image.qcow2
}
made() {
	local name=$1
	shift
	qemu-img convert -f raw -O qcow2 "$@" disk.raw image.qcow2
	agrees "$name"
}
for cluster in 512 4k 64k 2M; do
	made "clusters of $cluster" -o cluster_size=$cluster
	made "clusters of $cluster, compressed" -c -o cluster_size=$cluster
done
for bits in 1 4 32; do
	made "refcounts of $bits bits" -o refcount_bits=$bits
done
made "version 2" -o compat=0.10
made "zstd" -c -o compression_type=zstd
made "lazy" -o lazy_refcounts=on
truncate -s 6M disk.raw
kiln-qcow2 compress -q disk.raw -o image.qcow2
agrees "ours"
qemu-img convert -f raw -O qcow2 disk.raw image.qcow2
qemu-img snapshot -c one image.qcow2
qemu-io -f qcow2 -c 'write -P 7 100k 200k' image.qcow2 >/dev/null
qemu-img snapshot -c 'zwei drei' image.qcow2
agrees "snapshots"
qemu-img convert -f raw -O qcow2 disk.raw image.qcow2
qemu-io -f qcow2 -c 'write -z 3M 128k' -c 'discard 0 64k' image.qcow2 >/dev/null
exits 0 "marked as zeros" kiln-qcow2 map image.qcow2
kiln-qcow2 map image.qcow2 >map.txt
check "marked as zeros: listed" grep -qE '^3145728 +131072 +zero' map.txt

# Damage is counted
qemu-img convert -f raw -O qcow2 disk.raw image.qcow2
block=$(refblock_of image.qcow2)
poke image.qcow2 $((block + 2 * 4)) 0003
poke image.qcow2 $((block + 2 * 5)) 0000
kiln-qcow2 info --json image.qcow2 >info.json
check "a leak is counted" grep -q '"leaked": 1' info.json
check "a refcount too low is counted" grep -q '"wrong_refcounts": 1' info.json
check "and it is not for Lima" grep -q '"not_lima": "refcount of the cluster' info.json

# Images that are refused elsewhere
# told NAME PATTERN: info says why bad.qcow2 is not read
told() {
	exits 0 "$1" timeout 20 kiln-qcow2 info bad.qcow2
	kiln-qcow2 info bad.qcow2 >bad.txt
	check "$1: says why" grep -qE "^readable +no: .*$2" bad.txt
	check "$1: not for Lima" grep -qE '^for Lima +no: ' bad.txt
	check_not "$1: map" timeout 20 kiln-qcow2 map bad.qcow2
}
qemu-img create -q -f qcow2 -b image.qcow2 -F qcow2 bad.qcow2
told "backing file" "backing file"
qemu-img create -q -f qcow2 -o data_file=data.raw bad.qcow2 2M
told "external data file" "external data file"
qemu-img create -q -f qcow2 -o extended_l2=on bad.qcow2 2M
told "extended L2 entries" "extended L2"
cp image.qcow2 bad.qcow2
poke bad.qcow2 72 0000000000000001
told "dirty" "dirty"
poke bad.qcow2 72 0000000000000002
told "corrupt" "corrupt"
poke bad.qcow2 72 8000000000000000
told "unknown feature" "unknown feature"
cp image.qcow2 bad.qcow2
poke bad.qcow2 32 00000002
told "encryption" "encryption"
cp image.qcow2 bad.qcow2
l2=$(l2_of bad.qcow2)
poke bad.qcow2 $((l2 + 8)) "$(printf '%016x' "$(be64 bad.qcow2 "$l2")")"
told "overlap" "overlap"
cp image.qcow2 bad.qcow2
truncate -s 200000 bad.qcow2
told "cut off" "cut off"

exits 3 "no qcow2 image" kiln-qcow2 info disk.raw
exits 5 "no such image" kiln-qcow2 info absent.qcow2
qemu-img create -q -f qcow2 image.qcow2 8T
exits 0 "8 TiB of nothing" timeout 20 kiln-qcow2 map image.qcow2
qemu-img convert -f raw -O qcow2 disk.raw image.qcow2
qemu-img snapshot -c "$(printf 'a\033[2Jb')" image.qcow2
kiln-qcow2 info image.qcow2 >info.txt
check "a name cannot move the cursor" grep -qF 'a\x1b[2Jb' info.txt
tap_done
