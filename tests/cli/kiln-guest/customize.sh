#!/usr/bin/env bash
# customize, as far as it goes without an appliance: what it refuses before it starts one, and what
# needs none. tests/images/customized runs the rest on a real guest.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-guest/guests.sh"
cd "$SCRATCH" || exit 1
export SOURCE_DATE_EPOCH=1700000000

system one
echo key | put one/etc/ssh/ssh_host_ed25519_key
image one one || exit 1
sum=$(sha256sum one.qcow2)

exits 2 "no operations" kiln-guest customize one.qcow2 -o out.qcow2
says "says how to give them" 'no operations; give them in a file with -c'
exits 2 "nowhere to write" kiln-guest customize one.qcow2 --delete /etc/hostname
says "says where it can go" '-o FILE, --in-place or --export'
exits 2 "an ESP without the root" kiln-guest customize one.qcow2 --delete /x -o out.qcow2 --export-esp esp.tar
exits 2 "a policy for an archive" kiln-guest customize one.qcow2 --sysprep --check --export root.tar
exits 2 "two reports on standard output" kiln-guest customize one.qcow2 --sysprep --check --json - --junit - -o out.qcow2
exits 2 "the image as its own output" kiln-guest customize one.qcow2 --sysprep -o one.qcow2
says "names the remedy" '--in-place'
exits 2 "an operation's option without its parts" kiln-guest customize one.qcow2 --chmod 0644 -o out.qcow2
says "names it" 'chmod'
printf -- '- write: {path: /x, contents: y}\n' >bad.yaml
exits 3 "an unknown key" kiln-guest customize one.qcow2 -c bad.yaml -o out.qcow2
says "where it stands" 'bad.yaml:1:[0-9]+:.*contents'
printf -- '- delete: ../../etc/passwd\n' >bad.yaml
exits 3 "a path that leaves the guest" kiln-guest customize one.qcow2 -c bad.yaml -o out.qcow2
exits 5 "no such file of operations" kiln-guest customize one.qcow2 -c none.yaml -o out.qcow2
exits 2 "packages, and no repository" kiln-guest customize one.qcow2 --install htop -o out.qcow2
mkdir repo
printf 'Package: other\nVersion: 1\n' >repo/Packages
exits 4 "a package that is not in the lock" kiln-guest customize one.qcow2 --install htop --packages repo -o out.qcow2
says "names it" 'package htop is not in the lock'
exits 3 "no image" kiln-guest customize bad.yaml --sysprep -o out.qcow2
says "how to give the format" '--format'

# A guest whose programs cannot run here.
cp -r one other
printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\363\0' >other/usr/bin/dash
image other other || exit 1
exits 7 "a command for another architecture" kiln-guest customize other.qcow2 --run true -o out.qcow2
says "both are named" "riscv64.*$(uname -m)"
for name in out.qcow2 root.tar esp.tar; do
	check "$name was not written" test ! -e "$name"
done

# Nothing but sysprep: no appliance is started.
exits 0 "sysprep alone" kiln-guest customize one.qcow2 --sysprep -o new.qcow2
check_not "starts no appliance" grep -q appliance "$SCRATCH/err"
exits 0 "it is sysprep's work" kiln-guest sysprep one.qcow2 -o prepared.qcow2
check "the same bytes" cmp new.qcow2 prepared.qcow2
exits 0 "archives instead of an image" kiln-guest customize one.qcow2 --sysprep --export root.tar \
	--export-esp esp.tar --identity identity.json
exits 0 "those of the new image" kiln-guest export new.qcow2 -o want.tar --esp want-esp.tar --identity want.json
check "the root" cmp root.tar want.tar
check "the ESP" cmp esp.tar want-esp.tar
check "the identifiers" cmp identity.json want.json
exits 1 "a result that the policy refuses" kiln-guest customize one.qcow2 --sysprep --check -o refused.qcow2
check "is not written" test ! -e refused.qcow2
check "and the findings are told" grep -q '^refused.qcow2: .* failed' "$SCRATCH/out"
is "the image is as it was" "$(sha256sum one.qcow2)" "$sum"
exits 0 "in place" kiln-guest customize one.qcow2 --sysprep --in-place
check "the same bytes" cmp one.qcow2 new.qcow2
is "no temporary file is left" "$(find . -name 'kiln*' | wc -l)" 0
tap_done
