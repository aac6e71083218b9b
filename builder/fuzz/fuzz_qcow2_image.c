/* Whole images, against a raw disk of 1 MiB of zeros: header, L1, L2 and refcount tables, plain and
 * compressed clusters. An image is mostly zeros, so the input is a list of pieces: cluster (1
 * byte), offset in it (2, big-endian), length less 1 (1), bytes. The file ends with the last
 * piece's cluster; a piece that is cut off ends the file where it ends. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "fuzz.h"
#include "image/qcow2_format.h"
#include "image/qcow2_verify.h"

enum { CLUSTERS_MAX = 32 };

static void must(int rc)
{
	if (rc < 0)
		abort();
}

static void write_pieces(int fd, const uint8_t *data, size_t len)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int raw = -1, image = -1;
	struct err e = {0};

	if (raw < 0) {
		must(raw = memfd_create("raw", MFD_CLOEXEC));
		must(image = memfd_create("image", MFD_CLOEXEC));
		must(ftruncate(raw, QCOW2_SIZE_UNIT));
	}
	must(ftruncate(image, 0));
	write_pieces(image, data, len);
	const struct qcow2_verify_options opt = {
		.raw_fd = raw, .raw_path = "raw", .image_fd = image, .image_path = "image"};
	if (qcow2_verify(&opt, &e) == 0)
		return 0;
	if (e.kind != ERR_CHECK && e.kind != ERR_FORMAT && e.kind != ERR_INTEGRITY &&
		e.kind != ERR_UNSUPPORTED)
		abort();
	return 0;
}
