/* Headers: any bytes are taken or refused with a reason, and what is taken keeps the bounds that
 * the reader relies on. */
#include <stdbool.h>
#include <stdlib.h>

#include "fuzz.h"
#include "image/qcow2_format.h"

static void check_bounds(const struct qcow2_header *h, enum qcow2_rule rule)
{
	uint64_t cluster = 1ull << h->cluster_bits;

	if (h->cluster_bits < QCOW2_CLUSTER_BITS_MIN || h->cluster_bits > QCOW2_CLUSTER_BITS_MAX ||
		h->size_bytes == 0 || h->size_bytes % QCOW2_SECTOR_SIZE || h->l1_entries == 0 ||
		h->l1_entries > QCOW2_L1_MAX || h->l1_offset % cluster ||
		h->reftable_offset % cluster ||
		(unsigned __int128)h->l1_entries * (cluster / 8) * cluster < h->size_bytes)
		abort();
	if (rule == QCOW2_RULE_LIMA &&
		(h->version != 3 || cluster != QCOW2_CLUSTER_SIZE ||
			h->size_bytes % QCOW2_SIZE_UNIT || h->compression != QCOW2_DEFLATE))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	bool taken[2];

	for (int rule = QCOW2_RULE_ANY; rule <= QCOW2_RULE_LIMA; rule++) {
		struct qcow2_header h;
		struct err e = {0};

		taken[rule] = qcow2_header_parse(&h, data, len, (enum qcow2_rule)rule, &e) == 0;
		if (taken[rule])
			check_bounds(&h, (enum qcow2_rule)rule);
		else if (e.kind != ERR_FORMAT && e.kind != ERR_INTEGRITY &&
			 e.kind != ERR_UNSUPPORTED)
			abort();
	}
	/* Limekiln's own rule is the stricter one. */
	if (taken[QCOW2_RULE_LIMA] && !taken[QCOW2_RULE_ANY])
		abort();
	return 0;
}
