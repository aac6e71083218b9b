#include "image/tar_write.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "image/acl.h"
#include "image/pax.h"

#define COPY_SIZE ((size_t)1024 * 1024)

/* A name of a file that has several. */
struct name {
	const struct tree_inode *inode;
	size_t i; /* in nodes */
};

struct writer {
	int fd;
	struct progress *progress;
	uint64_t done;
	struct tree_node **nodes;
	size_t n_nodes;
	struct name *names; /* sorted by inode, then i */
	size_t n_names;
	struct buf out; /* not written yet */
	char *buffer;   /* of COPY_SIZE */
};

static int flush(struct writer *w, struct err *e)
{
	int rc = w->out.len > 0 ? io_write_full(w->fd, w->out.data, w->out.len, e) : 0;

	w->out.len = 0;
	return rc;
}

/* --- attributes --- */

/* "user:1000:rw-", numbers where others have names. */
static int put_acl_entry(struct buf *text, const struct acl_entry *a, struct err *e)
{
	bool user = a->tag & (ACL_TAG_USER_OBJ | ACL_TAG_USER);
	bool group = a->tag & (ACL_TAG_GROUP_OBJ | ACL_TAG_GROUP);
	const char *kind = user                     ? "user"
			   : group                  ? "group"
			   : a->tag == ACL_TAG_MASK ? "mask"
						    : "other";

	if (buf_printf(text, e, "%s%s:", text->len > 0 ? "," : "", kind) < 0)
		return -1;
	if ((a->tag & (ACL_TAG_USER | ACL_TAG_GROUP)) && buf_printf(text, e, "%u", a->id) < 0)
		return -1;
	return buf_printf(text, e, ":%c%c%c", a->perm & 4 ? 'r' : '-', a->perm & 2 ? 'w' : '-',
		a->perm & 1 ? 'x' : '-');
}

