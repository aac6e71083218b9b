#!/usr/bin/env bash
# A signal while the appliance starts: everything is cleaned up, and who waits sees the signal. A
# script that never ends stands for the qemu that would run the appliance.
. "${TOP:?is the repository}/tests/lib/tap.sh" || exit 70
. "$TOP/tests/cli/kiln-guest/guests.sh"
cd "$SCRATCH" || exit 1

name=qemu-system-$(uname -m)
if ! real=$(command -v "$name"); then
	skip "interrupt" "$name is not installed"
	tap_done
fi
system one
image one one || exit 1
mkdir bin temporary
cat >"bin/$name" <<END
#!/bin/sh
case \$* in
*guestfsd.sock*) echo \$\$ >$SCRATCH/pid; exec sleep 1000;;
*) exec $real "\$@";;
esac
END
chmod +x "bin/$name"
# libguestfs keeps what it finds out about a qemu by its size and time.
touch -d @1700000000 "bin/$name"
export LIBGUESTFS_CACHEDIR=${LIBGUESTFS_CACHEDIR:-/var/tmp}
sum=$(sha256sum one.qcow2)

for signal in INT TERM; do
	rm -f pid
	# A shell's background jobs ignore SIGINT, so another program starts this one.
	PATH=$SCRATCH/bin:$PATH TMPDIR=$SCRATCH/temporary LIMEKILN_ACCEL=tcg \
		env --default-signal=INT kiln-guest customize one.qcow2 --run true -o two.qcow2 2>err &
	tool=$!
	for ((i = 0; i < 600; i++)); do
		[ -s pid ] && break
		kill -0 $tool 2>/dev/null || break
		sleep 0.1
	done
	if ! [ -s pid ] && grep -q "libguestfs needs a Linux kernel" err; then
		skip "SIG$signal" "libguestfs has no kernel here"
		continue
	fi
	sleep 0.3
	kill -s "$signal" "$tool"
	wait "$tool"
	is "SIG$signal: exit status" $? $((128 + $(kill -l $signal)))
	check "SIG$signal: said" grep -q "ended by signal $(kill -l $signal)" err
	check_not "SIG$signal: qemu is gone" kill -0 "$(cat pid)"
	is "SIG$signal: nothing temporary" "$(ls -A temporary)" ""
	check_not "SIG$signal: no image" test -e two.qcow2
done
is "the image is as it was" "$(sha256sum one.qcow2)" "$sum"
tap_done
