#include "image/qcow2_snapshot.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"

/* Offsets in an entry ("Snapshot table entry"); extra data, ID and name follow, padded to 8. */
enum {
	S_L1_OFFSET = 0,
	S_L1_ENTRIES = 8,
	S_ID_LEN = 12,
	S_NAME_LEN = 14,
	S_SECONDS = 16,
	S_VM_STATE = 32,
	S_EXTRA_LEN = 36,
	S_LENGTH = 40,
	EXTRA_VM_STATE = 0,
	EXTRA_SIZE = 8,
	EXTRA_MAX = 1024,        /* QEMU's own bound */
	NAMES_SHOWN = 8,         /* in a message */
	L1_TOTAL_MAX = 64 << 20, /* in bytes */
};

/* Where in the file the list is read. */
struct table {
	int fd;
	uint64_t file_size;
	uint64_t offset; /* of the next entry */
	uint64_t l1_total;
	const struct qcow2_header *header;
};

void qcow2_snapshots_release(struct qcow2_snapshots *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->list[i].id);
		free(s->list[i].name);
	}
	free(s->list);
	*s = (struct qcow2_snapshots){0};
}

static int read_at(const struct table *t, void *data, size_t len, uint64_t offset, struct err *e)
{
	if (offset > t->file_size || len > t->file_size - offset)
		return err_set(e, ERR_INTEGRITY,
			"cut off or malformed: the file ends within the snapshot table");
	return io_pread_full(t->fd, data, len, offset, e);
}

/* L1 table and size: as strict as for the disk of today. */
static int check_l1(struct table *t, const struct qcow2_snapshot *s, struct err *e)
{
	uint64_t cluster_size = 1ull << t->header->cluster_bits;
	uint64_t l2_span = cluster_size / 8 * cluster_size;
	uint64_t len = (uint64_t)s->l1_entries * 8;

	if (s->l1_entries == 0 || s->l1_entries > QCOW2_L1_MAX || s->l1_offset == 0 ||
		s->l1_offset % cluster_size)
		return err_set(e, ERR_FORMAT, "malformed L1 table");
	if (s->size_bytes == 0 || s->size_bytes % QCOW2_SECTOR_SIZE ||
		(s->size_bytes - 1) / l2_span + 1 > s->l1_entries)
		return err_set(e, ERR_FORMAT, "a disk of another size than its L1 table");
	if (s->l1_offset > t->file_size || len > t->file_size - s->l1_offset)
		return err_set(e, ERR_INTEGRITY, "its L1 table lies beyond the file's end");
	t->l1_total += len;
	if (t->l1_total > L1_TOTAL_MAX)
		return err_set(e, ERR_UNSUPPORTED, "L1 tables of more than 64 MiB together");
	return 0;
}

static int read_text(struct table *t, size_t len, char **text, struct err *e)
{
	*text = mem_zalloc(len + 1, e);
	if (!*text || read_at(t, *text, len, t->offset, e) < 0)
		return -1;
	if (strlen(*text) != len)
		return err_set(e, ERR_FORMAT, "a name with a byte 0 in it");
	t->offset += len;
	return 0;
}

static int read_entry(struct table *t, struct qcow2_snapshot *s, struct err *e)
{
	unsigned char head[S_LENGTH], extra[EXTRA_SIZE + 8] = {0};
	uint64_t start = t->offset;

	if (read_at(t, head, sizeof(head), start, e) < 0)
		return -1;
	uint32_t extra_len = qcow2_get32(head + S_EXTRA_LEN);
	if (extra_len > EXTRA_MAX)
		return err_set(e, ERR_FORMAT, "too much extra data");
	if (read_at(t, extra, extra_len < sizeof(extra) ? extra_len : sizeof(extra),
		    start + S_LENGTH, e) < 0)
		return -1;
	s->l1_offset = qcow2_get64(head + S_L1_OFFSET);
	s->l1_entries = qcow2_get32(head + S_L1_ENTRIES);
	s->seconds = qcow2_get32(head + S_SECONDS);
	s->vm_state_bytes = extra_len >= EXTRA_VM_STATE + 8 ? qcow2_get64(extra + EXTRA_VM_STATE)
							    : qcow2_get32(head + S_VM_STATE);
	s->size_bytes = extra_len >= EXTRA_SIZE + 8 ? qcow2_get64(extra + EXTRA_SIZE)
						    : t->header->size_bytes;
	t->offset += S_LENGTH + extra_len;
	if (read_text(t, qcow2_get16(head + S_ID_LEN), &s->id, e) < 0 ||
		read_text(t, qcow2_get16(head + S_NAME_LEN), &s->name, e) < 0)
		return -1;
	t->offset = start + (t->offset - start + 7) / 8 * 8;
	return check_l1(t, s, e);
}

int qcow2_snapshots_load(struct qcow2_snapshots *s, int fd, uint64_t file_size,
	const struct qcow2_header *header, struct err *e)
{
	struct table t = {.fd = fd,
		.file_size = file_size,
		.offset = header->snapshots_offset,
		.header = header};

	s->list = mem_array(header->snapshots, sizeof(*s->list), e);
	if (!s->list)
		return -1;
	while (s->n < header->snapshots) {
		if (read_entry(&t, &s->list[s->n++], e) < 0)
			return err_prefix(e, "snapshot %zu", s->n);
	}
	s->table_len = t.offset - header->snapshots_offset;
	if (header->snapshots_offset + s->table_len > file_size)
		s->table_len = file_size - header->snapshots_offset;
	return 0;
}

const struct qcow2_snapshot *qcow2_snapshots_find(
	const struct qcow2_snapshots *s, const char *id_or_name)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->list[i].id, id_or_name) == 0)
			return &s->list[i];
	}
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->list[i].name, id_or_name) == 0)
			return &s->list[i];
	}
	return NULL;
}

int qcow2_snapshots_unknown(const struct qcow2_snapshots *s, const char *id_or_name, struct err *e)
{
	cleanup_buf struct buf list = {0};

	for (size_t i = 0; i < s->n && i < NAMES_SHOWN; i++) {
		const struct qcow2_snapshot *one = &s->list[i];

		if (buf_printf(&list, e, "%s%s (%s)", i ? ", " : "", one->id, one->name) < 0)
			return -1;
	}
	if (s->n > NAMES_SHOWN && buf_puts(&list, ", ...", e) < 0)
		return -1;
	for (size_t i = 0; i < list.len; i++) {
		if (iscntrl((unsigned char)list.data[i]))
			list.data[i] = '?';
	}
	return err_set(e, ERR_USAGE, "no snapshot '%s'; %s%s", id_or_name,
		s->n ? "there are: " : "there is none", buf_str(&list));
}
