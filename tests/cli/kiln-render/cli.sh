#!/bin/bash
# The command line of kiln-render: data, outputs, confinement, checks of YAML, exit codes.
# shellcheck source=tests/lib/tap.sh
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
cd "$SCRATCH" || exit 1

# prints NAME WANT COMMAND...: exit 0 and exactly this text on standard output.
prints() {
	local name=$1 want=$2
	shift 2
	exits 0 "$name: exit code" "$@"
	is "$name" "$(cat "$SCRATCH/out")" "$want"
}

printf 'hello <%%= name %%>\n' >t.erb
printf 'name: one\nmap: {a: 1}\n' >one.yaml
printf 'name: two\n' >two.yaml

# data
prints "data file" "hello one" kiln-render t.erb -d one.yaml -o -
prints "a later file wins" "hello two" kiln-render t.erb -d one.yaml -d two.yaml -o -
prints "--set wins" "hello three" kiln-render t.erb --set name=three -d one.yaml -o -
prints "--set keeps what follows =" "hello a=b" kiln-render t.erb --set name=a=b -o -
printf '<%%= n.to_json %%> <%%= e.to_json %%> <%%= map.to_json %%>' >set.erb
prints "--set gives strings and enters maps" '"1" "" {"a":1,"b":{"c":"x"}}' \
	kiln-render set.erb -d one.yaml -o - --set n=1 --set e= --set map.b.c=x
printf '<%%= map.to_json %%>' >map.erb
printf 'map: {b: 2}\n' >map.yaml
prints "a later map replaces, it is not mixed in" '{"b":2}' \
	kiln-render map.erb -d one.yaml -d map.yaml -o -
: >empty.yaml
prints "an empty data file is no data" "hello one" kiln-render t.erb -d one.yaml -d empty.yaml -o -

# usage
exits 2 "no template" kiln-render -o -
exits 2 "no output" kiln-render t.erb -d one.yaml
says "no output: says which option" '-o FILE is missing'
exits 2 "two templates" kiln-render t.erb t.erb -o -
exits 2 "unknown option" kiln-render t.erb -o - --frobnicate
exits 2 "--set without =" kiln-render t.erb -o - --set name
says "--set without =: says the form" "'name' is not KEY=VALUE"
exits 2 "--set with an empty key" kiln-render t.erb -o - --set =x
exits 2 "--set into a string" kiln-render t.erb -d one.yaml -o - --set name.x=1
exits 2 "--set too deep" kiln-render t.erb -o - --set a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1
exits 2 "--mode that is not octal" kiln-render t.erb -d one.yaml -o result --mode 0888
exits 2 "--mode too large" kiln-render t.erb -d one.yaml -o result --mode 10000
exits 2 "--yaml and --no-yaml" kiln-render t.erb -d one.yaml -o - --yaml --no-yaml
check "usage errors leave no output" [ ! -e result ]
exits 0 "--help" kiln-render --help
exits 0 "--version" kiln-render --version

# bad input
exits 3 "undefined name" kiln-render t.erb -o out.txt
says "undefined name: place" '^kiln-render: error: t\.erb:1:11: undefined name .name.'
printf 'a\r\n<%%= nope %%>' >crlf.erb
exits 3 "undefined name behind CRLF" kiln-render crlf.erb -o out.txt
says "undefined name behind CRLF: place" 'crlf\.erb:2:5: undefined name'
printf -- '- a\n' >list.yaml
exits 3 "data that is no map" kiln-render t.erb -d list.yaml -o out.txt
says "data that is no map: place" 'list\.yaml:1:1: data must be a map, this is a list'
printf 'a: 1\na: 2\n' >twice.yaml
exits 3 "a key twice in the data" kiln-render t.erb -d twice.yaml -o out.txt
says "a key twice: place" 'twice\.yaml:2:1: '
exits 3 "--set that is not UTF-8" kiln-render t.erb -o out.txt --set $'name=\xff'
check "bad input leaves no output" [ ! -e out.txt ]

# input and output errors
exits 5 "no such template" kiln-render absent.erb -o out.txt
says "no such template: named" 'absent\.erb: No such file'
exits 5 "a folder as template" kiln-render . -o out.txt
exits 5 "no such data" kiln-render t.erb -d absent.yaml -o out.txt
says "no such data: named" 'absent\.yaml: No such file'
exits 5 "no such output folder" kiln-render t.erb -d one.yaml -o absent/out.txt
says "no such output folder: named" 'absent'
printf '<%%= render("absent.erb") %%>\n' >wants.erb
exits 5 "no such partial" kiln-render wants.erb -o out.txt
says "no such partial: place and name" 'wants\.erb:1:12: .*absent\.erb: No such file'
if [ -w /dev/full ]; then
	exits 5 "full standard output" bash -c 'kiln-render t.erb -d one.yaml -o - >/dev/full'
else
	skip "full standard output" "no /dev/full"
fi

# outputs
umask 077
exits 0 "writes a file" kiln-render t.erb -d one.yaml -o out.txt
is "the file's text" "$(cat out.txt)" "hello one"
is "the file's mode, whatever the umask" "$(stat -c %a out.txt)" 644
exits 0 "--mode" kiln-render t.erb -d one.yaml -o out.txt --mode 0600
is "--mode: the file's mode" "$(stat -c %a out.txt)" 600
umask 022
exits 3 "a failure" kiln-render t.erb -o out.txt
is "a failure keeps the old file" "$(cat out.txt)" "hello one"
ln -s elsewhere link.txt
exits 0 "a symbolic link as output" kiln-render t.erb -d one.yaml -o link.txt
check "the link is replaced" [ -f link.txt -a ! -L link.txt ]
check "the link's target is not made" [ ! -e elsewhere ]
is "no temporary files" "$(find . -name '.*' -type f ! -name .check)" ""

