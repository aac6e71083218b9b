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
	struct qcow2_alloc a = {.cluster_size = 65536};

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

static void test_gaps(void)
{
	struct qcow2_alloc a = {.cluster_size = 65536};

	unit_about("gaps before plain clusters are filled");
	CHECK(bytes(&a, 60000) == 0);
	CHECK(clusters(&a, 1) == 65536);
	CHECK(bytes(&a, 60001) == 131072); /* the gap of 5536 is too small */
	CHECK(clusters(&a, 1) == 196608);
	CHECK(bytes(&a, 5535) == 131072 + 60001); /* the smaller gap, filled */
	CHECK(bytes(&a, 5535) == 60000);
	CHECK(bytes(&a, 2) == 262144);
	CHECK(bytes(&a, 1) == 65535);
	CHECK(bytes(&a, 1) == 262146 && a.n_gaps == 0);
	CHECK(a.refcounts[0] == 3 && a.refcounts[1] == 1 && a.refcounts[2] == 2 &&
		a.refcounts[3] == 1 && a.refcounts[4] == 2);
	qcow2_alloc_release(&a);
}

/* The smallest gaps are forgotten when there are too many. */
static void test_many_gaps(void)
{
	struct qcow2_alloc a = {.cluster_size = 65536};

	unit_about("many gaps");
	for (size_t i = 1; i <= QCOW2_GAPS_MAX + 10; i++) {
		bytes(&a, 65536 - i);
		clusters(&a, 1);
	}
	CHECK(a.n_gaps == QCOW2_GAPS_MAX);
	CHECK(bytes(&a, 1) == 10 * 131072 + 65536 - 11);
	CHECK(bytes(&a, QCOW2_GAPS_MAX + 10) ==
		(QCOW2_GAPS_MAX + 10) * 131072 - 65536 - QCOW2_GAPS_MAX - 10);
	qcow2_alloc_release(&a);
}

static void test_overflow(void)
{
	struct qcow2_alloc a = {.cluster_size = 65536};
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
	struct qcow2_alloc a = {.cluster_size = 65536};
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

static void test_share(void)
{
	struct qcow2_alloc a = {.cluster_size = 65536};
	bool ok = true;

	unit_about("sharing");
	CHECK(bytes(&a, 60000) == 0 && bytes(&a, 6000) == 60000);
	CHECK(qcow2_alloc_share(&a, 60000, 6000)); /* over the boundary */
	CHECK(a.refcounts[0] == 3 && a.refcounts[1] == 2);
	CHECK(qcow2_alloc_share(&a, 0, 60000) && a.refcounts[0] == 4 && a.refcounts[1] == 2);
	while (a.refcounts[1] < QCOW2_SHARE_MAX - 10)
		ok &= qcow2_alloc_share(&a, 65536, 464);
	for (unsigned i = 0; i < 10; i++)
		ok &= qcow2_alloc_share(&a, 60000, 6000);
	CHECK(ok && a.refcounts[0] == 14 && a.refcounts[1] == QCOW2_SHARE_MAX);
	CHECK(!qcow2_alloc_share(&a, 60000, 6000) && a.refcounts[0] == 14);
	CHECK(qcow2_alloc_share(&a, 0, 60000));
	CHECK(bytes(&a, 100) == 66000 && a.refcounts[1] == QCOW2_SHARE_MAX + 1);
	qcow2_alloc_release(&a);
}

static void test_large_clusters(void)
{
	struct qcow2_alloc a = {.cluster_size = 2u << 20};

	unit_about("clusters of 2 MiB");
	CHECK(clusters(&a, 3) == 0);
	CHECK(bytes(&a, (2u << 20) - 1) == 3u * (2u << 20));
	CHECK(bytes(&a, 2) == 4u * (2u << 20) - 1 && a.refcounts[4] == 1);
	CHECK(clusters(&a, 1) == 5u * (2u << 20));
	qcow2_alloc_release(&a);
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
		CHECK(qcow2_compressed_entry(cases[i].offset, cases[i].len, 16) ==
			(1ull << 62 | cases[i].more_sectors << 54 | cases[i].offset));
	CHECK(qcow2_compressed_entry(511, (2u << 20) - 1, 21) ==
		(1ull << 62 | 4096ull << 49 | 511));
}

int main(void)
{
	test_compressed();
	test_gaps();
	test_many_gaps();
	test_overflow();
	test_growth();
	test_share();
	test_large_clusters();
	test_descriptor();
	return unit_done();
}