static int put_acl(struct buf *records, const char *key, const struct tree_xattr *x, struct err *e)
{
	cleanup_free struct acl_entry *entries = NULL;
	cleanup_buf struct buf text = {0};
	size_t n;

	if (acl_decode(x->value, x->value_len, &entries, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (put_acl_entry(&text, &entries[i], e) < 0)
			return -1;
	}
	return pax_put_record(records, key, buf_str(&text), text.len, e);
}

static int put_xattr(struct buf *records, const struct tree_xattr *x, struct err *e)
{
	cleanup_free char *key = NULL;

	if (strcmp(x->name, "system.posix_acl_access") == 0)
		return put_acl(records, "SCHILY.acl.access", x, e);
	if (strcmp(x->name, "system.posix_acl_default") == 0)
		return put_acl(records, "SCHILY.acl.default", x, e);
	if (strchr(x->name, '='))
		return err_set(e, ERR_UNSUPPORTED,
			"the extended attribute '%.300s': tar cannot hold one with '=' in its name",
			x->name);
	key = mem_printf(e, "SCHILY.xattr.%s", x->name);
	return key ? pax_put_record(records, key, x->value, x->value_len, e) : -1;
}

static int put_xattrs(struct buf *records, const struct tree_inode *inode, struct err *e)
{
	for (const struct tree_xattr *x = inode->xattrs; x; x = x->next) {
		if (put_xattr(records, x, e) < 0)
			return -1;
	}
	return 0;
}

/* --- holes: GNU tar's sparse format 1.0 --- */

static bool has_holes(const struct tree_inode *inode)
{
	uint64_t end = 0;

	for (size_t i = 0; i < inode->n_spans; i++) {
		if (inode->spans[i].offset != end)
			return true;
		end += inode->spans[i].length;
	}
	return end != inode->size;
}

/* The map, which goes before the contents: how many ranges, then offset and length of each, a
 * number a line, in whole blocks. A hole at the end is a range without bytes. */
static int put_map(struct buf *map, const struct tree_inode *inode, uint64_t *bytes, struct err *e)
{
	cleanup_buf struct buf ranges = {0};
	size_t n = 0;
	uint64_t end = 0;

	*bytes = 0;
	for (size_t i = 0; i < inode->n_spans;) {
		uint64_t offset = inode->spans[i].offset;

		for (end = offset; i < inode->n_spans && inode->spans[i].offset == end; i++)
			end += inode->spans[i].length;
		if (buf_printf(&ranges, e, "%llu\n%llu\n", (unsigned long long)offset,
			    (unsigned long long)(end - offset)) < 0)
			return -1;
		*bytes += end - offset;
		n++;
	}
	if (end < inode->size) {
		n++;
		if (buf_printf(&ranges, e, "%llu\n0\n", (unsigned long long)inode->size) < 0)
			return -1;
	}
	if (buf_printf(map, e, "%zu\n", n) < 0 ||
		buf_append(map, buf_str(&ranges), ranges.len, e) < 0)
		return -1;
	return pax_put_padding(map, map->len, e);
}

static int put_sparse_records(
	struct buf *records, const char *path, const struct tree_inode *inode, struct err *e)
{
	char size[32];
	int n = snprintf(size, sizeof(size), "%llu", (unsigned long long)inode->size);

	if (pax_put_record(records, "GNU.sparse.major", "1", 1, e) < 0 ||
		pax_put_record(records, "GNU.sparse.minor", "0", 1, e) < 0 ||
		pax_put_record(records, "GNU.sparse.name", path, strlen(path), e) < 0)
		return -1;
	return pax_put_record(records, "GNU.sparse.realsize", size, (size_t)n, e);
}

/* --- contents --- */

static int copy_range(struct writer *w, int fd, uint64_t from, uint64_t len, struct err *e)
{
	while (len > 0) {
		size_t n = len < COPY_SIZE ? (size_t)len : COPY_SIZE;

		if (io_pread_full(fd, w->buffer, n, from, e) < 0 ||
			buf_append(&w->out, w->buffer, n, e) < 0 ||
			(w->out.len >= COPY_SIZE && flush(w, e) < 0))
			return -1;
		from += n;
		len -= n;
		w->done += n;
		progress_update(w->progress, w->done);
	}
	return 0;
}

static int copy_contents(struct writer *w, const struct tree_inode *inode, struct err *e)
{
	cleanup_close int host_fd = -1;

	if (inode->origin == TREE_MEMORY)
		return buf_append(&w->out, inode->bytes, (size_t)inode->size, e);
	if (inode->origin == TREE_HOST) {
		host_fd = io_open_read(inode->host_path, e);
		return host_fd < 0 ? -1 : copy_range(w, host_fd, 0, inode->size, e);
	}
	for (size_t i = 0; i < inode->n_spans; i++) {
		const struct tree_span *s = &inode->spans[i];

		if (inode->origin != TREE_DISK)
			return err_set(e, ERR_INTERNAL, "contents that cannot be read here");
		if (copy_range(w, inode->source_fd, s->source_offset, s->length, e) < 0)
			return -1;
	}
	return 0;
}

/* --- entries --- */

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a;
	const struct name *y = b;

	if (x->inode != y->inode)
		return (uintptr_t)x->inode < (uintptr_t)y->inode ? -1 : 1;
	return (x->i > y->i) - (x->i < y->i);
}

static bool has_names(const struct tree_node *n)
{
	return n->inode->nlink > 1 && !S_ISDIR(n->inode->mode);
}

static int gather_names(struct writer *w, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_nodes; i++)
		n += has_names(w->nodes[i]);
	w->names = mem_array(n + 1, sizeof(*w->names), e);
	if (!w->names)
		return -1;
	for (size_t i = 0; i < w->n_nodes; i++) {
		if (has_names(w->nodes[i]))
			w->names[w->n_names++] = (struct name){w->nodes[i]->inode, i};
	}
	qsort(w->names, n, sizeof(*w->names), compare_names);
	return 0;
}

/* The node that is the first name of the file that nodes[i] names. */
static size_t first_name(const struct writer *w, size_t i)
{
	size_t low = 0;
	size_t high = w->n_names;

	if (!has_names(w->nodes[i]))
		return i;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_names(&w->names[mid], &(struct name){w->nodes[i]->inode, 0}) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return w->names[low].i;
}

