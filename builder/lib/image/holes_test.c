#include "image/holes.h"

#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

enum { MIB = 1 << 20 };

static int sparse_file(uint64_t size_bytes)
{
	char path[] = "holes-test.XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	CHECK(fd >= 0 && ftruncate(fd, (off_t)size_bytes) == 0);
	return fd;
}

static void next_is(struct holes *h, uint64_t offset, uint32_t data_mask)
{
	struct holes_window w;
	bool found;

	CHECK(holes_next(h, &w, &found, NULL) == 0 && found);
	CHECK(w.offset == offset && w.data_mask == data_mask);
}

static void no_more(struct holes *h)
{
	struct holes_window w;
	bool found = true;

	CHECK(holes_next(h, &w, &found, NULL) == 0 && !found);
	CHECK(holes_next(h, &w, &found, NULL) == 0 && !found);
}

static void test_holes(void)
{
	int fd = sparse_file(64 * MIB);
	struct holes h;

	unit_about("holes");
	holes_init(&h, fd, 64 * MIB);
	no_more(&h);

	/* Within a block, over the edge of a window, the last byte. */
	CHECK(pwrite(fd, "x", 1, 5 * MIB + 3 * 65536 + 100) == 1);
	CHECK(pwrite(fd, "x", 1, 5 * MIB + 9 * 65536) == 1);
	CHECK(pwrite(fd, "xx", 2, 9 * MIB - 1) == 2);
	CHECK(pwrite(fd, "x", 1, 10 * MIB) == 1);
	CHECK(pwrite(fd, "x", 1, 64 * MIB - 1) == 1);
	holes_init(&h, fd, 64 * MIB);
	next_is(&h, 4 * MIB, 1u << 19 | 1u << 25);
	next_is(&h, 8 * MIB, 1u << 15 | 1u << 16);
	next_is(&h, 10 * MIB, 1u << 0);
	next_is(&h, 62 * MIB, 1u << 31);
	no_more(&h);

	/* Only the first part is looked at. */
	holes_init(&h, fd, 6 * MIB);
	next_is(&h, 4 * MIB, 1u << 19 | 1u << 25);
	no_more(&h);
	close(fd);
}

static void test_solid(void)
{
	int fd = sparse_file(0);
	char *data = calloc(1, 3 * MIB);
	struct holes h;

	unit_about("no holes");
	CHECK(pwrite(fd, data, 3 * MIB, 0) == 3 * MIB);
	free(data);
	holes_init(&h, fd, 3 * MIB);
	next_is(&h, 0, 0xffffffff);
	next_is(&h, 2 * MIB, 0xffff);
	no_more(&h);
	close(fd);
}

static void test_errors(void)
{
	struct err e = {0};
	struct holes_window w;
	struct holes h;
	bool found;

	unit_about("errors");
	holes_init(&h, -1, MIB);
	CHECK(holes_next(&h, &w, &found, &e) == -1 && e.kind == ERR_IO);
}

int main(void)
{
	test_holes();
	test_solid();
	test_errors();
	return unit_done();
}
