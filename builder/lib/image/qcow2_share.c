#include "image/qcow2_share.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define ROWS (1u << 18)
#define PLACES 4u

struct qcow2_share {
	struct qcow2_copy rows[ROWS][PLACES]; /* the newest first */
};

_Static_assert(sizeof(struct qcow2_share) == 16u << 20, "as the header says");

int qcow2_share_new(struct qcow2_share **out, struct err *e)
{
	*out = mem_zalloc(sizeof(**out), e);
	return *out ? 0 : -1;
}

bool qcow2_share_find(const struct qcow2_share *s, uint32_t crc, uint32_t len, uint64_t *offset)
{
	const struct qcow2_copy *row = s->rows[crc % ROWS];

	for (unsigned i = 0; i < PLACES && row[i].offset; i++) {
		if (row[i].crc == crc && row[i].len == len) {
			*offset = row[i].offset;
			return true;
		}
	}
	return false;
}

void qcow2_share_add(struct qcow2_share *s, struct qcow2_copy copy)
{
	struct qcow2_copy *row = s->rows[copy.crc % ROWS];

	memmove(row + 1, row, (PLACES - 1) * sizeof(*row));
	row[0] = copy;
}

void qcow2_share_free(struct qcow2_share *s)
{
	free(s);
}
