#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/utf8.h"
#include "guest/file_caps.h"
#include "guest/policy_check.h"

static bool is_inside(const struct tree_node *n, const char *top)
{
	while (n->parent && n->parent->parent)
		n = n->parent;
	return strcmp(n->name, top) == 0;
}

static int report_mode(struct policy_ctx *c, const struct tree_node *n, struct err *e)
{
	char path[TREE_PATH_TEXT];

	return policy_found(c, e, "%s: mode %04o, owner %u:%u", tree_node_path(n, path),
		n->inode->mode & 07777u, n->inode->uid, n->inode->gid);
}

static int check_writable_files(struct policy_ctx *c, struct err *e)
{
	struct tree_node *root = tree_root(c->g->root);

	for (struct tree_node *n = root; n; n = policy_next(root, n)) {
		mode_t mode = n->inode->mode;

		if ((mode & 002) && !S_ISDIR(mode) && !S_ISLNK(mode) && !is_inside(n, "dev") &&
			report_mode(c, n, e) < 0)
			return -1;
	}
	return 0;
}

static int check_writable_dirs(struct policy_ctx *c, struct err *e)
{
	struct tree_node *root = tree_root(c->g->root);

	for (struct tree_node *n = root; n; n = policy_next(root, n)) {
		mode_t mode = n->inode->mode;

		if (S_ISDIR(mode) && (mode & 002) && !(mode & S_ISVTX) && report_mode(c, n, e) < 0)
			return -1;
	}
	return 0;
}

/* Append the line that the allow list needs for n's setuid and setgid bits; nothing without. */
static int mode_line(
	struct policy_ctx *c, const struct tree_node *n, struct buf *line, struct err *e)
{
	const struct tree_inode *inode = n->inode;
	const char *user = policy_user_name(c, inode->uid);
	const char *group = policy_group_name(c, inode->gid);
	char path[TREE_PATH_TEXT];

	if (!S_ISREG(inode->mode) || !(inode->mode & (S_ISUID | S_ISGID)))
		return 0;
	if (buf_printf(line, e, "%04o ", inode->mode & 07777u) < 0 ||
		(user ? buf_puts(line, user, e) : buf_printf(line, e, "%u", inode->uid)) < 0 ||
		buf_putc(line, ':', e) < 0 ||
		(group ? buf_puts(line, group, e) : buf_printf(line, e, "%u", inode->gid)) < 0)
		return -1;
	return buf_printf(line, e, " %s", tree_node_path(n, path));
}

/* The same for its capabilities. */
static int caps_line(const struct tree_node *n, struct buf *line, struct err *e)
{
	char path[TREE_PATH_TEXT];

	for (const struct tree_xattr *x = n->inode->xattrs; x; x = x->next) {
		if (strcmp(x->name, "security.capability") != 0)
			continue;
		tree_node_path(n, path);
		if (buf_puts(line, "caps ", e) < 0)
			return -1;
		if (file_caps_text(x->value, x->value_len, line, e) < 0)
			return err_prefix(e, "%s", path);
		return buf_printf(line, e, " %s", path);
	}
	return 0;
}

/* Report what is not on the allow list. */
static int check_special(struct policy_ctx *c, bool caps, struct err *e)
{
	struct tree_node *root = tree_root(c->g->root);

	for (struct tree_node *n = root; n; n = policy_next(root, n)) {
		cleanup_buf struct buf line = {0};

		if ((caps ? caps_line(n, &line, e) : mode_line(c, n, &line, e)) < 0)
			return -1;
		if (line.len > 0 && !strv_contains(&c->allow_setuid, line.data) &&
			policy_found(c, e, "%s", line.data) < 0)
			return -1;
	}
	return 0;
}

static int check_setuid(struct policy_ctx *c, struct err *e)
{
	return check_special(c, false, e);
}

static int check_caps(struct policy_ctx *c, struct err *e)
{
	return check_special(c, true, e);
}