static char entry_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return '2';
	case S_IFCHR:
		return '3';
	case S_IFBLK:
		return '4';
	case S_IFDIR:
		return '5';
	case S_IFIFO:
		return '6';
	default:
		return '0';
	}
}

static int put_file(
	struct writer *w, const char *path, const struct tree_inode *inode, struct err *e)
{
	cleanup_buf struct buf records = {0};
	cleanup_buf struct buf map = {0};
	struct pax_entry entry = {.type = entry_type(inode->mode),
		.path = path,
		.target = S_ISLNK(inode->mode) ? inode->target : "",
		.mode = inode->mode,
		.uid = inode->uid,
		.gid = inode->gid,
		.mtime_s = inode->mtime_s,
		.mtime_ns = inode->mtime_ns,
		.records = &records};

	if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
		memcpy(entry.device, inode->device, sizeof(entry.device));
	if (S_ISREG(inode->mode) && has_holes(inode)) {
		if (put_sparse_records(&records, path, inode, e) < 0 ||
			put_map(&map, inode, &entry.stored_bytes, e) < 0)
			return -1;
		entry.path = "GNUSparseFile.0";
		entry.stored_bytes += map.len;
	} else if (S_ISREG(inode->mode)) {
		entry.stored_bytes = inode->size;
	}
	if (put_xattrs(&records, inode, e) < 0 || pax_put_entry(&w->out, &entry, e) < 0 ||
		buf_append(&w->out, buf_str(&map), map.len, e) < 0 ||
		(S_ISREG(inode->mode) && copy_contents(w, inode, e) < 0))
		return -1;
	return pax_put_padding(&w->out, entry.stored_bytes, e);
}

/* "./" for the root, directories with a slash at the end. */
static int make_path(const struct tree_node *n, struct buf *path, struct err *e)
{
	if (!n->parent)
		return buf_puts(path, "./", e);
	if (tree_put_path(n, path, e) < 0)
		return -1;
	return S_ISDIR(n->inode->mode) ? buf_putc(path, '/', e) : 0;
}

static int put_link(struct writer *w, const char *path, size_t to, struct err *e)
{
	cleanup_buf struct buf target = {0};
	const struct tree_inode *inode = w->nodes[to]->inode;

	if (make_path(w->nodes[to], &target, e) < 0)
		return -1;
	const struct pax_entry entry = {.type = '1',
		.path = path,
		.target = buf_str(&target),
		.mode = inode->mode,
		.uid = inode->uid,
		.gid = inode->gid,
		.mtime_s = inode->mtime_s,
		.mtime_ns = inode->mtime_ns};
	return pax_put_entry(&w->out, &entry, e);
}

static int write_tree(struct writer *w, struct tree *t, struct err *e)
{
	static const char end_mark[2 * PAX_BLOCK];

	w->buffer = mem_array(1, COPY_SIZE, e);
	if (!w->buffer || tree_sort(t, &w->nodes, &w->n_nodes, e) < 0 || gather_names(w, e) < 0)
		return -1;
	for (size_t i = 0; i < w->n_nodes; i++) {
		cleanup_buf struct buf path = {0};
		char text[TREE_PATH_TEXT];
		size_t first = first_name(w, i);

		if (make_path(w->nodes[i], &path, e) < 0)
			return -1;
		int rc = first == i ? put_file(w, buf_str(&path), w->nodes[i]->inode, e)
				    : put_link(w, buf_str(&path), first, e);
		if (rc < 0)
			return err_prefix(e, "%s", tree_node_path(w->nodes[i], text));
		if (w->out.len >= COPY_SIZE && flush(w, e) < 0)
			return -1;
	}
	if (buf_append(&w->out, end_mark, sizeof(end_mark), e) < 0)
		return -1;
	return flush(w, e);
}

int tar_write(int fd, struct tree *t, struct progress *progress, struct err *e)
{
	struct writer w = {.fd = fd, .progress = progress};
	int rc = write_tree(&w, t, e);

	buf_release(&w.out);
	free(w.nodes);
	free(w.names);
	free(w.buffer);
	return rc;
}
