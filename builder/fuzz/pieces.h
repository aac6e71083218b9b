/* Files that are mostly zeros, as a list of pieces: cluster of 64 KiB (1 byte), offset in it (2,
 * big-endian), length less 1 (1), bytes. The file ends with the last piece's cluster; a piece that
 * is cut off ends the file where it ends. */
#ifndef KILN_FUZZ_PIECES_H
#define KILN_FUZZ_PIECES_H

#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "image/qcow2_format.h"

enum { CLUSTERS_MAX = 32 };

static inline void must(int rc)
{
	if (rc < 0)
		abort();
}

static inline void write_pieces(int fd, const uint8_t *data, size_t len)
{
	uint64_t end = 0;

	while (len > 4) {
		uint64_t at = (uint64_t)(data[0] % CLUSTERS_MAX) * QCOW2_CLUSTER_SIZE +
			      qcow2_get16(data + 1);
		size_t want = (size_t)data[3] + 1;
		size_t n = want < len - 4 ? want : len - 4;

		must(io_pwrite_full(fd, data + 4, n, at, NULL));
		end = at + n;
		if (n == want)
			end = (end + QCOW2_CLUSTER_SIZE - 1) / QCOW2_CLUSTER_SIZE *
			      QCOW2_CLUSTER_SIZE;
		data += 4 + n;
		len -= 4 + n;
	}
	must(ftruncate(fd, (off_t)end));
}

#endif
