#include "image/qcow2_cursor.h"

#include <stdlib.h>

#include "base/mem.h"

int qcow2_cursor_init(struct qcow2_cursor *cur, const struct qcow2_image *img, struct err *e)
{
	*cur = (struct qcow2_cursor){.img = img, .l2_index = UINT64_MAX};
	cur->l2 = mem_zalloc(img->cluster_size, e);
	return cur->l2 ? 0 : -1;
}

void qcow2_cursor_release(struct qcow2_cursor *cur)
{
	free(cur->l2);
	*cur = (struct qcow2_cursor){0};
}

static int load_l2(struct qcow2_cursor *cur, uint64_t l2_index, struct err *e)
{
	uint64_t offset;

	cur->l2_index = UINT64_MAX;
	if (qcow2_image_l2_offset(cur->img, (uint32_t)l2_index, &offset, e) < 0)
		return -1;
	cur->l2_present = offset != 0;
	if (cur->l2_present && qcow2_image_load_l2(cur->img, (uint32_t)l2_index, cur->l2, e) < 0)
		return -1;
	cur->l2_index = l2_index;
	return 0;
}

int qcow2_cursor_get(
	struct qcow2_cursor *cur, uint64_t index, struct qcow2_cluster *c, struct err *e)
{
	const struct qcow2_image *img = cur->img;
	uint64_t guest = index * img->cluster_size;
	uint64_t l2_index = index / img->l2_entries;

	*c = (struct qcow2_cluster){.kind = QCOW2_KIND_HOLE};
	if (guest >= img->header.size_bytes)
		return 0;
	if (l2_index != cur->l2_index && load_l2(cur, l2_index, e) < 0)
		return -1;
	if (!cur->l2_present)
		return 0;
	return qcow2_image_decode(
		img, qcow2_get64(cur->l2 + index % img->l2_entries * 8), guest, c, e);
}

uint64_t qcow2_cursor_next(const struct qcow2_cursor *cur, uint64_t index)
{
	if (cur->l2_present)
		return index + 1;
	return (index / cur->img->l2_entries + 1) * cur->img->l2_entries;
}
