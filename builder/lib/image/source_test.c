#include "image/source.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "unit.h"

enum { MIB = 1 << 20, IMAGE_SIZE = 24 * MIB };

/* A qcow2 image as it grows, of clusters of any size, and the disk that it holds. */
struct image {
	unsigned char *data, *disk;
	unsigned bits;
	uint64_t end; /* the next free cluster's offset */
	uint64_t l1;
};

static uint64_t take(struct image *m, size_t clusters)
{
	uint64_t offset = m->end;

	m->end += (uint64_t)clusters << m->bits;
	return offset;
}

static void image_init(struct image *m, unsigned bits, uint64_t size_bytes)
{
	uint64_t span = 1ull << (2 * bits - 3);
	uint32_t l1_entries = (uint32_t)((size_bytes - 1) / span + 1);

	*m = (struct image){.bits = bits};
	m->data = calloc(1, IMAGE_SIZE);
	m->disk = calloc(1, size_bytes + SOURCE_WINDOW);
	take(m, 1);
	uint64_t reftable = take(m, 1);
	m->l1 = take(m, ((size_t)l1_entries * 8 >> bits) + 1);
	memcpy(m->data, "QFI\xfb", 4);
	qcow2_put32(m->data + 4, 3);
	qcow2_put32(m->data + 20, bits);
	qcow2_put64(m->data + 24, size_bytes);
	qcow2_put32(m->data + 36, l1_entries);
	qcow2_put64(m->data + 40, m->l1);
	qcow2_put64(m->data + 48, reftable);
	qcow2_put32(m->data + 56, 1);
	qcow2_put32(m->data + 96, 4);
	qcow2_put32(m->data + 100, 104);
}

static void image_free(struct image *m)
{
	free(m->data);
	free(m->disk);
}

/* Enter guest cluster `index`, with an L2 table if there is none yet. */
static void map(struct image *m, uint64_t index, uint64_t entry)
{
	uint64_t l2_entries = 1ull << (m->bits - 3);
	unsigned char *l1 = m->data + m->l1 + index / l2_entries * 8;

	if (!qcow2_get64(l1))
		qcow2_put64(l1, take(m, 1) | QCOW2_COPIED);
	uint64_t l2 = qcow2_get64(l1) & QCOW2_OFFSET_MASK;
	qcow2_put64(m->data + l2 + index % l2_entries * 8, entry);
}

static void add_plain(struct image *m, uint64_t index, char letter)
{
	uint64_t offset = take(m, 1);

	memset(m->data + offset, letter, (size_t)1 << m->bits);
	memset(m->disk + (index << m->bits), letter, (size_t)1 << m->bits);
	map(m, index, offset | QCOW2_COPIED);
}

/* A stream of one stored block (RFC 1951, 3.2.4). */
static void add_compressed(struct image *m, uint64_t index, char letter)
{
	size_t size = (size_t)1 << m->bits;
	uint64_t offset = take(m, 2);
	unsigned char head[5] = {1, size & 255, size >> 8 & 255, ~size & 255, ~size >> 8 & 255};
	uint64_t sectors = (sizeof(head) + size - 1) / QCOW2_SECTOR_SIZE;

	memcpy(m->data + offset, head, sizeof(head));
	memset(m->data + offset + sizeof(head), letter, size);
	memset(m->disk + (index << m->bits), letter, size);
	map(m, index, QCOW2_COMPRESSED | sectors << QCOW2_CSIZE_SHIFT(m->bits) | offset);
}

static int image_fd(const struct image *m)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	CHECK(io_pwrite_full(fd, m->data, m->end, 0, NULL) == 0);
	return fd;
}

/* Read the whole disk: what is in no window, and in no block of data_mask, is zeros. */
static bool holds(const struct source_options *opt, const unsigned char *disk, uint64_t size_bytes,
	unsigned windows, struct err *e)
{
	cleanup_source struct source *s = NULL;
	struct source_window *w = NULL;
	struct source_reader *r = NULL;
	cleanup_free unsigned char *got = calloc(1, size_bytes + SOURCE_WINDOW);
	cleanup_free unsigned char *data = malloc(SOURCE_WINDOW);
	bool found, ok = true;
	unsigned n = 0;

	if (source_open(&s, opt, e) < 0)
		return false;
	CHECK(source_size(s) == size_bytes);
	CHECK(source_window_new(&w, s, NULL) == 0 && source_reader_new(&r, s, NULL) == 0);
	while (ok && (ok = source_next(s, w, &found, e) == 0) && found) {
		memset(data, 0xee, SOURCE_WINDOW);
		ok = source_read(r, w, data, e) == 0 && w->data_mask != 0 &&
		     w->offset % SOURCE_WINDOW == 0 && w->offset + w->len <= size_bytes;
		for (size_t i = 0; ok && i < SOURCE_BLOCKS; i++) {
			if (w->data_mask >> i & 1)
				memcpy(got + w->offset + i * SOURCE_BLOCK, data + i * SOURCE_BLOCK,
					SOURCE_BLOCK);
			else if (i * SOURCE_BLOCK < w->len)
				ok = data[i * SOURCE_BLOCK] == 0xee;
		}
		n++;
	}
	source_window_free(w);
	source_reader_free(r);
	return ok && memcmp(got, disk, size_bytes + SOURCE_WINDOW) == 0 && n == windows;
}

