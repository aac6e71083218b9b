# kiln-source fetch: from a server that fails in every way, and from a folder.
# shellcheck shell=bash
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-source/fixture.sh" || exit 1
need_programs "kiln-source fetch"
make_archive
make_recipe app patched
lock_tiny --arch x86_64 >"$SCRATCH/out" 2>&1 || { cat "$SCRATCH/out"; exit 1; }
lib=$ARCHIVE/main/pool/lib_1.0_all.deb
app=$ARCHIVE/main/pool/app_2.0~rc1+b1_amd64.deb

count_cached() { find "$LIMEKILN_CACHE/sha256" -type f ! -name '*.part' 2>/dev/null | wc -l; }
count_parts() { find "$LIMEKILN_CACHE/sha256" -name '*.part' 2>/dev/null | wc -l; }
requests() { grep -c "$1" "$STATE/log"; }

# fetches NAME FAULTS: the cache is filled in spite of the faults.
fetches() {
	faults "$2"
	exits 0 "$1" fetch_tiny
	check "$1: the files are right" cache_is_sound
	is "$1: all of them, nothing else" "$(count_cached) $(count_parts)" "4 0"
}

# refuses CODE NAME FAULTS PATTERN: exits with code, says pattern, app never gets its name.
refuses() {
	faults "$3"
	exits "$1" "$2" fetch_tiny
	says "$2: says why" "$4"
	check_not "$2: nothing under the final name" test -e "$(cached app)"
	check "$2: what is there is right" cache_is_sound
}

fetches "a server without faults" '{}'
is "modes" "$(stat -c %a "$(cached app)")" 444
before=$(wc -l <"$STATE/log")
exits 0 "all there: fetch again" fetch_tiny --stamp "$SCRATCH/stamp"
is "without a request" "$(wc -l <"$STATE/log")" "$before"
is "the stamp is the lock's digest" "$(cat "$SCRATCH/stamp")" "$(sha256sum <"$LOCK" | cut -d' ' -f1)"
stop_server
exits 0 "all there: no mirror is needed" env APT_CONFIG=/dev/null timeout 20 \
	kiln-source fetch --lock "$LOCK"

fetches "500, then good" '{"app_": ["500", "503"]}'
fetches "busy, come back in a second" '{"app_": ["busy"]}'
fetches "408 and 429" '{"app_": ["408", "429"]}'
fetches "a cut connection" '{"lib_": ["cut"]}'
check "goes on where it was cut" grep -q 'lib_1.0_all.deb 206 bytes=' "$STATE/log"
fetches "cut three times" '{"lib_": ["cut700000", "cut700000", "cut"]}'
fetches "cut before the first byte" '{"lib_": ["cut0"]}'
fetches "a server without ranges" '{"lib_": ["cut", "norange"]}'
fetches "no length, ended early" '{"lib_": ["nolength"]}'
fetches "a stalled connection" '{"lib_": ["stall"]}'
fetches "a connection that drips" '{"lib_": ["drip"]}'
fetches "a redirect" '{"app_": ["redirect"]}'

refuses 6 "404" '{"app_": ["404*"]}' 'no longer has app 1:2.0~rc1\+b1 \(pool/app_2.0~rc1\+b1_amd64.deb\)'
says "names the remedy" '`just lock tiny`, or build without --locked'
is "the other files are brought" "$(count_cached)" 3
refuses 6 "410" '{"app_": ["410*"]}' 'no longer has app'
faults '{"_": ["404*"]}'
exits 6 "all gone" fetch_tiny --stale-list "$SCRATCH/stale" --stamp "$SCRATCH/stamp2"
is "are listed" "$(cut -f1 "$SCRATCH/stale" | sort | paste -sd' ')" "app base lib patched"
is "with what tells them" "$(grep ^patched "$SCRATCH/stale")" \
	"$(printf 'patched\t3-1\tall\ttiny-security\tpool/patched_3-1_all.deb')"
check_not "and there is no stamp" test -e "$SCRATCH/stamp2"
refuses 6 "a shorter file" '{"app_": ["short*"]}' 'no longer has app'
refuses 6 "a longer file" '{"app_": ["long*"]}' 'no longer has app'
refuses 6 "500 for ever" '{"app_": ["500*"]}' 'app_2.0.*500'
check "is tried five times" test "$(requests app_)" -eq 5
refuses 6 "403" '{"app_": ["403*"]}' 'app_2.0.*403'
is "is tried once" "$(requests app_)" 1
refuses 6 "a redirect loop" '{"app_": ["loop*"]}' 'app_2.0.*redirects'
check "that ends" test "$(requests app_)" -lt 10
refuses 6 "a redirect to a local file" '{"app_": ["elsewhere*"]}' 'app_2.0'
refuses 6 "stalled for ever" '{"app_": ["stall*"]}' 'app_2.0'
refuses 4 "other bytes" '{"app_": ["wrong*"]}' 'app_2.0.*SHA-256.*--mirror'
is "leave no part" "$(find "$LIMEKILN_CACHE" -name "$(basename "$(cached app)")*" | wc -l)" 0
refuses 6 "a wrong range" '{"app_": ["cut50", "badrange*"]}' 'no longer has app'
stop_server
rm -rf "$LIMEKILN_CACHE"
exits 6 "no server" fetch_tiny
says "is said with the address" "127.0.0.1.*app|127.0.0.1.*deb"

