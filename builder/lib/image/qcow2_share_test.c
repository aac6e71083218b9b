#include "image/qcow2_share.h"

#include "unit.h"

int main(void)
{
	struct qcow2_share *s;
	uint64_t offset = 0;

	unit_about("found by CRC and length");
	CHECK(qcow2_share_new(&s, NULL) == 0);
	CHECK(!qcow2_share_find(s, 0, 0, &offset));
	qcow2_share_add(s, (struct qcow2_copy){.offset = 65536, .crc = 5, .len = 100});
	CHECK(qcow2_share_find(s, 5, 100, &offset) && offset == 65536);
	CHECK(!qcow2_share_find(s, 5, 101, &offset) && !qcow2_share_find(s, 6, 100, &offset));

	unit_about("the newest of several");
	qcow2_share_add(s, (struct qcow2_copy){.offset = 70000, .crc = 5, .len = 100});
	CHECK(qcow2_share_find(s, 5, 100, &offset) && offset == 70000);

	unit_about("four to a row, then the oldest goes");
	for (uint32_t i = 1; i <= 4; i++) {
		uint32_t crc = 7 + (i << 18);

		qcow2_share_add(s, (struct qcow2_copy){.offset = i, .crc = crc, .len = 9});
	}
	for (uint32_t i = 1; i <= 4; i++)
		CHECK(qcow2_share_find(s, 7 + (i << 18), 9, &offset) && offset == i);
	qcow2_share_add(s, (struct qcow2_copy){.offset = 5, .crc = 7, .len = 9});
	CHECK(!qcow2_share_find(s, 7 + (1u << 18), 9, &offset));
	CHECK(qcow2_share_find(s, 7, 9, &offset) && offset == 5);
	CHECK(qcow2_share_find(s, 7 + (2u << 18), 9, &offset) && offset == 2);
	CHECK(qcow2_share_find(s, 5, 100, &offset) && offset == 70000);
	qcow2_share_free(s);
	qcow2_share_free(NULL);
	return unit_done();
}
