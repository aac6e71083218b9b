/* Templates and their partials from files, confined to a folder. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/mem.h"
#include "tmpl/ast.h"

struct loader {
	char *root;       /* canonical */
	struct tmpl *set; /* all templates so far, linked by loaded; the first one first */
};

static char *canonical(const char *path, struct err *e)
{
	char *result = realpath(path, NULL);

	if (!result)
		err_set_errno(e, ERR_IO, "%s", path);
	return result;
}

/* The part of a canonical path below root, "" for root itself; NULL when it is not in there. */
static const char *below_root(const struct loader *l, const char *path)
{
	size_t len = strlen(l->root);

	if (strcmp(l->root, "/") == 0)
		return path + 1;
	if (strncmp(path, l->root, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path[len] ? path + len + 1 : path + len;
}

/* How deep below its start a relative path ends when it starts at depth; -1 when ".." leaves. */
static int path_depth(const char *path, int depth)
{
	while (*path && depth >= 0) {
		size_t len = strcspn(path, "/");

		if (len == 2 && strncmp(path, "..", 2) == 0)
			depth--;
		else if (len > 1 || (len == 1 && *path != '.'))
			depth++;
		path += len + (path[len] == '/');
	}
	return depth;
}

/* The canonical path of a partial that t names. */
static char *find_partial(
	struct loader *l, const struct tmpl *t, const struct tmpl_partial *p, struct err *e)
{
	cleanup_free char *folder = io_dirname(t->path, e);
	const char *below = folder ? below_root(l, folder) : NULL;

	if (!folder)
		return NULL;
	if (*p->path == 0 || *p->path == '/') {
		err_set(e, ERR_FORMAT, "'%s' is not a relative path", p->path);
		return NULL;
	}
	if (!below || path_depth(p->path, path_depth(below, 0)) < 0) {
		err_set(e, ERR_FORMAT, "'%s' is outside of the template root; see --root", p->path);
		return NULL;
	}

	cleanup_free char *joined = mem_printf(e, "%s/%s", folder, p->path);
	cleanup_free char *path = joined ? canonical(joined, e) : NULL;
	if (path && !below_root(l, path)) {
		err_set(e, ERR_FORMAT, "'%s' leads out of the template root; see --root", p->path);
		return NULL;
	}
	return steal_ptr(&path);
}

static struct tmpl *find_loaded(const struct loader *l, const char *path)
{
	for (struct tmpl *t = l->set; t; t = t->loaded) {
		if (strcmp(t->path, path) == 0)
			return t;
	}
	return NULL;
}

/* Read and parse the file at the canonical path; name is for messages. */
static int load_file(struct tmpl **out, const char *path, const char *name, struct err *e)
{
	cleanup_buf struct buf text = {0};
	cleanup_tmpl struct tmpl *t = NULL;
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set_errno(e, ERR_IO, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "%s: not a regular file", name);
	if (io_read_file(path, TMPL_MAX_SOURCE, &text, e) < 0 ||
		tmpl_parse(&t, buf_str(&text), text.len, name, e) < 0)
		return -1;
	t->path = mem_strdup(path, e);
	if (!t->path)
		return -1;
	*out = steal_ptr(&t);
	return 0;
}

static int load_partials(struct loader *l, struct tmpl *t, unsigned depth, struct err *e);

static int load_new_partial(struct loader *l, const struct tmpl *t, struct tmpl_partial *p,
	const char *path, unsigned depth, struct err *e)
{
	cleanup_free char *folder = io_dirname(t->name, e);
	cleanup_free char *name =
		folder ? mem_printf(e, "%s%s%s", strcmp(folder, ".") == 0 ? "" : folder,
				 strcmp(folder, ".") == 0 ? "" : "/", p->path)
		       : NULL;

	if (!name || load_file(&p->target, path, name, e) < 0)
		return -1;
	p->target->loaded = l->set->loaded;
	l->set->loaded = p->target;
	return load_partials(l, p->target, depth + 1, e);
}

static int load_partial(
	struct loader *l, struct tmpl *t, struct tmpl_partial *p, unsigned depth, struct err *e)
{
	cleanup_free char *path = find_partial(l, t, p, e);

	if (!path)
		return tmpl_error_prefix(t, p->pos, e);
	p->target = find_loaded(l, path);
	if (p->target && p->target->loading)
		return tmpl_error(t, p->pos, e, "'%s' is being rendered already: a cycle", p->path);
	/* One that is loaded already may have partials that would now be too deep. */
	if (depth + 1 + (p->target ? p->target->height : 0) > TMPL_MAX_PARTIALS)
		return tmpl_error(
			t, p->pos, e, "more than %d partials inside each other", TMPL_MAX_PARTIALS);
	if (!p->target && load_new_partial(l, t, p, path, depth, e) < 0)
		return -1;
	if (t->height < p->target->height + 1)
		t->height = p->target->height + 1;
	return 0;
}

static int load_partials(struct loader *l, struct tmpl *t, unsigned depth, struct err *e)
{
	t->loading = true;
	for (struct tmpl_partial *p = t->partials; p; p = p->next) {
		if (load_partial(l, t, p, depth, e) < 0)
			return -1;
	}
	t->loading = false;
	return 0;
}

int tmpl_load(struct tmpl **out, const char *path, const char *root, struct err *e)
{
	cleanup_free char *real_path = canonical(path, e);
	cleanup_free char *folder = real_path ? io_dirname(path, e) : NULL;
	cleanup_free char *real_root = folder ? canonical(root ? root : folder, e) : NULL;
	cleanup_tmpl struct tmpl *t = NULL;

	if (!real_root || load_file(&t, real_path, path, e) < 0)
		return -1;
	struct loader l = {.root = real_root, .set = t};
	if (load_partials(&l, t, 0, e) < 0)
		return -1;
	*out = steal_ptr(&t);
	return 0;
}
