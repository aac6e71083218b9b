/* Whole images, against a raw disk of 1 MiB of zeros: header, L1, L2 and refcount tables, plain and
 * compressed clusters. The input is a list of pieces. */
#include <sys/mman.h>

#include "fuzz.h"
#include "image/qcow2_verify.h"
#include "pieces.h"

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
	const struct qcow2_verify_options opt = {.image_fd = image,
		.image_path = "image",
		.rule = QCOW2_RULE_LIMA,
		.raw_fd = raw,
		.raw_path = "raw"};
	if (qcow2_verify(&opt, &e) == 0)
		return 0;
	if (e.kind != ERR_CHECK && e.kind != ERR_FORMAT && e.kind != ERR_INTEGRITY &&
		e.kind != ERR_UNSUPPORTED)
		abort();
	return 0;
}
