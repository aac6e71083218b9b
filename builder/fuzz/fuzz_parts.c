/* Disks of 1 MiB: the input is how one begins, zeros follow. Tried as it is, and with the checksums
 * of a GUID partition table made right. Partitions lie within the disk. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "codec/deflate.h"
#include "fuzz.h"
#include "image/le.h"
#include "image/parts.h"

#define SIZE_BYTES (1u << 20)
enum { HEADER = 512, HEADER_LEN = 12, HEADER_CRC = 16, TABLE = 72, N = 80, ENTRY = 84, CRC = 88 };

static unsigned char disk[SIZE_BYTES];

static void put32(unsigned char *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static void fix_checksums(void)
{
	unsigned char *h = disk + HEADER;
	uint64_t at = le_get64(h + TABLE) * 512;
	uint64_t len = (uint64_t)le_get32(h + N) * le_get32(h + ENTRY);

	if (le_get64(h + TABLE) < SIZE_BYTES / 512 && len <= SIZE_BYTES - at)
		put32(h + CRC, deflate_crc32(disk + at, len));
	put32(h + HEADER_CRC, 0);
	if (le_get32(h + HEADER_LEN) <= 512)
		put32(h + HEADER_CRC, deflate_crc32(h, le_get32(h + HEADER_LEN)));
}

static void try(int fd)
{
	static struct parts p;
	struct err e = {0};

	if (io_pwrite_full(fd, disk, SIZE_BYTES, 0, NULL) < 0)
		abort();
	if (parts_read(fd, SIZE_BYTES, &p, &e) < 0) {
		if (e.kind != ERR_FORMAT && e.kind != ERR_INTEGRITY && e.kind != ERR_UNSUPPORTED)
			abort();
		return;
	}
	for (size_t i = 0; i < p.n; i++) {
		if (p.items[i].start_bytes > SIZE_BYTES ||
			p.items[i].size_bytes > SIZE_BYTES - p.items[i].start_bytes)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int fd = -1;

	if (fd < 0 && (fd = memfd_create("disk", MFD_CLOEXEC)) < 0)
		abort();
	if (len > SIZE_BYTES)
		len = SIZE_BYTES;
	memset(disk, 0, SIZE_BYTES);
	memcpy(disk, data, len);
	try(fd);
	fix_checksums();
	try(fd);
	return 0;
}
