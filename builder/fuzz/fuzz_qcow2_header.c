/* Headers: any bytes are taken or refused with a reason, and what is taken keeps the bounds that
 * the reader relies on. */
#include <stdlib.h>

#include "fuzz.h"
#include "image/qcow2_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct qcow2_header h;
	struct err e = {0};

	if (qcow2_header_parse(&h, data, len, QCOW2_RULE_LIMA, &e) < 0) {
		if (e.kind != ERR_FORMAT && e.kind != ERR_INTEGRITY && e.kind != ERR_UNSUPPORTED)
			abort();
		return 0;
	}
	if (h.size_bytes == 0 || h.size_bytes % QCOW2_SIZE_UNIT || h.l1_entries == 0 ||
		h.l1_entries > QCOW2_L1_MAX || h.l1_entries * QCOW2_L2_SPAN < h.size_bytes ||
		h.l1_offset % QCOW2_CLUSTER_SIZE || h.reftable_offset % QCOW2_CLUSTER_SIZE)
		abort();
	return 0;
}
