#!/bin/bash
# justw: finds just, or installs it from whatever is there; stand-ins for the package managers.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70

bin=$SCRATCH/bin
repo=$SCRATCH/"my repo"
cache=$SCRATCH/cache
calls=$SCRATCH/calls
mkdir "$bin" "$repo"
cp "$TOP/justw" "$repo/justw"
for program in sh bash awk mkdir mktemp mv rm chmod dirname cat cp id env sleep touch; do
	ln -s "$(command -v $program)" "$bin/$program"
done

program() { # NAME: a program on PATH that is recorded and does what standard input says
	{
		printf '#!/bin/sh\necho "%s $*" >>"%s"\n' "$1" "$calls"
		cat
	} >"$bin/$1"
	chmod +x "$bin/$1"
}
just_of_version() { # prints a just
	printf '#!/bin/sh\n[ "$1" != --version ] || { echo "just %s"; exit; }\necho "just %s in $PWD:$*"\nexit 3\n' "$1" "$1"
}
fresh() {
	rm -rf "$cache" "$bin/npm" "$bin/python3" "$bin/cargo" "$bin/apt-get" "$bin/apt-cache" "$bin/just" "$bin/sudo"
	: >"$calls"
}
justw() { env -i PATH="$bin" HOME="$SCRATCH/home" XDG_CACHE_HOME="$cache" "$repo/justw" "$@"; }
just_of_version 1.57.0 >"$SCRATCH/just"
npm() {
	program npm <<-END
	[ ! -f "$SCRATCH/npm-fails" ] || exit 1
	mkdir -p "\$3/node_modules/rust-just-linux-x64/bin"
	cat "$SCRATCH/just" >"\$3/node_modules/rust-just-linux-x64/bin/just"
	END
}
ran="just 1.57.0 in $repo"

fresh
just_of_version 1.40.0 >"$bin/just"
chmod +x "$bin/just"
exits 3 "just on PATH: its exit code" justw a 'b c'
is "in the repository, with the arguments" "$(cat "$SCRATCH/out")" "just 1.40.0 in $repo:a b c"
just_of_version 2.0.1 >"$bin/just"
exits 3 "a later major version" justw
fresh
npm
just_of_version 1.39.9 >"$bin/just"
chmod +x "$bin/just"
exits 3 "an old one on PATH: another is installed" justw list
is "by npm" "$(cat "$SCRATCH/out")" "$ran:list"
says "it says what it does" "justw: installing just into $cache/limekiln/just from the npm package rust-just"
: >"$calls"
exits 3 "the next time" justw list
is "nothing is installed, nothing said" "$(cat "$calls" "$SCRATCH/err")" ""
is "only the program is kept" "$(ls -A "$cache/limekiln/just")" just

fresh
program python3 <<-END
	case "\$*" in
	*--version) exit 0 ;;
	esac
	while [ "\$1" != --target ]; do shift; done
	mkdir -p "\$2/bin" && cat "$SCRATCH/just" >"\$2/bin/just"
END
exits 3 "by pip" justw list
is "it runs" "$(cat "$SCRATCH/out")" "$ran:list"
touch "$SCRATCH/npm-fails"
rm -rf "$cache"
npm
exits 3 "npm fails: by pip" justw list
rm "$SCRATCH/npm-fails"

fresh
program cargo <<-END
	while [ "\$1" != --root ]; do shift; done
	mkdir -p "\$2/bin" && cat "$SCRATCH/just" >"\$2/bin/just"
END
exits 3 "by cargo" justw list

fresh
program apt-cache <<<'echo "  Candidate: 1.51.0-1"'
program apt-get <<<"cat '$SCRATCH/just' >'$bin/just'; chmod +x '$bin/just'"
program sudo <<<'exec "$@"'
exits 3 "by apt when its candidate is new enough" justw list
check "it was asked for just" grep -qx 'apt-get install -y --no-install-recommends just' "$calls"
fresh
program apt-cache <<<'echo "  Candidate: (none)"'
program apt-get <<<':'
program sudo <<<'exec "$@"'
exits 7 "by nothing" justw list
check "python3-pip was tried" grep -q 'apt-get install .*python3-pip' "$calls"
says "it says what to do" 'just 1.40 or newer is needed'
is "nothing is left" "$(ls -A "$cache/limekiln/just")" ""

fresh
just_of_version 1.2.3 >"$SCRATCH/just"
npm
exits 7 "an old one from npm is not taken" justw list
just_of_version 1.57.0 >"$SCRATCH/just"

fresh
npm
exits 3 "once" justw list
rm -rf "$cache"
for n in 1 2 3 4; do
	justw "$n" >"$SCRATCH/out.$n" 2>/dev/null &
done
wait
is "four at once" "$(cat "$SCRATCH"/out.?)" "$ran:1
$ran:2
$ran:3
$ran:4"
is "only the program is kept" "$(ls -A "$cache/limekiln/just")" just

fresh
program npm <<<'sleep 20'
setsid env -i PATH="$bin" HOME="$SCRATCH/home" XDG_CACHE_HOME="$cache" "$repo/justw" list 2>/dev/null &
sleep 0.5
kill -s TERM -- "-$!"
status=0
wait $! || status=$?
is "ended while it installs" "$status" 143
is "nothing is left" "$(ls -A "$cache/limekiln/just")" ""
exits 2 "no HOME" env -i PATH="$bin" "$repo/justw"
tap_done
