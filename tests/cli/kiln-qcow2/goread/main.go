// goread IMAGE prints the SHA-256 of the disk in a qcow2 image, read by the reader that Lima has.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/lima-vm/go-qcow2reader"
)

func main() {
	log.SetFlags(0)
	f, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	img, err := qcow2reader.Open(f)
	if err != nil {
		log.Fatal(err)
	}
	if err := img.Readable(); err != nil {
		log.Fatal(err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(img, 0, img.Size())); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%x\n", h.Sum(nil))
}