/* Report lines of the allow list that the image has no file for. */
static int check_allowed(struct policy_ctx *c, struct err *e)
{
	for (size_t i = 0; i < c->allow_setuid.n; i++) {
		const char *want = c->allow_setuid.items[i];
		const char *path = strchr(want, '/');
		cleanup_buf struct buf line = {0};
		struct tree_node *n = NULL;

		if (path && guest_lookup_nofollow(c->g->root, path, &n, e) < 0)
			return -1;
		bool caps = strncmp(want, "caps ", 5) == 0;
		if (n && (caps ? caps_line(n, &line, e) : mode_line(c, n, &line, e)) < 0)
			return -1;
		if (strcmp(buf_str(&line), want) != 0 &&
			policy_found(c, e, "allowed, but not there: %s", want) < 0)
			return -1;
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool has_id(const uint32_t *ids, size_t n, uint32_t id)
{
	return n > 0 && bsearch(&id, ids, n, sizeof(id), compare_ids);
}

static int check_owners(struct policy_ctx *c, struct err *e)
{
	struct tree_node *root = tree_root(c->g->root);
	size_t n_users = c->f->n_users;
	size_t n_groups = c->f->n_groups;
	cleanup_free uint32_t *users = mem_array(n_users + n_groups + 1, sizeof(*users), e);

	if (!users)
		return -1;
	uint32_t *groups = users + n_users;
	for (size_t i = 0; i < n_users; i++)
		users[i] = c->f->users[i].uid;
	for (size_t i = 0; i < n_groups; i++)
		groups[i] = c->f->groups[i].gid;
	qsort(users, n_users, sizeof(*users), compare_ids);
	qsort(groups, n_groups, sizeof(*groups), compare_ids);
	for (struct tree_node *n = root; n; n = policy_next(root, n)) {
		if ((!has_id(users, n_users, n->inode->uid) ||
			    !has_id(groups, n_groups, n->inode->gid)) &&
			report_mode(c, n, e) < 0)
			return -1;
	}
	return 0;
}

static int check_devices(struct policy_ctx *c, struct err *e)
{
	struct tree_node *root = tree_root(c->g->root);

	for (struct tree_node *n = root; n; n = policy_next(root, n)) {
		mode_t mode = n->inode->mode;

		if ((S_ISBLK(mode) || S_ISCHR(mode)) && !is_inside(n, "dev") &&
			report_mode(c, n, e) < 0)
			return -1;
	}
	return 0;
}

static int check_tmp(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/tmp", "/var/tmp"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct tree_node *n;
		int rc = 0;

		if (policy_lookup(c, paths[i], &n, e) < 0)
			return -1;
		if (!n)
			rc = policy_found(c, e, "%s is not there", paths[i]);
		else if (n->inode->mode != (S_IFDIR | 01777) || n->inode->uid != 0)
			rc = report_mode(c, n, e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* Report what is at top and below that somebody else than root could change. */
static int check_roots_own(struct policy_ctx *c, const char *top, bool below, struct err *e)
{
	struct tree_node *dir;

	if (policy_lookup(c, top, &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir; n; n = below ? policy_next(dir, n) : NULL) {
		mode_t mode = n->inode->mode;
		bool others =
			n->inode->uid != 0 || (mode & 002) || ((mode & 020) && n->inode->gid != 0);

		if (!S_ISLNK(mode) && others && report_mode(c, n, e) < 0)
			return -1;
	}
	return 0;
}

static int check_programs(struct policy_ctx *c, struct err *e)
{
	static const char *const dirs[] = {
		"/", "/etc", "/usr", "/usr/lib", "/var", "/var/lib", "/opt", "/root", "/usr/local"};
	static const char *const trees[] = {"/usr/bin", "/usr/sbin", "/usr/libexec",
		"/usr/local/bin", "/usr/local/sbin", "/usr/lib/systemd", "/etc/systemd",
		"/etc/init.d", "/etc/cloud", "/boot"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (check_roots_own(c, dirs[i], false, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		if (check_roots_own(c, trees[i], true, e) < 0)
			return -1;
	}
	return 0;
}

static int check_root_home(struct policy_ctx *c, struct err *e)
{
	struct tree_node *n;

	if (policy_lookup(c, "/root", &n, e) < 0)
		return -1;
	if (!n)
		return policy_found(c, e, "/root is not there");
	return (n->inode->mode & 07777) == 0700 ? 0 : report_mode(c, n, e);
}

static int check_mount_points(struct policy_ctx *c, struct err *e)
{
	static const char *const dirs[] = {"/proc", "/sys", "/run", "/mnt", "/media", "/dev"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		struct tree_node *dir;

		if (policy_lookup(c, dirs[i], &dir, e) < 0)
			return -1;
		for (struct tree_node *n = dir; n; n = policy_next(dir, n)) {
			char path[TREE_PATH_TEXT];

			if (S_ISREG(n->inode->mode) &&
				policy_found(c, e, "%s", tree_node_path(n, path)) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_names(struct policy_ctx *c, struct err *e)
{
	struct tree_node *root = tree_root(c->g->root);

	for (struct tree_node *n = root; n; n = policy_next(root, n)) {
		bool bad = !utf8_valid(n->name, n->name_len);
		char path[TREE_PATH_TEXT];

		for (size_t i = 0; i < n->name_len && !bad; i++)
			bad = (unsigned char)n->name[i] < ' ' || n->name[i] == 0x7f;
		if (bad && policy_found(c, e, "%s", tree_node_path(n, path)) < 0)
			return -1;
	}
	return 0;
}

static const struct policy_check checks[] = {
	{{"FILE-01", POLICY_ERROR, "no file that everybody may write", "chmod o-w"},
		check_writable_files},
	{{"FILE-02", POLICY_ERROR, "directories that everybody may write are sticky",
		 "chmod +t or o-w"},
		check_writable_dirs},
	{{"FILE-03", POLICY_ERROR, "setuid and setgid files are on the allow list",
		 "take the bits away, or add the line to the recipe's allow/setuid"},
		check_setuid},
	{{"FILE-04", POLICY_ERROR, "file capabilities are on the allow list",
		 "setcap -r, or add the line to the recipe's allow/setuid"},
		check_caps},
	{{"FILE-05", POLICY_ERROR, "what allow/setuid lists is there",
		 "take the line out of the recipe's allow/setuid"},
		check_allowed},
	{{"FILE-06", POLICY_ERROR, "every file's owner and group exist", "chown to one that does"},
		check_owners},
	{{"FILE-07", POLICY_ERROR, "no device nodes outside /dev", "delete the node"},
		check_devices},
	{{"FILE-08", POLICY_ERROR, "/tmp and /var/tmp are root's and mode 1777", "chmod 1777"},
		check_tmp},
	{{"FILE-09", POLICY_ERROR, "only root writes programs and what starts them",
		 "chown root and chmod go-w"},
		check_programs},
	{{"FILE-10", POLICY_ERROR, "root's home folder is root's alone", "chmod 0700 /root"},
		check_root_home},
	{{"FILE-11", POLICY_ERROR, "no files where something is mounted at boot",
		 "delete the file: nobody would see it again"},
		check_mount_points},
	{{"FILE-12", POLICY_WARNING, "names are UTF-8 without control characters",
		 "rename the file"},
		check_names},
};

POLICY_THEME(files, checks, false);
