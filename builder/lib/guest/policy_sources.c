#include <fnmatch.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "deb/deb822.h"
#include "guest/policy_check.h"

/* Where packages come from: an entry of apt's, or a line of /etc/apk/repositories. */
struct source {
	const char *path; /* of the file */
	char uris[1024];
	char signed_by[1024]; /* "": not said */
	bool insecure;        /* an option switches a check off */
	bool apk;
};

typedef int source_fn(struct policy_ctx *c, const struct source *s, void *ctx, struct err *e);

static bool is_yes(const char *value, size_t len)
{
	return (len == 3 && strncasecmp(value, "yes", 3) == 0) ||
	       (len == 4 && strncasecmp(value, "true", 4) == 0) || (len == 1 && *value == '1');
}

/* Options that sources.list(5) has for accepting what is not signed well. */
static bool is_insecure(const char *name, size_t name_len, const char *value, size_t len)
{
	static const char *const allow[] = {
		"trusted", "allow-insecure", "allow-weak", "allow-downgrade-to-insecure"};

	for (size_t i = 0; i < sizeof(allow) / sizeof(allow[0]); i++) {
		if (strlen(allow[i]) == name_len && strncasecmp(name, allow[i], name_len) == 0)
			return is_yes(value, len);
	}
	return name_len == 17 && strncasecmp(name, "check-valid-until", 17) == 0 &&
	       !is_yes(value, len);
}

static int copy_value(
	char *to, size_t size, const char *value, size_t len, const char *path, struct err *e)
{
	if (len >= size)
		len = strncmp(value, "-----BEGIN", 10) == 0 ? 10 : size;
	if (len >= size)
		return err_set(e, ERR_FORMAT, "%s: a value is longer than %zu bytes", path, size);
	memcpy(to, value, len);
	to[len] = 0;
	return 0;
}

/* "deb [name=value name=value] URI suite component..." */
static int read_list_line(
	struct policy_ctx *c, const char *path, char *line, source_fn *fn, void *ctx, struct err *e)
{
	struct source s = {.path = path};
	char *p = line + strcspn(line, " \t");

	if (strncmp(line, "deb", 3) != 0)
		return 0;
	p += strspn(p, " \t");
	if (*p == '[') {
		char *end = strchr(p, ']');

		if (!end)
			return err_set(e, ERR_FORMAT, "%s: '[' without ']'", path);
		*end = 0;
		for (char *o = p + 1; *(o += strspn(o, " \t"));) {
			size_t len = strcspn(o, " \t");
			size_t name = strcspn(o, "=");

			name = name < len ? name : len;
			size_t value = name < len ? len - name - 1 : 0;
			s.insecure |= is_insecure(o, name, o + name + 1, value);
			if (name == 9 && strncasecmp(o, "signed-by", 9) == 0 &&
				copy_value(s.signed_by, sizeof(s.signed_by), o + name + 1, value,
					path, e) < 0)
				return -1;
			o += len;
		}
		p = end + 1 + strspn(end + 1, " \t");
	}
	if (copy_value(s.uris, sizeof(s.uris), p, strcspn(p, " \t"), path, e) < 0)
		return -1;
	return fn(c, &s, ctx, e);
}

static int read_list(
	struct policy_ctx *c, const char *path, source_fn *fn, void *ctx, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		if (read_list_line(c, path, line, fn, ctx, e) < 0)
			return -1;
	}
	return 0;
}

static int read_sources(
	struct policy_ctx *c, const char *path, source_fn *fn, void *ctx, struct err *e)
{
	static const char *const options[] = {"Trusted", "Allow-Insecure", "Allow-Weak",
		"Allow-Downgrade-To-Insecure", "Check-Valid-Until"};
	cleanup_buf struct buf text = {0};
	struct deb822_paragraph p;
	int rc;

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	struct deb822_reader r = {.text = buf_str(&text), .len = text.len, .name = path};
	while ((rc = deb822_next(&r, &p, e)) > 0) {
		struct source s = {.path = path};
		const char *value;
		size_t len;

		if (deb822_find(&p, "Enabled", &value, &len) && !is_yes(value, len))
			continue;
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
			if (deb822_find(&p, options[i], &value, &len))
				s.insecure |=
					is_insecure(options[i], strlen(options[i]), value, len);
		}
		if ((deb822_find(&p, "URIs", &value, &len) &&
			    copy_value(s.uris, sizeof(s.uris), value, len, path, e) < 0) ||
			(deb822_find(&p, "Signed-By", &value, &len) &&
				copy_value(s.signed_by, sizeof(s.signed_by), value, len, path, e) <
					0) ||
			fn(c, &s, ctx, e) < 0)
			return -1;
	}
	return rc;
}

