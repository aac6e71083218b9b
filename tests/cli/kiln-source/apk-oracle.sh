# lib/apk, apk-repo and kiln-source's repositories against apk itself, run in an Alpine root.
# $1 is apk-probe. The root is $LIMEKILN_ALPINE_ROOT, an Alpine minirootfs for this machine.
# shellcheck shell=bash
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-source/apk-fixture.sh" || exit 1
probe=${1:?is apk-probe}
need_apk_programs "against apk itself"
root=${LIMEKILN_ALPINE_ROOT:-$TOP/../shared/sources/alpine-minirootfs-3.20.3-x86_64.tar.gz}
no_root() {
	skip "against apk itself" "$1"
	tap_done
}
[ -r "$root" ] || no_root "there is no Alpine root; set LIMEKILN_ALPINE_ROOT"
[ "$(id -u)" -eq 0 ] || no_root "chroot needs root"
GUEST=$SCRATCH/guest
mkdir "$GUEST"
tar -xzf "$root" -C "$GUEST"
in_guest() { timeout 120 chroot "$GUEST" "$@"; }
in_guest /sbin/apk --version >/dev/null 2>&1 || no_root "the Alpine root's apk does not run here"

# Versions: each pair of a list, and pairs that a fixed seed makes.
python3 - >"$SCRATCH/pairs" <<'END'
import itertools
import random
random.seed(3)
plain = ["1", "1.0", "1.00", "1.01", "1.010", "1.0.1", "1.1", "1.10", "1a", "1a2", "1.0b", "1_alpha",
         "1_beta3", "1_pre", "1_rc1", "1_cvs", "1_svn9", "1_git20240101", "1_hg", "1_p", "1_p1",
         "1_rc1_p1", "1.0_rc1", "1.0_p1", "1-r0", "1-r1", "1-r10", "1.0-r1", "1.0_rc1-r3", "2", "0", "010"]
for pair in itertools.product(plain, plain):
    print(*pair)
def version():
    v = random.choice(["0", "1", "2", "01", "10"])
    for _ in range(random.choice([0, 1, 1, 2])):
        v += "." + random.choice(["0", "1", "2", "01", "00", "001", "10", "010"])
    if random.random() < .3:
        v += random.choice("ab") + random.choice(["", "", "1", "01"])
    for _ in range(random.choice([0, 0, 1, 2])):
        v += "_" + random.choice(["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"])
        v += random.choice(["", "0", "1", "2", "10"])
    return v + (random.choice(["-r0", "-r1", "-r10"]) if random.random() < .4 else "")
for _ in range(600):
    a, b = version(), version()
    print(a, b if random.random() < .5 else a[:random.randrange(1, len(a) + 1)] + b[1:])
END
# shellcheck disable=SC2016 # for the guest's shell
in_guest /bin/sh -c 'while read -r a b; do echo "$a $(apk version -t "$a" "$b") $b"; done' \
	<"$SCRATCH/pairs" >"$SCRATCH/theirs" 2>/dev/null
"$probe" versions <"$SCRATCH/pairs" >"$SCRATCH/ours"
check "enough pairs are versions" test "$(grep -vc ' - ' "$SCRATCH/ours")" -gt 1200
check "all of them compare as in apk" bash -c '
	diff <(paste -d"\n" "$1" "$2" | awk "NR % 2 { keep = \$2 != \"-\" } keep && NR % 2") \
		<(paste -d"\n" "$1" "$2" | awk "NR % 2 { keep = \$2 != \"-\" } keep && NR % 2 == 0")' - \
	"$SCRATCH/ours" "$SCRATCH/theirs"

