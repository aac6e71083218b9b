/* qcow2-damage DISK.raw IMAGE.qcow2 COUNT SEED lima|qemu: damage one byte of the image at COUNT
 * random places, one at a time, and hold each to the disk. Prints "OFFSET XOR" for each that was
 * not noticed; whether it should have been is for others to say. Exit 70 when an error is none of
 * those that are documented. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "image/qcow2_verify.h"

/* xorshift64*: the same places on every machine. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static int copy_image(const char *path, int to, unsigned char **data, uint64_t *len, struct err *e)
{
	cleanup_close int from = io_open_read(path, e);

	if (from < 0 || io_size(from, len, e) < 0)
		return -1;
	*data = mem_array((size_t)*len, 1, e);
	if (!*data || io_pread_full(from, *data, (size_t)*len, 0, e) < 0)
		return -1;
	return io_pwrite_full(to, *data, (size_t)*len, 0, e);
}

static int damage_byte(
	const struct qcow2_verify_options *opt, uint64_t offset, unsigned char byte, struct err *e)
{
	struct err found = {0};

	if (io_pwrite_full(opt->image_fd, &byte, 1, offset, e) < 0)
		return -1;
	int rc = qcow2_verify(opt, &found);
	if (rc < 0 && found.kind != ERR_CHECK && found.kind != ERR_FORMAT &&
		found.kind != ERR_INTEGRITY && found.kind != ERR_UNSUPPORTED)
		return err_set(
			e, ERR_INTERNAL, "byte %" PRIu64 " made %u: %s", offset, byte, found.msg);
	return rc == 0;
}

static int damage(char **argv, struct err *e)
{
	cleanup_close int raw = io_open_read(argv[1], e);
	cleanup_close int image = memfd_create("image", MFD_CLOEXEC);
	cleanup_free unsigned char *data = NULL;
	uint64_t len, state = strtoull(argv[4], NULL, 10) * 2 + 1;

	if (raw < 0 || image < 0 || copy_image(argv[2], image, &data, &len, e) < 0)
		return -1;
	const struct qcow2_verify_options opt = {.raw_fd = raw,
		.raw_path = argv[1],
		.image_fd = image,
		.image_path = argv[2],
		.rule = strcmp(argv[5], "lima") == 0 ? QCOW2_RULE_LIMA : QCOW2_RULE_ANY};
	if (qcow2_verify(&opt, e) < 0)
		return -1;
	for (unsigned long n = strtoul(argv[3], NULL, 10); n > 0; n--) {
		uint64_t offset = next_random(&state) % len;
		unsigned char mask = (unsigned char)(1 + (next_random(&state) >> 32) % 255);
		int silent = damage_byte(&opt, offset, data[offset] ^ mask, e);
		if (silent < 0 || io_pwrite_full(image, &data[offset], 1, offset, e) < 0)
			return -1;
		if (silent)
			printf("%" PRIu64 " %u\n", offset, mask);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = {0};

	if (argc != 6)
		return 2;
	if (damage(argv, &e) < 0) {
		fprintf(stderr, "qcow2-damage: %s\n", e.msg);
		return 70;
	}
	return 0;
}