static void test_raw(void)
{
	static const size_t sizes[] = {1, 512, 65536, 65537, 2 * MIB, 2 * MIB + 1, 7 * MIB + 12345};
	struct source_options opt = {.path = "disk.raw", .format = RAW_FORMAT_RAW};

	unit_about("raw");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cleanup_close int fd = memfd_create("disk", MFD_CLOEXEC);
		cleanup_free unsigned char *disk = calloc(1, sizes[i] + SOURCE_WINDOW);

		disk[0] = 'a';
		disk[sizes[i] - 1] = 'z';
		opt.fd = fd;
		CHECK(ftruncate(fd, (off_t)sizes[i]) == 0 &&
			io_pwrite_full(fd, disk, 1, 0, NULL) == 0 &&
			io_pwrite_full(fd, "z", 1, sizes[i] - 1, NULL) == 0);
		CHECK(holds(&opt, disk, sizes[i], sizes[i] > SOURCE_WINDOW ? 2 : 1, NULL));
	}
}

/* Clusters of every kind at the edges of blocks, windows and L2 tables; an end within a cluster. */
static void test_qcow2(void)
{
	struct source_options opt = {.path = "disk.qcow2", .format = RAW_FORMAT_QCOW2};

	unit_about("qcow2");
	for (unsigned bits = QCOW2_CLUSTER_BITS_MIN; bits <= QCOW2_CLUSTER_BITS_MAX; bits++) {
		uint64_t size_bytes = 9 * MIB + 512;
		uint64_t window = SOURCE_WINDOW >> bits, last = (size_bytes - 1) >> bits;
		struct image m;

		image_init(&m, bits, size_bytes);
		add_plain(&m, 0, 'a');
		add_plain(&m, 2 * window, 'b');
		if (bits < 16) {
			add_compressed(&m, 2 * window - 1, 'c');
			add_compressed(&m, 2 * window + 1, 'd');
			add_plain(&m, 2 * window + 2, 'e');
			map(&m, 2 * window + 3, QCOW2_L2_ZERO);
			map(&m, 2 * window + 4, take(&m, 1) | QCOW2_COPIED | QCOW2_L2_ZERO);
		}
		add_plain(&m, last, 'z');
		memset(m.disk + size_bytes, 0, SOURCE_WINDOW);
		cleanup_close int fd = opt.fd = image_fd(&m);
		CHECK(holds(&opt, m.disk, size_bytes, bits < 16 ? 4 : 3, NULL));
		image_free(&m);
	}
}

static void test_bad(void)
{
	struct source_options opt = {.path = "disk.qcow2", .format = RAW_FORMAT_QCOW2};
	struct err e = {0};
	struct image m;

	unit_about("bad");
	image_init(&m, 12, 4 * MIB);
	add_compressed(&m, 3, 'a');
	uint64_t l2 = qcow2_get64(m.data + m.l1) & QCOW2_OFFSET_MASK;
	m.data[(qcow2_get64(m.data + l2 + 24) & 0xffffff) + 1] ^= 1;
	cleanup_close int malformed = opt.fd = image_fd(&m);
	CHECK(!holds(&opt, m.disk, 4 * MIB, 1, &e) && e.kind == ERR_FORMAT);
	CHECK(strncmp(e.msg, "disk.qcow2: guest byte 12288: ", 30) == 0);

	map(&m, 4, 4096 | QCOW2_COPIED);
	cleanup_close int overlap = opt.fd = image_fd(&m);
	CHECK(!holds(&opt, m.disk, 4 * MIB, 1, &e) && e.kind == ERR_FORMAT);
	CHECK(strncmp(e.msg, "disk.qcow2: overlap", 19) == 0);
	image_free(&m);

	opt = (struct source_options){.path = "disk.raw", .format = RAW_FORMAT_RAW};
	cleanup_close int empty = opt.fd = memfd_create("empty", MFD_CLOEXEC);
	CHECK(!holds(&opt, NULL, 0, 0, &e) && e.kind == ERR_FORMAT);
	CHECK(strcmp(e.msg, "disk.raw: empty, so not a disk") == 0);
	opt.fd = -1;
	CHECK(!holds(&opt, NULL, 0, 0, &e) && e.kind == ERR_IO);
}

static void test_changed(void)
{
	cleanup_close int fd = memfd_create("disk", MFD_CLOEXEC);
	const struct source_options opt = {.fd = fd, .path = "disk.raw", .format = RAW_FORMAT_RAW};
	cleanup_source struct source *s = NULL;
	struct source_window *w = NULL;
	struct source_reader *r = NULL;
	cleanup_free unsigned char *data = malloc(SOURCE_WINDOW);
	struct err e = {0};
	bool found;

	unit_about("changed");
	CHECK(io_pwrite_full(fd, "disk", 4, 0, NULL) == 0 && source_open(&s, &opt, NULL) == 0);
	CHECK(source_window_new(&w, s, NULL) == 0 && source_reader_new(&r, s, NULL) == 0);
	CHECK(source_unchanged(s, NULL) == 0);
	CHECK(source_next(s, w, &found, NULL) == 0 && found);
	CHECK(ftruncate(fd, 3) == 0);
	CHECK(source_read(r, w, data, &e) == -1 && e.kind == ERR_INTEGRITY);
	CHECK(source_unchanged(s, &e) == -1 && e.kind == ERR_INTEGRITY);
	CHECK(strstr(e.msg, "run this again") != NULL);
	source_window_free(w);
	source_reader_free(r);
}

int main(void)
{
	test_raw();
	test_qcow2();
	test_bad();
	test_changed();
	return unit_done();
}
