#!/bin/bash
# ci/build-images on a small repository: what is run again and what is not, faults, interruption.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-plan/fixture.sh"

make_repo
cd "$repo" || exit 1
image=build/images/thing-$host_arch
all="kiln-source fetch,kiln-source repo,rootfs-deb,kiln-disk build,kiln-qcow2 compress,kiln-qcow2 verify,qemu-img check,qemu-img compare,kiln-guest check"
after_disk="kiln-disk build,kiln-qcow2 compress,kiln-qcow2 verify,qemu-img check,qemu-img compare,kiln-guest check"

build x
is "the first build" "$status" 0
is "every stage ran once" "$asked" "$all"
check "files" test -f "$image/thing-$host_arch.qcow2" -a -f "$image/lima.yaml" -a -f "$image/manifest.json"
check "sums" env -C "$image" sha256sum --strict --quiet -c SHA256SUMS
check "our own verification" kiln-manifest verify "$image"
digest=$(sha256sum <"$image/thing-$host_arch.qcow2" | cut -c 1-64)
check "the digest is in lima.yaml" grep -q "digest: sha256:$digest" "$image/lima.yaml"
check "the table names digest and folder" grep -q "$digest" "$SCRATCH/out"
is "the folder stands last" "$(tail -n 1 "$SCRATCH/out")" "$image/"
check "one line a stage" test "$(grep -c '^\[' "$SCRATCH/err")" -eq 9
check "the template was rendered" grep -Eq '^UUID=[0-9a-f-]{36} / yes$' "build/work/x-$host_arch/files/etc/fstab"
kiln-plan summary x --json >"$SCRATCH/summary"
check "the summary as JSON" ruby -rjson -e '
	s = JSON.parse(File.read(ARGV[0]))[0]
	exit 1 unless s["sha256"] == ARGV[1] && s["stage_ms"].length == 9 && s["virtual_size"] == 3145728' \
	"$SCRATCH/summary" "$digest"

build
is "again, without names: nothing runs" "$status:$asked" "0:"
find recipes builder ci -type f -exec touch {} +
build x
is "files touched: nothing runs" "$status:$asked" "0:"
echo '# a comment' >>recipes/x/files/fstab.erb
build x
is "a line in a template: from the disk on" "$status:$asked" "0:$after_disk"
sums=$(cat "$image/SHA256SUMS")
sed -i '$d' recipes/x/files/fstab.erb
printf '%s' '<%# nothing %>' >>recipes/x/files/fstab.erb
build x
is "taken back" "$status:$asked" "0:$after_disk"
printf '%s' '<%# nothing else %>' >>recipes/x/files/fstab.erb
build x
is "a template that renders to the same: nothing after it" "$status:$asked" "0:"
check_not "the other sums were others" test "$sums" = "$(cat "$image/SHA256SUMS")"
rm "build/work/x-$host_arch/disk.raw"
build x
is "a file that is gone is made again" "$asked" "$after_disk"

# Faults.
echo more >>recipes/x/files/plain
: >"$calls.fail-disk"
build x
is "a stage that fails: its exit code" "$status" 5
rm "$calls.fail-disk"
build x
is "afterwards only what failed and what follows" "$status:$asked" "0:$after_disk"
make_lock 1.1 >"recipes/x/lock.$host_arch.json"
: >"$calls.fail-fetch"
build x
is "no network: its exit code, and no other lock" "$status:$asked" "6:kiln-source fetch"
echo 'bash 1.1' >"$calls.gone"
build x --locked
is "packages that are gone, --locked" "$status:$asked" "6:kiln-source fetch"
says "they are named" '^  bash 1.1'
says "it says why" '--locked forbids another lock'
echo 'bash 1.1' >"$calls.gone"
make_lock 1.2 >"$calls.lock"
build x
is "packages that are gone: another lock, then on" "$status:$asked" "0:kiln-source fetch,kiln-source lock,$all"
says "a note" 'locking x anew'
says "the difference" '~ bash old -> new'
sed -i 's/packages: \[bash\]/packages: [dash]/' recipes/x/recipe.yaml
build x --locked
is "a lock of another recipe, --locked" "$status:$asked" "4:"
says "it says what to do" '`just lock x`'
sed -i 's/packages: \[dash\]/packages: [bash]/' recipes/x/recipe.yaml
rm "recipes/x/lock.$host_arch.json"
build x --locked
is "no lock, --locked" "$status:$asked" "4:"
build x
is "no lock: one is made" "$status:$asked" "0:kiln-source lock"
says "a note" "lock.$host_arch.json is missing; locking x anew"
sed -i 's/^suite:/siute:/' recipes/x/recipe.yaml
build x
is "a malformed recipe" "$status:$asked" "3:"
sed -i 's/^siute:/suite:/' recipes/x/recipe.yaml
for argument in y --fast with=a\;b arch=../x jobs=0 jobs=x 'a b' a=b; do
	build "$argument"
	is "usage: $argument" "$status:$asked" "2:"
