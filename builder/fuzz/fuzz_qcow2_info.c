/* Images of any kind, of which everything is told that info and map tell: runs cover the disk, and
 * counts agree with them. Then the disk of the first snapshot is read. The input is a list of
 * pieces. */
#include <sys/mman.h>

#include "fuzz.h"
#include "image/qcow2_info.h"
#include "image/qcow2_map.h"
#include "image/source_digest.h"
#include "pieces.h"

#define SIZE_MAX_BYTES (8u << 20)

static void allow(const struct err *e)
{
	if (e->kind != ERR_FORMAT && e->kind != ERR_INTEGRITY && e->kind != ERR_UNSUPPORTED)
		abort();
}

static void check_map(const struct qcow2_info *info, int fd)
{
	uint64_t counts[QCOW2_KINDS] = {0}, end = 0;
	struct qcow2_image img = {0};
	struct qcow2_map map;
	struct qcow2_run run;
	bool found;

	must(qcow2_image_open(&img, fd, QCOW2_RULE_LOOK, NULL));
	must(qcow2_map_init(&map, &img, NULL));
	for (;;) {
		must(qcow2_map_next(&map, &run, &found, NULL));
		if (!found)
			break;
		if (run.start != end || run.len == 0 ||
			(run.offset && run.offset + run.bytes > img.file_size))
			abort();
		counts[run.kind] += (run.len - 1) / img.cluster_size + 1;
		end = run.start + run.len;
	}
	if (end != info->header.size_bytes || memcmp(counts, info->guest_clusters, sizeof(counts)))
		abort();
	qcow2_map_release(&map);
	qcow2_image_release(&img);
}

static void read_snapshot(const char *id, int fd)
{
	const struct source_options opt = {.fd = fd,
		.path = "image",
		.format = RAW_FORMAT_QCOW2,
		.refcounts = true,
		.snapshot = id};
	struct source *source = NULL;
	char hex[SHA256_HEX_SIZE];
	struct err e = {0};
	int rc = source_open(&source, &opt, &e);

	if (rc == 0 && source_size(source) <= SIZE_MAX_BYTES) {
		const struct source_digest_options digest_opt = {.source = source};

		rc = source_sha256(&digest_opt, hex, &e);
	}
	source_free(source);
	if (rc < 0)
		allow(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int image = -1;
	struct qcow2_info info;
	struct err e = {0};

	if (image < 0)
		must(image = memfd_create("image", MFD_CLOEXEC));
	must(ftruncate(image, 0));
	write_pieces(image, data, len);
	if (qcow2_info_read(&info, image, &e) < 0) {
		allow(&e);
	} else {
		if (info.walked && info.header.size_bytes <= SIZE_MAX_BYTES)
			check_map(&info, image);
		read_snapshot(info.snapshots.n ? info.snapshots.list[0].id : "current", image);
	}
	qcow2_info_release(&info);
	return 0;
}
