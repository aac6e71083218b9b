#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "guest/policy_check.h"

#define CHUNK ((size_t)4 * 1024 * 1024)
#define CANARY_MAX ((size_t)4096)

struct search {
	struct policy_ctx *c;
	size_t number; /* how messages call it: the text may be a secret */
	const char *text;
	size_t len;
	char *buffer;                  /* CHUNK and CANARY_MAX bytes */
	const struct tree_inode *last; /* reported already */
	bool outside;                  /* likewise, for what is in no file */
};

/* The file of a tree that has the disk's byte at offset; NULL when none has. */
static const struct tree_inode *file_at(const struct tree *t, uint64_t offset)
{
	for (const struct tree_inode *i = t ? tree_inodes(t) : NULL; i; i = i->next) {
		if (i->origin != TREE_DISK || i->nlink == 0)
			continue;
		for (size_t s = 0; s < i->n_spans; s++) {
			if (offset >= i->spans[s].source_offset &&
				offset - i->spans[s].source_offset < i->spans[s].length)
				return i;
		}
	}
	return NULL;
}

static int report_file(struct search *s, struct tree *t, const struct tree_inode *inode,
	const char *where, struct err *e)
{
	struct tree_node *root = tree_root(t);

	s->last = inode;
	for (struct tree_node *n = root; n; n = policy_next(root, n)) {
		char path[TREE_PATH_TEXT];

		if (n->inode == inode)
			return policy_found(s->c, e, "text %zu in %s%s", s->number,
				tree_node_path(n, path), where);
	}
	return 0;
}

static int report_hit(struct search *s, uint64_t offset, struct err *e)
{
	const struct guest *g = s->c->g;
	const struct tree_inode *in_root = file_at(g->root, offset);
	const struct tree_inode *in_esp = in_root ? NULL : file_at(g->esp, offset);

	const struct tree_inode *inode = in_root ? in_root : in_esp;
	if (inode)
		return inode == s->last ? 0
					: report_file(s, in_root ? g->root : g->esp, inode,
						  in_root ? "" : " on the EFI system partition", e);
	if (s->outside)
		return 0;
	s->outside = true;
	return policy_found(s->c, e,
		"text %zu at byte %llu of the disk, in no file: free space or metadata", s->number,
		(unsigned long long)offset);
}

/* Look through a range of data. */
static int search_range(struct search *s, uint64_t from, uint64_t to, struct err *e)
{
	size_t kept = 0; /* bytes at the start of the buffer, of the chunk before */

	while (from < to) {
		size_t n = to - from < CHUNK ? (size_t)(to - from) : CHUNK;

		if (io_pread_full(s->c->g->fd, s->buffer + kept, n, from, e) < 0)
			return err_prefix(e, "the disk");
		const char *end = s->buffer + kept + n;
		for (const char *p = s->buffer; (p = memmem(p, (size_t)(end - p), s->text, s->len));
			p++) {
			if (report_hit(s, from - kept + (uint64_t)(p - s->buffer), e) < 0)
				return -1;
		}
		from += n;
		kept = s->len - 1 < kept + n ? s->len - 1 : kept + n;
		memmove(s->buffer, end - kept, kept);
	}
	return 0;
}

/* Where a file goes on at another place of the disk, text may lie across. */
static int search_joints(struct search *s, struct tree *t, struct err *e)
{
	char joint[2 * CANARY_MAX];

	for (const struct tree_inode *i = t ? tree_inodes(t) : NULL; i; i = i->next) {
		for (size_t k = 1; i->origin == TREE_DISK && i->nlink > 0 && k < i->n_spans; k++) {
			const struct tree_span *a = &i->spans[k - 1];
			const struct tree_span *b = &i->spans[k];
			size_t left = a->length < s->len - 1 ? (size_t)a->length : s->len - 1;
			size_t right = b->length < s->len - 1 ? (size_t)b->length : s->len - 1;

			if (a->offset + a->length != b->offset)
				continue;
			if (io_pread_full(i->source_fd, joint, left,
				    a->source_offset + a->length - left, e) < 0 ||
				io_pread_full(
					i->source_fd, joint + left, right, b->source_offset, e) < 0)
				return err_prefix(e, "the disk");
			if (memmem(joint, left + right, s->text, s->len) && s->last != i &&
				report_file(s, t, i, "", e) < 0)
				return -1;
		}
	}
	return 0;
}

static int search_disk(struct search *s, struct err *e)
{
	int fd = s->c->g->fd;
	off_t hole = 0;

	for (;;) {
		off_t data = lseek(fd, hole, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			break;
		hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			return err_set_errno(e, ERR_IO, "look for holes in the disk");
		if (search_range(s, (uint64_t)data, (uint64_t)hole, e) < 0)
			return -1;
	}
	if (search_joints(s, s->c->g->root, e) < 0)
		return -1;
	return search_joints(s, s->c->g->esp, e);
}

int policy_check_canaries(struct policy_ctx *c, struct err *e)
{
	cleanup_free char *buffer = NULL;

	if (c->opt->canaries.n == 0)
		return policy_skip(c, "no text was given to look for");
	buffer = mem_array(1, CHUNK + CANARY_MAX, e);
	if (!buffer)
		return -1;
	for (size_t i = 0; i < c->opt->canaries.n; i++) {
		struct search s = {.c = c,
			.number = i + 1,
			.text = c->opt->canaries.items[i],
			.buffer = buffer};

		s.len = strlen(s.text);
		if (s.len == 0 || s.len > CANARY_MAX)
			return err_set(e, ERR_USAGE,
				"a text to look for has no bytes or more than %zu", CANARY_MAX);
		if (search_disk(&s, e) < 0)
			return -1;
	}
	return 0;
}