# the same bytes in any surroundings
mkdir deep
kiln-render t.erb -d one.yaml -o a.txt
(cd deep && env -i PATH="$PATH" LC_ALL=C TZ=Asia/Tokyo HOME=/ kiln-render ../t.erb -d ../one.yaml -o ../b.txt)
check "same bytes whatever the folder, locale and time zone" cmp a.txt b.txt

# YAML results
printf 'a: <%%= v %%>\nb: 2\n' >y.erb
exits 0 "YAML result" kiln-render y.erb --set v=1 -o y.yaml
exits 3 "a key twice in the result" kiln-render y.erb --set $'v=1\nb: 1' -o bad.yaml
says "a key twice: template, output, line and column" 'y\.erb: output bad\.yaml:3:1: key .b. '
exits 3 ".yml is checked too" kiln-render y.erb --set 'v=[' -o bad.yml
exits 3 "an alias in the result" kiln-render y.erb --set 'v=*x' -o bad.yaml
exits 3 "a tag in the result" kiln-render y.erb --set 'v=!x y' -o bad.yaml
exits 3 "two documents" kiln-render y.erb --set $'v=1\n---\nc: 3' -o bad.yaml
check "a bad result is not written" [ ! -e bad.yaml -a ! -e bad.yml ]
exits 0 "--no-yaml does not look" kiln-render y.erb --set 'v=[' -o unchecked.yaml --no-yaml
exits 0 "other names are not checked" kiln-render y.erb --set 'v=[' -o unchecked.txt
exits 3 "--yaml checks any name" kiln-render y.erb --set 'v=[' -o bad.txt --yaml
printf '#cloud-config\na: <%%= v %%>\n' >cc.erb
exits 3 "#cloud-config is checked under any name" kiln-render cc.erb --set 'v=[' -o bad.cfg
exits 3 "#cloud-config on standard output too" kiln-render cc.erb --set 'v=[' -o -
is "a bad result prints nothing" "$(cat "$SCRATCH/out")" ""

# partials stay in the root
mkdir -p root/sub other
printf 'secret' >other/secret
printf 'ok' >root/top.part
printf '<%%= render("../top.part") %%>' >root/sub/up.erb
printf '<%%= render("sub/link") %%>' >root/link.erb
printf '<%%= render("sub/folder/secret") %%>' >root/folder.erb
printf '<%%= render("inside") %%>' >root/inside.erb
ln -s ../../other/secret root/sub/link
ln -s ../../other root/sub/folder
ln -s sub/../top.part root/inside
exits 3 "the root is the template's folder" kiln-render root/sub/up.erb -o -
says "the root is the template's folder: remedy" "up\.erb:1:12: .*outside of the template root; see --root"
prints "--root widens it" ok kiln-render root/sub/up.erb -o - --root root
exits 3 "a link to a file outside" kiln-render root/link.erb -o -
says "a link to a file outside: said" "link\.erb:1:12: .*leads out of the template root"
exits 3 "a link to a folder outside" kiln-render root/folder.erb -o -
prints "a link inside" ok kiln-render root/inside.erb -o -
exits 3 "a template outside of --root" kiln-render root/inside.erb -o - --root other
exits 5 "no such root" kiln-render root/inside.erb -o - --root absent
mkfifo root/pipe
printf '<%%= render("pipe") %%>' >root/fifo.erb
exits 5 "a pipe as partial does not hang" timeout 10 kiln-render root/fifo.erb -o -

# partials: deep, wide
for i in $(seq 1 17); do printf '<%%= render("p%d") %%>' $((i + 1)) >"root/p$i"; done
printf end >root/p17
prints "16 partials inside each other" end kiln-render root/p1 -o -
printf '<%%= render("p1") %%>' >root/p0
exits 3 "17 partials inside each other" kiln-render root/p0 -o -
printf '<%%= render("p1") %%><%%= render("p2") %%>' >root/p0
exits 3 "17, whatever is loaded first" kiln-render root/p0 -o -

# bounds
{
	printf 'xs: ['
	printf 'x, %.0s' $(seq 1000)
	printf 'x]\n'
} >many.yaml
for i in 1 2 3 4 5 6; do printf '<%% xs.each do |x%d| %%>' "$i"; done >loops.erb
printf '<%% end %%>%.0s' 1 2 3 4 5 6 >>loops.erb
exits 3 "loops without end" timeout 60 kiln-render loops.erb -d many.yaml -o -
says "loops without end: said" 'loops\.erb:1:[0-9]+: the template does too much work'
big=$(printf 'y%.0s' $(seq 1000))
printf '<%% xs.each do |a| %%><%% xs.each do |b| %%>%s<%% end %%><%% end %%>' "$big" >wide.erb
exits 3 "an output without end" timeout 60 kiln-render wide.erb -d many.yaml -o -
says "an output without end: said" 'wide\.erb:1:41: the text grows larger than 64 MiB'
head -c 4194305 /dev/zero | tr '\0' x >large.erb
exits 3 "a template over 4 MiB" kiln-render large.erb -o -
tap_done
