. "$TOP/tests/lib/tap.sh"
exits 0 help kiln-plan --help
tap_done
