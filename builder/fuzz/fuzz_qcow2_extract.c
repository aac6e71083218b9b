/* Images of any kind, of which the disk is read out, and what is read must be of the size that the
 * header says. The input is a list of pieces. */
#include <sys/mman.h>

#include "fuzz.h"
#include "image/raw_write.h"
#include "pieces.h"

#define SIZE_MAX_BYTES (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int raw = -1, image = -1;
	static unsigned char head[QCOW2_HEAD_SIZE];
	struct qcow2_header h;
	struct err e = {0};
	uint64_t got;
	size_t n;

	if (raw < 0) {
		must(raw = memfd_create("raw", MFD_CLOEXEC));
		must(image = memfd_create("image", MFD_CLOEXEC));
	}
	must(ftruncate(raw, 0));
	must(ftruncate(image, 0));
	write_pieces(image, data, len);
	/* Large disks are slow, not different. */
	must(io_pread(image, head, sizeof(head), 0, &n, NULL));
	if (qcow2_header_parse(&h, head, n, QCOW2_RULE_ANY, NULL) == 0 &&
		h.size_bytes > SIZE_MAX_BYTES)
		return 0;
	const struct source_options opt = {
		.fd = image, .path = "image", .format = RAW_FORMAT_QCOW2};
	struct source *source = NULL;
	int rc = source_open(&source, &opt, &e);
	if (rc == 0) {
		const struct raw_write_options write_opt = {.source = source, .out_fd = raw};

		rc = raw_write(&write_opt, &e);
		must(io_size(raw, &got, NULL));
		if (got != source_size(source))
			abort();
	}
	source_free(source);
	if (rc < 0 && e.kind != ERR_FORMAT && e.kind != ERR_INTEGRITY && e.kind != ERR_UNSUPPORTED)
		abort();
	return 0;
}
