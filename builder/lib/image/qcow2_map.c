#include "image/qcow2_map.h"

int qcow2_map_init(struct qcow2_map *m, const struct qcow2_image *img, struct err *e)
{
	m->next = 0;
	return qcow2_cursor_init(&m->cursor, img, e);
}

void qcow2_map_release(struct qcow2_map *m)
{
	qcow2_cursor_release(&m->cursor);
}

const char *qcow2_kind_name(enum qcow2_kind kind)
{
	switch (kind) {
	case QCOW2_KIND_HOLE:
		return "hole";
	case QCOW2_KIND_ZERO:
		return "zero";
	case QCOW2_KIND_PLAIN:
		return "plain";
	case QCOW2_KIND_COMPRESSED:
		return "compressed";
	}
	return "none";
}

static uint64_t host_bytes(const struct qcow2_map *m, const struct qcow2_cluster *c)
{
	if (c->kind == QCOW2_KIND_COMPRESSED)
		return c->len;
	return c->offset ? m->cursor.img->cluster_size : 0;
}

static bool continues(const struct qcow2_run *run, const struct qcow2_cluster *c)
{
	uint64_t end = run->offset + run->bytes;

	if (c->kind != run->kind)
		return false;
	if (c->kind == QCOW2_KIND_COMPRESSED)
		return c->offset > run->offset && c->offset <= end &&
		       end - c->offset <= QCOW2_SECTOR_SIZE;
	return c->offset ? run->offset && c->offset == end : !run->offset;
}

/* The disk's size may end within the last cluster. */
static uint64_t guest_end(const struct qcow2_map *m, uint64_t cluster)
{
	const struct qcow2_image *img = m->cursor.img;
	uint64_t end = cluster * img->cluster_size;

	return end < img->header.size_bytes ? end : img->header.size_bytes;
}

int qcow2_map_next(struct qcow2_map *m, struct qcow2_run *run, bool *found, struct err *e)
{
	const struct qcow2_image *img = m->cursor.img;
	struct qcow2_cluster c;

	*found = m->next * img->cluster_size < img->header.size_bytes;
	if (!*found)
		return 0;
	if (qcow2_cursor_get(&m->cursor, m->next, &c, e) < 0)
		return -1;
	*run = (struct qcow2_run){.start = m->next * img->cluster_size,
		.kind = c.kind,
		.offset = c.offset,
		.bytes = host_bytes(m, &c)};
	for (;;) {
		m->next = qcow2_cursor_next(&m->cursor, m->next);
		if (m->next * img->cluster_size >= img->header.size_bytes)
			break;
		if (qcow2_cursor_get(&m->cursor, m->next, &c, e) < 0)
			return -1;
		if (!continues(run, &c))
			break;
		if (c.offset)
			run->bytes = c.offset + host_bytes(m, &c) - run->offset;
	}
	run->len = guest_end(m, m->next) - run->start;
	return 0;
}
