# kiln-source with the archives this host is configured with: the real recipe, resolved anew.
# Needs the network; without it the test is skipped by name.
# shellcheck shell=bash
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
export LIMEKILN_CACHE=$SCRATCH/cache

if ! have apt-get || [ ! -r /usr/share/keyrings/debian-archive-keyring.gpg ]; then
	skip "the real archives" "this host has no apt with Debian's keyring"
	tap_done
fi
mkdir -p "$SCRATCH/tree/recipes"
cp -r "$TOP/recipes/debian" "$SCRATCH/tree/recipes/debian"
rm -f "$SCRATCH/tree/recipes/debian/"lock.*.json
lock=$SCRATCH/tree/recipes/debian/lock.x86_64.json
run timeout 240 kiln-source lock debian --root "$SCRATCH/tree" --arch x86_64
if [ "$status" -eq 6 ] || [ "$status" -eq 2 ] || [ "$status" -eq 124 ]; then
	skip "the real archives" "they cannot be reached: $(tail -n 1 "$SCRATCH/err")"
	tap_done
fi
is "lock the Debian recipe" "$status" 0
cp "$lock" "$SCRATCH/first"
exits 0 "lock it again" timeout 240 kiln-source lock debian --root "$SCRATCH/tree" --arch x86_64 --check
exits 0 "and once more" timeout 240 kiln-source lock debian --root "$SCRATCH/tree" --arch x86_64
check "no byte has changed" cmp "$lock" "$SCRATCH/first"
check "all that the recipe asks for is in it" python3 - "$lock" "$TOP/recipes/debian/recipe.yaml" <<'END'
import json
import sys

names = {p["name"] for p in json.load(open(sys.argv[1]))["packages"]}
wanted = {"apt", "base-files", "bash", "cloud-init", "dpkg", "openssh-server", "sudo"}
assert wanted <= names, wanted - names
END

# One small package, by the host's own mirror.
python3 - "$lock" "$SCRATCH/one.json" <<'END'
import json
import sys

lock = json.load(open(sys.argv[1]))
lock["packages"] = [min(lock["packages"], key=lambda p: p["size"])]
json.dump(lock, open(sys.argv[2], "w"))
END
exits 0 "fetch a file of it" timeout 120 kiln-source fetch --lock "$SCRATCH/one.json"
exits 0 "that is right" kiln-source verify --lock "$SCRATCH/one.json"
tap_done