# The solver. index LINE...: "NAME VERSION FIELD..."; a field's blanks are commas.
index() {
	python3 - "$@" >"$GUEST/o/APKINDEX" <<'END'
import base64, hashlib, sys
for line in sys.argv[1:]:
    name, version, *fields = line.split(" ")
    checksum = base64.b64encode(hashlib.sha1(line.encode()).digest()).decode()
    print(f"C:Q1{checksum}\nP:{name}\nV:{version}\nA:x86_64\nS:1\nI:1\nT:t\nU:u\nL:l\nt:1")
    for field in fields:
        print(field.replace(",", " "))
    print()
END
	tar -C "$GUEST/o" -czf "$GUEST/o/x86_64/APKINDEX.tar.gz" APKINDEX
}
simulate() { # ATOM...: what apk would install, sorted
	rm -rf "$GUEST/to"
	mkdir -p "$GUEST/to/etc/apk" "$GUEST/to/lib/apk/db"
	touch "$GUEST/to/etc/apk/world" "$GUEST/to/lib/apk/db/installed" "$GUEST/to/lib/apk/db/triggers"
	in_guest /sbin/apk add --simulate --no-network --allow-untrusted --no-cache --no-progress \
		--arch x86_64 --repositories-file /o/none --root /to -X /o "$@" >"$SCRATCH/said" 2>&1
	sed -nE 's/^\([0-9/]+\) Installing (\S+) \((\S+)\)$/\1-\2/p' "$SCRATCH/said" | sort | paste -sd' '
}
mkdir -p "$GUEST/o/x86_64"
touch "$GUEST/o/none"
solves() { # ATOMS LINE...: the same set, or an error from both
	local atoms=$1 ours
	shift
	index "$@"
	# shellcheck disable=SC2086 # a list
	ours=$("$probe" solve "$GUEST/o/APKINDEX" $atoms 2>/dev/null | sort | paste -sd' ')
	# shellcheck disable=SC2086
	is "$atoms of: $*" "$ours" "$(simulate $atoms)"
}
solves app "app 1 D:lib>=1,cmd:sh" "lib 2" "lib 1" "busybox 1 p:cmd:sh=1"
solves "app lib<2" "app 1 D:lib" "lib 2" "lib 1"
solves "app old" "app 1 D:lib" "lib 2" "lib 1" "old 1 D:lib<2"
solves "app old" "app 1 D:lib~1.2" "lib 1.2.9-r3" "lib 1.3" "old 1"
solves "app x" "app 1 D:!bad" "x 1 D:lib" "lib 2 D:bad" "lib 1" "bad 1"
solves /bin/sh "busybox 1 p:cmd:sh=1,/bin/sh"
solves /bin/sh "busybox 1 p:/bin/sh k:60" "dash 1 p:/bin/sh k:10"
solves "v c" "c 3 p:v k:10" "d 4 p:v k:20"
solves u "u 1 D:v" "c 3 p:v k:10" "d 4 p:v k:20"
solves user "e 1 p:w" "f 1 p:w" "user 1 D:w"
solves "user f" "e 1 p:w" "f 1 p:w" "user 1 D:w"
solves cmd:y "g 1 p:cmd:y=1 k:1" "h 1 p:cmd:y=1 k:2"
solves cmd:y "g 1 p:cmd:y=2 k:1" "h 1 p:cmd:y=1 k:2"
solves foo "foo 1" "bar 1 p:foo=2"
solves foo "foo 1" "bar 1 p:foo=1"
solves foo "bar 1 p:foo=1" "foo 1"
solves foo "foo 1" "bar 1 p:foo k:5"
solves w "w 1 D:v>1" "p 1 p:v"
solves cmd:z "i 1 p:cmd:z=1" "j 1 p:cmd:z=1"
solves cmd:z "j 1 p:cmd:z=1" "i 1 p:cmd:z=1"
solves "app openrc" "app 1" "openrc 1" "app-openrc 1 i:app=1,openrc" "app-doc 1 i:app,docs"
solves app "app 1" "app-x 1 i:app" "app-x 2 i:app D:more" "more 1"
solves x "x 1 D:y" "y 1 D:!x"
solves "a b" "a 1 p:cmd:x=1" "b 1 p:cmd:x=2"
solves loop "loop 1 D:pool" "pool 1 D:loop"

# apk-repo makes what abuild and apk index make.
make_apk_archive
make_apk_recipe app openrc
mkdir "$GUEST/archive"
cp -a "$ARCHIVE/." "$KEYS" "$GUEST/archive/"
check "apk trusts the packages" in_guest /bin/sh -c \
	'apk verify --keys-dir /archive/keys /archive/v3.23/*/x86_64/*.apk'
in_guest /bin/sh -c 'apk index --rewrite-arch x86_64 --keys-dir /archive/keys \
	-o /index /archive/v3.23/main/x86_64/*.apk' >"$SCRATCH/said" 2>&1
# Fields of a package come in another order.
fields() {
	gzip -dc "$1" 2>/dev/null | tar -xO APKINDEX |
		awk -v RS= -F'\n' '{ for (i = 1; i <= NF; i++) print $1 " " $i }' | sort
}
fields "$GUEST/index" >"$SCRATCH/theirs"
fields "$MAIN/APKINDEX.tar.gz" >"$SCRATCH/ours"
check "apk index has packages" test -s "$SCRATCH/theirs"
check "apk-repo's index says the same" diff "$SCRATCH/theirs" "$SCRATCH/ours"

# What kiln-source locks is what apk installs of its repository.
exits 0 "lock" lock_tiny
exits 0 "make the repository" timeout 60 kiln-source repo --lock "$LOCK" --root "$REPOSITORY" \
	-o "$SCRATCH/repo"
cp -a "$SCRATCH/repo" "$GUEST/repo"
sed 's,^,/repo/,' "$GUEST/repo/repositories" >"$GUEST/list"
install_all() {
	in_guest /sbin/apk add --no-network --no-cache --no-progress --arch x86_64 --initdb --no-scripts \
		--keys-dir /repo/keys --repositories-file /list --root /system app openrc
}
mkdir "$GUEST/system"
exits 0 "apk installs from it" install_all
is "exactly what is locked" "$(sed -n 's/^P://p' "$GUEST/system/lib/apk/db/installed" | sort | paste -sd' ')" \
	"app app-openrc lib openrc zlib"
is "with its files" "$(cat "$GUEST/system/usr/share/app/text")" "app 2.0-r1"
printf x >>"$GUEST/repo/v3.23/main/x86_64/zlib-1.3.1-r1.apk"
rm -rf "$GUEST/system" "$GUEST/repo/keys"
mkdir "$GUEST/system" "$GUEST/repo/keys"
check_not "and nothing without the keys" install_all
tap_done
