#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "guest/guest.h"

enum { LINKS_MAX = 40 }; /* as the kernel's */

/* Where a walk along a path is. */
struct walk {
	struct tree *t;
	struct tree_node *at;
	unsigned links;
	size_t pos; /* in rest: the next component */
	char rest[TREE_PATH_MAX + 1];
};

/* Put the link's target before what is left of the path. */
static int follow(struct walk *w, const struct tree_node *link, struct err *e)
{
	const char *target = link->inode->target;
	size_t len = strlen(target), left = strlen(w->rest + w->pos);
	char text[TREE_PATH_TEXT];

	if (++w->links > LINKS_MAX)
		return err_set(e, ERR_FORMAT, "%s: more than %d symbolic links on the way",
			tree_node_path(link, text), LINKS_MAX);
	if (len + 1 + left > TREE_PATH_MAX)
		return err_set(e, ERR_FORMAT,
			"%s: the path through the link is longer than %d bytes",
			tree_node_path(link, text), TREE_PATH_MAX);
	memmove(w->rest + len + 1, w->rest + w->pos, left + 1);
	memcpy(w->rest, target, len);
	w->rest[len] = '/';
	w->pos = 0;
	if (target[0] == '/')
		w->at = tree_root(w->t);
	return 0;
}

/* Go to the component of len bytes at w->pos; w->at becomes NULL when there is none. */
static int step(struct walk *w, size_t len, bool nofollow, struct err *e)
{
	const char *name = w->rest + w->pos;
	struct tree_node *n;

	w->pos += len;
	while (w->rest[w->pos] == '/')
		w->pos++;
	if (!S_ISDIR(w->at->inode->mode)) {
		w->at = NULL;
		return 0;
	}
	if (len == 1 && name[0] == '.')
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		if (w->at->parent)
			w->at = w->at->parent;
		return 0;
	}
	if (len > TREE_NAME_MAX)
		return err_set(e, ERR_FORMAT, "%.300s: a name is longer than %d bytes", name,
			TREE_NAME_MAX);
	n = tree_child(w->t, w->at, name, len);
	if (n && S_ISLNK(n->inode->mode) && !(nofollow && !w->rest[w->pos]))
		return follow(w, n, e);
	w->at = n;
	return 0;
}

static int lookup(
	struct tree *t, const char *path, bool nofollow, struct tree_node **node, struct err *e)
{
	struct walk w = {.t = t, .at = tree_root(t)};
	size_t len = strlen(path);

	*node = NULL;
	if (len > TREE_PATH_MAX)
		return err_set(e, ERR_FORMAT, "%.300s...: the path is longer than %d bytes", path,
			TREE_PATH_MAX);
	memcpy(w.rest, path, len + 1);
	w.pos = strspn(w.rest, "/");
	while (w.at && w.rest[w.pos]) {
		/* A link's target may begin with slashes. */
		w.pos += strspn(w.rest + w.pos, "/");
		len = strcspn(w.rest + w.pos, "/");
		if (len > 0 && step(&w, len, nofollow, e) < 0)
			return -1;
	}
	*node = w.at;
	return 0;
}

int guest_lookup(struct tree *t, const char *path, struct tree_node **node, struct err *e)
{
	return lookup(t, path, false, node, e);
}

int guest_lookup_nofollow(struct tree *t, const char *path, struct tree_node **node, struct err *e)
{
	return lookup(t, path, true, node, e);
}

int guest_path(const struct tree_node *n, struct buf *out, struct err *e)
{
	size_t len = 0;
	char *at;

	if (!n->parent)
		return buf_putc(out, '/', e);
	for (const struct tree_node *up = n; up->parent; up = up->parent)
		len += up->name_len + (size_t)1;
	if (buf_reserve(out, len, e) < 0)
		return -1;
	out->len += len;
	at = out->data + out->len;
	*at = 0;
	for (; n->parent; n = n->parent) {
		at -= n->name_len;
		memcpy(at, n->name, n->name_len);
		*--at = '/';
	}
	return 0;
}

/* What of one span lies in [offset, offset + len) goes to its place in data. */
static int read_span(const struct tree_inode *inode, const struct tree_span *span, char *data,
	size_t len, uint64_t offset, struct err *e)
{
	uint64_t from = span->offset > offset ? span->offset : offset;
	uint64_t end = span->offset + span->length;

	if (end > offset + len)
		end = offset + len;
	if (from >= end)
		return 0;
	if (inode->origin == TREE_MEMORY) {
		memcpy(data + (from - offset), inode->bytes + from, (size_t)(end - from));
		return 0;
	}
	return io_pread_full(inode->source_fd, data + (from - offset), (size_t)(end - from),
		span->source_offset + (from - span->offset), e);
}

int guest_pread_inode(const struct tree_inode *inode, void *data, size_t len, uint64_t offset,
	size_t *got, struct err *e)
{
	*got = 0;
	if (!S_ISREG(inode->mode) ||
		(inode->n_spans > 0 && inode->origin != TREE_DISK && inode->origin != TREE_MEMORY))
		return err_set(e, ERR_INTERNAL, "read from what has no contents on the disk");
	if (offset >= inode->size)
		return 0;
	if (len > inode->size - offset)
		len = (size_t)(inode->size - offset);
	memset(data, 0, len);
	for (size_t i = 0; i < inode->n_spans && inode->spans[i].offset < offset + len; i++)
		if (read_span(inode, &inode->spans[i], data, len, offset, e) < 0)
			return -1;
	*got = len;
	return 0;
}

int guest_read_inode(const struct tree_inode *inode, size_t max, struct buf *out, struct err *e)
{
	size_t got;

	if (inode->size > max)
		return err_set(e, ERR_FORMAT, "larger than %zu bytes", max);
	if (buf_reserve(out, (size_t)inode->size, e) < 0 ||
		guest_pread_inode(inode, out->data + out->len, (size_t)inode->size, 0, &got, e) < 0)
		return -1;
	out->len += got;
	out->data[out->len] = 0;
	return 0;
}

int guest_read_file(
	struct tree *t, const char *path, size_t max, struct buf *out, bool *found, struct err *e)
{
	struct tree_node *n;

	if (found)
		*found = false;
	if (guest_lookup(t, path, &n, e) < 0)
		return err_prefix(e, "%s", path);
	if (!n || !S_ISREG(n->inode->mode))
		return 0;
	if (guest_read_inode(n->inode, max, out, e) < 0)
		return err_prefix(e, "%s", path);
	if (found)
		*found = true;
	return 0;
}
