module goread

go 1.23

require github.com/lima-vm/go-qcow2reader v0.6.0