# What an earlier run left
faults '{}'
part=$(cached lib).part
mkdir -p "$(dirname "$part")"
head -c 1000000 "$lib" >"$part"
exits 0 "go on with another run's part" fetch_tiny
check "from its end" grep -q 'lib_1.0_all.deb 206 bytes=1000000-' "$STATE/log"
check "rightly" cache_is_sound
faults '{}'
mkdir -p "$(dirname "$part")"
head -c 1000000 /dev/zero >"$part"
exits 0 "a part with other bytes" fetch_tiny
check "is brought anew" cache_is_sound
is "in two requests" "$(requests lib_)" 2
faults '{}'
mkdir -p "$(dirname "$part")"
cp "$lib" "$part"
exits 0 "a whole part" fetch_tiny
is "needs no request" "$(requests lib_)" 0
faults '{}'
mkdir -p "$(dirname "$part")"
cat "$lib" "$lib" >"$part"
exits 0 "a part that is too long" fetch_tiny
check "is forgotten" cache_is_sound
chmod u+w "$(cached app)"
printf x >>"$(cached app)"
exits 0 "a cached file of another size" fetch_tiny
check "is replaced" cache_is_sound
faults '{}'
mkdir -p "$(dirname "$part")"
ln -s "$SCRATCH/victim" "$part"
exits 5 "a symbolic link in the cache" fetch_tiny
check_not "is not followed" test -e "$SCRATCH/victim"

if [ "$(id -u)" -ne 0 ] || have setpriv; then
	as_user=()
	faults '{}'
	mkdir -p "$(dirname "$part")"
	cp "$app" "$part"
	chmod 444 "$part"
	if [ "$(id -u)" -eq 0 ]; then
		chmod 755 "$SCRATCH"
		chown -R 65534:65534 "$LIMEKILN_CACHE"
		as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	fi
	exits 0 "a read-only part, left by a kill" timeout 60 "${as_user[@]}" \
		"$(command -v kiln-source)" fetch --lock "$LOCK" --mirror "tiny=$URL/main" \
		--mirror "tiny-security=$URL/security"
	check "is brought anew" cache_is_sound
else
	skip "a read-only part, left by a kill" "root, and no setpriv"
fi

# Killed at some moment, several times over; then once in peace.
faults '{"lib_": ["slow*"]}'
for delay in 0.05 0.2 0.4 0.6; do
	kiln-source fetch --lock "$LOCK" --mirror "tiny=$URL/main" \
		--mirror "tiny-security=$URL/security" >/dev/null 2>&1 &
	pid=$!
	sleep "$delay"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	check "killed after $delay s: whole files or none" cache_is_sound
done
exits 0 "then it ends" fetch_tiny
is "with all files" "$(count_cached) $(count_parts)" "4 0"
check "that are right" cache_is_sound
check "and went on where it was" grep -q 'lib_1.0_all.deb 206' "$STATE/log"

faults '{"lib_": ["slow*"]}'
fetch_tiny >"$SCRATCH/out.1" 2>&1 &
one=$!
fetch_tiny >"$SCRATCH/out.2" 2>&1 &
two=$!
check "two at once: the one" wait $one
check "two at once: the other" wait $two
is "two at once: the file is asked for once" "$(requests lib_)" 1
check "two at once: the files are right" cache_is_sound
stop_server

# Proxies, as apt has them
through_proxy() {
	timeout 60 "$@" kiln-source fetch --lock "$LOCK" --mirror tiny=http://mirror.invalid/main \
		--mirror tiny-security=http://mirror.invalid/security
}
faults '{}'
exits 0 "a proxy from the environment" through_proxy env "http_proxy=$URL"
check "brings the right files" cache_is_sound
faults '{}'
printf 'Acquire::http::Proxy "%s";\n' "$URL" >"$SCRATCH/proxy.conf"
exits 0 "a proxy from apt's configuration" through_proxy env "APT_CONFIG=$SCRATCH/proxy.conf"
exits 0 "which the solver uses too" env "APT_CONFIG=$SCRATCH/proxy.conf" timeout 60 \
	kiln-source lock tiny --root "$REPOSITORY" --keyring "$KEYRING" --arch x86_64 --check \
	--mirror tiny=http://mirror.invalid/main --mirror tiny-security=http://mirror.invalid/security
stop_server

# A folder as mirror
from_folder() {
	timeout 60 kiln-source fetch --lock "$LOCK" --mirror "tiny=$ARCHIVE/main" \
		--mirror "tiny-security=file://$ARCHIVE/security"
}
rm -rf "$LIMEKILN_CACHE"
exits 0 "a folder as mirror" from_folder
check "the files are right" cache_is_sound
rm -rf "$LIMEKILN_CACHE"
mv "$app" "$SCRATCH/away"
exits 6 "a file the folder does not have" from_folder
says "is named" 'no longer has app'
head -c -1 "$SCRATCH/away" >"$app"
exits 6 "a file of another size" from_folder
{ head -c -1 "$SCRATCH/away" && printf '?'; } >"$app"
exits 4 "a file with other bytes" from_folder
check_not "gets no name" test -e "$(cached app)"
mv "$SCRATCH/away" "$app"
end_fixture