static int read_apk(struct policy_ctx *c, source_fn *fn, void *ctx, struct err *e)
{
	static const char path[] = "/etc/apk/repositories";
	cleanup_buf struct buf text = {0};

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		struct source s = {.path = path, .apk = true};

		/* "@tag URI" */
		if (*line == '@') {
			line += strcspn(line, " \t");
			line += strspn(line, " \t");
		}
		if (copy_value(s.uris, sizeof(s.uris), line, strlen(line), path, e) < 0 ||
			fn(c, &s, ctx, e) < 0)
			return -1;
	}
	return 0;
}

static int each_source(struct policy_ctx *c, source_fn *fn, void *ctx, struct err *e)
{
	struct tree_node *dir;

	if (c->f->packager == FACTS_NONE)
		return policy_skip(c, "the guest has neither apt nor apk");
	if (c->f->packager == FACTS_APK)
		return read_apk(c, fn, ctx, e);
	if (read_list(c, "/etc/apt/sources.list", fn, ctx, e) < 0 ||
		policy_lookup(c, "/etc/apt/sources.list.d", &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		char path[TREE_PATH_TEXT];
		int rc = 0;

		tree_node_path(n, path);
		if (fnmatch("*.list", n->name, 0) == 0)
			rc = read_list(c, path, fn, ctx, e);
		else if (fnmatch("*.sources", n->name, 0) == 0)
			rc = read_sources(c, path, fn, ctx, e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* True in *is when apt has keyrings for sources that name none. */
static int has_keyring(struct policy_ctx *c, bool *is, struct err *e)
{
	struct tree_node *dir;

	if (policy_exists(c, "/etc/apt/trusted.gpg", is, e) < 0 ||
		policy_lookup(c, "/etc/apt/trusted.gpg.d", &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next)
		*is |= fnmatch("*.gpg", n->name, 0) == 0 || fnmatch("*.asc", n->name, 0) == 0;
	return 0;
}

static int report_unsigned(struct policy_ctx *c, const struct source *s, void *ctx, struct err *e)
{
	const bool *keyring = ctx;

	if (s->insecure &&
		policy_found(c, e, "%s: %s: a check is switched off", s->path, s->uris) < 0)
		return -1;
	if (!s->apk && !s->signed_by[0] && !*keyring)
		return policy_found(c, e, "%s: %s: no Signed-By", s->path, s->uris);
	return 0;
}

static int check_signed(struct policy_ctx *c, struct err *e)
{
	bool keyring = false;

	if (has_keyring(c, &keyring, e) < 0)
		return -1;
	return each_source(c, report_unsigned, &keyring, e);
}

static int report_keyring(struct policy_ctx *c, const struct source *s, void *ctx, struct err *e)
{
	(void)ctx;
	for (const char *p = s->signed_by; *(p += strspn(p, " ,\t\n"));) {
		size_t len = strcspn(p, " ,\t\n");
		cleanup_free char *path = mem_strndup(p, len, e);
		struct tree_node *n;

		p += len;
		if (!path)
			return -1;
		if (*path != '/')
			continue;
		if (policy_lookup(c, path, &n, e) < 0)
			return -1;
		if ((!n || n->inode->size == 0) &&
			policy_found(c, e, "%s: the keyring %s is not there", s->path, path) < 0)
			return -1;
	}
	return 0;
}

static int check_keyrings(struct policy_ctx *c, struct err *e)
{
	return each_source(c, report_keyring, NULL, e);
}

/* A server that everybody can reach by its name. */
static bool is_public(const char *uri, size_t len)
{
	const char *host = memmem(uri, len, "://", 3);

	if (!host)
		return false;
	size_t scheme = (size_t)(host - uri);
	host += 3;
	size_t host_len = strcspn(host, "/ \t\n");
	if (!(scheme == 4 && strncmp(uri, "http", 4) == 0) &&
		!(scheme == 5 && strncmp(uri, "https", 5) == 0) &&
		!(scheme == 6 && strncmp(uri, "mirror", 6) == 0) &&
		!(scheme > 7 && strncmp(uri, "mirror+http", 11) == 0))
		return false;
	bool letters = false;
	bool dot = false;
	for (size_t i = 0; i < host_len; i++) {
		letters |= (host[i] | 32) >= 'a' && (host[i] | 32) <= 'z';
		dot |= host[i] == '.';
		if (host[i] == '@' || host[i] == '[')
			return false;
	}
	return letters && dot;
}

static int report_private(struct policy_ctx *c, const struct source *s, void *ctx, struct err *e)
{
	(void)ctx;
	for (const char *p = s->uris; *(p += strspn(p, " \t\n"));) {
		size_t len = strcspn(p, " \t\n");

		if (!is_public(p, len) && policy_found(c, e, "%s: %.*s", s->path, (int)len, p) < 0)
			return -1;
		p += len;
	}
	return 0;
}

static int check_public(struct policy_ctx *c, struct err *e)
{
	return each_source(c, report_private, NULL, e);
}

static int count_source(struct policy_ctx *c, const struct source *s, void *ctx, struct err *e)
{
	size_t *n = ctx;

	(void)c;
	(void)s;
	(void)e;
	++*n;
	return 0;
}

static int check_any(struct policy_ctx *c, struct err *e)
{
	size_t n = 0;

	if (each_source(c, count_source, &n, e) < 0)
		return -1;
	return n > 0 || c->skipped ? 0 : policy_found(c, e, "no source of packages is named");
}

/* The value on a line of apt.conf: what stands in quotes last, or behind the last blank. */
static bool value_is_yes(const char *line)
{
	const char *start = strchr(line, '"');
	const char *space = strrchr(line, ' ');

	start = start ? start + 1 : space ? space + 1 : line;
	return is_yes(start, strcspn(start, "\"; \t"));
}

static int check_apt_file(struct policy_ctx *c, const char *path, struct err *e)
{
	static const char *const allow[] = {"AllowUnauthenticated", "AllowInsecureRepositories",
		"AllowWeakRepositories", "AllowDowngradeToInsecureRepositories", "force-yes"};
	static const char *const verify[] = {"Verify-Peer", "Verify-Host", "Check-Valid-Until"};
	cleanup_buf struct buf text = {0};

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		bool yes = value_is_yes(line);
		bool bad = false;

		if (strncmp(line, "//", 2) == 0)
			continue;
		for (size_t i = 0; i < sizeof(allow) / sizeof(allow[0]); i++)
			bad |= yes && strcasestr(line, allow[i]);
		for (size_t i = 0; i < sizeof(verify) / sizeof(verify[0]); i++)
			bad |= !yes && strcasestr(line, verify[i]);
		if (bad && policy_found(c, e, "%s: %s", path, line) < 0)
			return -1;
	}
	return 0;
}

static int check_apt_options(struct policy_ctx *c, struct err *e)
{
	struct tree_node *dir;

	if (c->f->packager != FACTS_DEB)
		return policy_skip(c, "the guest has no apt");
	if (check_apt_file(c, "/etc/apt/apt.conf", e) < 0 ||
		policy_lookup(c, "/etc/apt/apt.conf.d", &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		char path[TREE_PATH_TEXT];

		if (S_ISREG(n->inode->mode) && check_apt_file(c, tree_node_path(n, path), e) < 0)
			return -1;
	}
	return 0;
}

static const struct policy_check checks[] = {
	{{"SRC-01", POLICY_ERROR, "sources of packages are signed, and no option waives it",
		 "name the keyring with Signed-By; take trusted=yes and allow-insecure=yes out"},
		check_signed},
	{{"SRC-02", POLICY_ERROR, "the keyrings that sources name are there",
		 "install the distribution's archive keyring"},
		check_keyrings},
	{{"SRC-03", POLICY_ERROR, "sources are public servers, without passwords",
		 "name the distribution's servers, not the build's mirror"},
		check_public},
	{{"SRC-04", POLICY_ERROR, "there is a source of updates",
		 "write /etc/apt/sources.list.d or /etc/apk/repositories"},
		check_any},
	{{"SRC-05", POLICY_ERROR, "apt checks signatures, certificates and dates",
		 "take the line out of apt.conf.d"},
		check_apt_options},
};

POLICY_THEME(sources, checks, false);
