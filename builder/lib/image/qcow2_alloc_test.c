#include "image/qcow2_alloc.h"

#include "image/qcow2_format.h"
#include "unit.h"

static uint64_t bytes(struct qcow2_alloc *a, size_t len)
{
	uint64_t offset = UINT64_MAX;

	CHECK(qcow2_alloc_bytes(a, len, &offset, NULL) == 0);
	return offset;
}

static uint64_t clusters(struct qcow2_alloc *a, uint64_t n)
{
	uint64_t offset = UINT64_MAX;

	CHECK(qcow2_alloc_clusters(a, n, &offset, NULL) == 0);
	return offset;
}

static void test_compressed(void)
{
	struct qcow2_alloc a = {0};

	unit_about("compressed data is contiguous");
	CHECK(clusters(&a, 2) == 0);
	CHECK(bytes(&a, 1000) == 131072);
	CHECK(bytes(&a, 65535) == 132072); /* over the boundary */
	CHECK(bytes(&a, 64537) == 197607); /* up to the next boundary */
	CHECK(a.clusters == 4 && a.tail == 262144);
	CHECK(a.refcounts[2] == 2 && a.refcounts[3] == 2);
	CHECK(bytes(&a, 1) == 262144 && a.clusters == 5);
	qcow2_alloc_release(&a);
}

static void test_plain_between(void)
{
	struct qcow2_alloc a = {0};

	unit_about("a plain cluster between compressed ones");
	CHECK(bytes(&a, 60000) == 0);
	CHECK(clusters(&a, 1) == 65536);
	CHECK(bytes(&a, 5536) == 60000); /* just fits before it */
	CHECK(bytes(&a, 100) == 131072); /* nothing is left there */
	CHECK(clusters(&a, 1) == 196608);
	CHECK(bytes(&a, 65437) == 262144); /* does not fit before it */
	CHECK(a.refcounts[0] == 2 && a.refcounts[1] == 1 && a.refcounts[2] == 1 &&
		a.refcounts[3] == 1 && a.refcounts[4] == 1);
	qcow2_alloc_release(&a);
}

static void test_overflow(void)
{
	struct qcow2_alloc a = {0};
	struct err e = {0};
	uint64_t offset;
	bool ok = true;

	unit_about("refcount overflow");
	for (unsigned i = 0; i < UINT16_MAX; i++)
		ok &= qcow2_alloc_bytes(&a, 1, &offset, NULL) == 0;
	CHECK(ok && a.clusters == 1 && a.refcounts[0] == UINT16_MAX);
	CHECK(qcow2_alloc_bytes(&a, 1, &offset, &e) == -1 && e.kind == ERR_INTERNAL);
	qcow2_alloc_release(&a);
}

static void test_growth(void)
{
	struct qcow2_alloc a = {0};
	bool ok = true;

	unit_about("many clusters");
	CHECK(clusters(&a, 5000) == 0);
	CHECK(clusters(&a, 1) == 5000ull * 65536 && a.clusters == 5001);
	for (unsigned i = 0; i < 5001; i++)
		ok &= a.refcounts[i] == 1;
	CHECK(ok);
	qcow2_alloc_release(&a);
	CHECK(a.refcounts == NULL && a.clusters == 0);
}

/* "Compressed Clusters Descriptor": sectors after the first one that are touched. */
static void test_descriptor(void)
{
	static const struct {
		uint64_t offset;
		size_t len;
		uint64_t more_sectors;
	} cases[] = {
		{65536, 1, 0},
		{65536, 512, 0},
		{65536, 513, 1},
		{65536 + 511, 1, 0},
		{65536 + 511, 2, 1},
		{65536 + 511, 513, 1},
		{65536 + 511, 514, 2},
		{65536, 65535, 127},
		{65536 + 511, 65535, 128},
	};

	unit_about("descriptor");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK(qcow2_compressed_entry(cases[i].offset, cases[i].len) ==
			(1ull << 62 | cases[i].more_sectors << 54 | cases[i].offset));
}

int main(void)
{
	test_compressed();
	test_plain_between();
	test_overflow();
	test_growth();
	test_descriptor();
	return unit_done();
}