done
build x jobs=1
is "jobs=1 changes nothing" "$status:$asked" "0:"
mv build/tools/tools/kiln-disk "$SCRATCH/kiln-disk"
build x
is "a tool that is not there" "$status:$asked" "7:"
mv "$SCRATCH/kiln-disk" build/tools/tools/kiln-disk
if [ "$(id -u)" -eq 0 ] && have setpriv; then
	chmod -R a+rX "$SCRATCH"
	: >"$calls"
	exits 5 "an output folder that cannot be written" \
		setpriv --reuid 65534 --regid 65534 --clear-groups ci/build-images x
	is "before anything is built" "$(cat "$calls")" ""
else
	chmod a-w build
	build x
	chmod u+w build
	is "an output folder that cannot be written" "$status:$asked" "5:"
fi

# Interruption: no half-written file, no process left, the next run goes on.
echo 3 >"$calls.sleep"
echo '# other' >>builder/stages/rootfs-deb
for signal in INT:130 TERM:143; do
	: >"$calls"
	setsid --wait env --default-signal=INT ci/build-images x >"$SCRATCH/out" 2>"$SCRATCH/err" &
	for ((i = 0; i < 100; i++)); do
		! grep -q rootfs-deb "$calls" || break
		sleep 0.05
	done
	group=$(pgrep -f -x "/bin/sh ci/build-images x" | head -n 1)
	kill -s "${signal%:*}" -- "-$group"
	status=0
	wait $! || status=$?
	is "$signal: exit code" "$status" "${signal#*:}"
	check_not "$signal: no process is left" pgrep -f "rootfs-deb --lock recipes/x"
done
rm "$calls.sleep"
mv "recipes/x/lock.$host_arch.json" "$SCRATCH/lock"
make_lock 1.3 >"recipes/x/lock.$host_arch.json"
echo 3 >"$calls.sleep-fetch"
: >"$calls"
setsid --wait ci/build-images x >"$SCRATCH/out" 2>"$SCRATCH/err" &
for ((i = 0; i < 100; i++)); do
	! grep -q fetch "$calls" || break
	sleep 0.05
done
kill -s TERM "$(pgrep -f -x "/bin/sh ci/build-images x" | head -n 1)"
status=0
wait $! || status=$?
is "TERM to the script alone while it fetches" "$status" 143
check_not "no process is left" pgrep -f "kiln-source fetch --lock recipes/x"
rm "$calls.sleep-fetch"
mv "$SCRATCH/lock" "recipes/x/lock.$host_arch.json"
build x
is "the next run goes on" "$status:$asked" "0:rootfs-deb,$after_disk"

# Two at once: one waits.
echo 1 >"$calls.sleep"
echo '# another' >>builder/stages/rootfs-deb
: >"$calls"
ci/build-images x >"$SCRATCH/first" 2>&1 &
sleep 0.3
exits 0 "two builds at once" ci/build-images x
says "the second waits" 'another build is running'
check "the first ends well" wait $!
is "each stage ran once" "$(grep -c rootfs-deb "$calls")" 1
tap_done
