#!/usr/bin/env bash
# Layouts that are wrong: the place, the exit code, and no disk.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
cd "$SCRATCH" || exit 1
tar -cf r.tar --files-from /dev/null
echo x >file

good='identity: t
arch: x86_64
epoch: 5
size: 100MiB
esp:
  size: 34MiB
  files:
    - {path: /x, source: file}
root:
  layers: [r.tar]
'
printf '%s' "$good" >l.yaml
exits 0 "the layout that is damaged below" kiln-disk build -q l.yaml -o good.raw

# refused CODE NAME PATTERN SED: with this change to the layout.
refused() {
	printf '%s' "$good" | sed "$4" >l.yaml
	exits "$1" "$2" kiln-disk build -q l.yaml -o no.raw
	says "$2: says so" "$3"
}
refused 3 "unknown key" "l.yaml:1:1: unknown key 'identit' in the layout" 's/identity/identit/'
refused 3 "unknown key of the ESP" "l.yaml:6:3: unknown key 'siz' in esp" 's/  size:/  siz:/'
refused 3 "unknown key of a file" "l.yaml:8:18: unknown key 'sorce'" 's/source:/sorce:/'
refused 3 "unknown key of root" "l.yaml:10:3: unknown key 'layer' in root" 's/layers/layer/'
refused 3 "root needs its own keys on ESP files" "unknown key 'mode'" 's/source: file/source: file, mode: "0644"/'
refused 3 "missing key" "key 'arch' is missing" '/^arch/d'
refused 3 "wrong type" "l.yaml:9:7: root must be a map, found list" 's/^root:/root: []/;/layers/d'
refused 3 "layers no list" "l.yaml:10:11: layers must be a list" 's/\[r.tar\]/r.tar/'
refused 3 "epoch 0" "l.yaml:3:8: epoch must be a number of seconds from 1" 's/epoch: 5/epoch: 0/'
refused 3 "epoch as text" "l.yaml:3:8: epoch must be" 's/epoch: 5/epoch: "5"/'
refused 3 "epoch too late" "l.yaml:3:8: epoch must be" 's/epoch: 5/epoch: 4294967296/'
refused 3 "size no multiple of 1 MiB" "l.yaml:4:7: size '104857601' must be a multiple of 1 MiB" \
	's/100MiB/104857601/'
refused 3 "size of the ESP" "l.yaml:6:9: size '34.5' must be|l.yaml:6:9: .*size" 's/34MiB/34.5/'
refused 3 "path not absolute" "path 'x' must be absolute" 's,path: /x,path: x,'
refused 3 "path with .." "path '/../x' must be absolute, without" 's,path: /x,path: /../x,'
refused 3 "two kinds" "/x needs exactly one of" 's/source: file/source: file, content: x/'
refused 3 "no kind" "/x needs exactly one of" 's/, source: file//'
refused 3 "file twice" "/x stands twice" 's/- {path.*/- {path: \/x, content: a}\n    - {path: \/x, content: b}/'
refused 3 "two keys" "l.yaml:" 's/^arch.*/arch: x86_64\narch: x86_64/'
refused 3 "size leaves no room" "disk.size in recipe.yaml" 's/100MiB/36MiB/'
refused 3 "ESP too small for FAT32" "32 MiB is too small for FAT32" 's/34MiB/32MiB/'
refused 3 "root too small" "disk.size in recipe.yaml to [0-9]+ MiB" 's/100MiB/40MiB/'
refused 3 "name that FAT cannot hold" "FAT names are" 's,path: /x,path: "/x*",'
refused 3 "name on the ESP ends with a dot" "does not end with a dot" 's,path: /x,path: /x.,'
refused 3 "from what is not there" "/usr/lib/shim is not there in the root file system" \
	's,source: file,from: /usr/lib/shim,'
refused 3 "from what is a directory" "/ is no regular file in the root file system" 's,source: file,from: /,'
refused 7 "architecture" "architecture 'm68k' is not known; there are x86_64 and aarch64" 's/x86_64/m68k/'
refused 5 "source missing" "nothere" 's/source: file/source: nothere/'
refused 5 "layer missing" "nothere.tar" 's/r.tar/nothere.tar/'
refused 7 "layer is a folder" "not a regular file" 's/\[r.tar\]/[.]/'

# Contents that do not fit; the size that the message names is enough.
head -c 80000000 /dev/zero >big
printf '%s' "$good" | sed 's/layers:.*/layers: []\n  files: [{path: \/big, source: big}]/' >l.yaml
exits 3 "root full" kiln-disk build -q l.yaml -o no.raw
says "root full: says so" "l.yaml: the contents do not fit into 100 MiB; set disk.size"
mib=$(grep -Eo '[0-9]+ MiB or more' "$SCRATCH/err" | cut -d' ' -f1)
sed -i "s/100MiB/${mib}MiB/" l.yaml
exits 0 "root full: the named size is enough" kiln-disk build -q l.yaml -o fits.raw
printf '%s' "$good" | sed 's/source: file/source: big/' >l.yaml
exits 3 "ESP full" kiln-disk build -q l.yaml -o no.raw
says "ESP full: says so" "set disk.esp"
check_not "no disk is left" test -e no.raw

# Command lines
exits 2 "no command" kiln-disk
exits 2 "no output" kiln-disk build l.yaml
says "no output: says so" "-o FILE"
exits 2 "no layout" kiln-disk build -o no.raw
exits 2 "unknown option" kiln-disk build l.yaml -o no.raw --frobnicate
exits 5 "layout missing" kiln-disk build nothere.yaml -o no.raw
exits 0 "help" kiln-disk --help
exits 0 "version" kiln-disk --version
tap_done
