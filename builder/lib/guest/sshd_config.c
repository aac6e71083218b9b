#include "guest/sshd_config.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/strv.h"
#include "guest/guest.h"
#include "guest/sshd_words.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* sshd itself limits the depth only; the others keep a hostile guest from taking all day. */
enum { DEPTH_MAX = 16, FILES_MAX = 1000, SETTINGS_MAX = 10000 };

/* The values that a keyword of one argument can have; NULL: any. */
#define YES_NO "yes no"
#define FORWARDING "yes all no remote local"
#define ROOT_LOGIN "yes no prohibit-password without-password forced-commands-only"

/* Keywords that somebody asks for, and sshd's defaults. */
static const struct known {
	const char *keyword;
	const char *value; /* "": none */
	const char *values;
} known[] = {
	{"allowgroups", "", NULL},
	{"allowstreamlocalforwarding", "yes", FORWARDING},
	{"allowtcpforwarding", "yes", FORWARDING},
	{"allowusers", "", NULL},
	{"authenticationmethods", "any", NULL},
	{"authorizedkeyscommand", "none", NULL},
	{"authorizedkeysfile", ".ssh/authorized_keys .ssh/authorized_keys2", NULL},
	{"chrootdirectory", "none", NULL},
	{"denygroups", "", NULL},
	{"denyusers", "", NULL},
	{"disableforwarding", "no", YES_NO},
	{"forcecommand", "none", NULL},
	{"gatewayports", "no", "yes no clientspecified"},
	{"gssapiauthentication", "no", YES_NO},
	{"hostbasedauthentication", "no", YES_NO},
	{"kbdinteractiveauthentication", "yes", YES_NO},
	{"kerberosauthentication", "no", YES_NO},
	{"passwordauthentication", "yes", YES_NO},
	{"permitemptypasswords", "no", YES_NO},
	{"permitopen", "any", NULL},
	{"permitrootlogin", "prohibit-password", ROOT_LOGIN},
	{"permituserenvironment", "no", NULL},
	{"port", "22", NULL},
	{"pubkeyauthentication", "yes", YES_NO},
	{"strictmodes", "yes", YES_NO},
	{"trustedusercakeys", "none", NULL},
	{"usepam", "no", YES_NO},
	{"x11forwarding", "no", YES_NO},
};

#define N_KNOWN (sizeof(known) / sizeof(known[0]))

/* Older names that sshd still takes, and values that mean the same. */
static const char *const aliases[][2] = {
	{"challengeresponseauthentication", "kbdinteractiveauthentication"},
	{"skeyauthentication", "kbdinteractiveauthentication"},
	{"dsaauthentication", "pubkeyauthentication"},
	{"authorizedkeysfile2", "authorizedkeysfile"},
};

struct sshd_config {
	struct sshd_setting *items;
	size_t n;
	size_t cap;
	unsigned n_blocks;
	unsigned n_files;
	struct sshd_setting defaults[N_KNOWN];
	struct tree *root;
};

/* Where the reader is: which Match block, and whether it is `Match all`. */
struct state {
	unsigned block;
	bool always;
};

static int read_config(
	struct sshd_config *c, const char *path, struct state state, unsigned depth, struct err *e);

void sshd_config_free(struct sshd_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		free(c->items[i].keyword);
		free(c->items[i].value);
		free(c->items[i].file);
	}
	for (size_t i = 0; i < N_KNOWN; i++) {
		free(c->defaults[i].keyword);
		free(c->defaults[i].value);
	}
	free(c->items);
	free(c);
}

static char *fold_keyword(const char *keyword, struct err *e)
{
	char *name = mem_strdup(keyword, e);

	for (char *p = name; p && *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 'a' - 'A');
	}
	for (size_t i = 0; name && i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (strcmp(name, aliases[i][0]) == 0) {
			free(name);
			return mem_strdup(aliases[i][1], e);
		}
	}
	return name;
}

static const struct known *find_known(const char *keyword)
{
	for (size_t i = 0; i < N_KNOWN; i++) {
		if (strcmp(known[i].keyword, keyword) == 0)
			return &known[i];
	}
	return NULL;
}

/* One name for values that mean the same. */
static const char *same_value(const char *keyword, const char *value)
{
	if (strcmp(keyword, "permitrootlogin") == 0 && strcmp(value, "without-password") == 0)
		return "prohibit-password";
	if (strstr(keyword, "forwarding") && strcmp(value, "all") == 0)
		return "yes";
	return value;
}

/* Put a value of a list of names into *value as the list has it; false when it is none of them. */
static bool match_value(const char *values, const char *word, char value[32])
{
	for (const char *p = values; *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (strlen(word) == len && strncasecmp(word, p, len) == 0) {
			memcpy(value, p, len);
			value[len] = 0;
			return true;
		}
		p += len;
	}
	return false;
}

static char *join_words(const char *keyword, const struct strv *words, struct err *e)
{
	const struct known *k = find_known(keyword);
	cleanup_buf struct buf out = {0};
	char value[32];

	if (k && k->values) {
		if (words->n != 1 || !match_value(k->values, words->items[0], value)) {
			err_set(e, ERR_FORMAT, "%s takes one of: %s", keyword, k->values);
			return NULL;
		}
		return mem_strdup(same_value(keyword, value), e);
	}
	for (size_t i = 0; i < words->n; i++) {
		if ((i > 0 && buf_putc(&out, ' ', e) < 0) || buf_puts(&out, words->items[i], e) < 0)
			return NULL;
	}
	return buf_steal(&out, e);
}

static int add_setting(struct sshd_config *c, const char *keyword, const struct strv *words,
	struct state state, const char *file, unsigned line, struct err *e)
{
	if (c->n >= SETTINGS_MAX)
		return err_set(e, ERR_FORMAT, "more than %d settings", SETTINGS_MAX);
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct sshd_setting *items = mem_resize(c->items, cap, sizeof(*items), e);

		if (!items)
			return -1;
		c->items = items;
		c->cap = cap;
	}
	struct sshd_setting *s = &c->items[c->n++];
	*s = (struct sshd_setting){
		.line = line, .block = state.block, .always = state.always || !state.block};
	s->file = mem_strdup(file, e);
	s->keyword = fold_keyword(keyword, e);
	s->value = s->file && s->keyword ? join_words(s->keyword, words, e) : NULL;
	return s->value ? 0 : -1;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Replace the directories in *dirs by what matches name inside them. */
static int glob_step(struct tree *root, struct strv *dirs, const char *name, struct err *e)
{
	struct strv next = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < dirs->n; i++) {
		struct tree_node *dir = NULL;

		rc = guest_lookup(root, dirs->items[i], &dir, e);
		if (rc < 0 || !dir || !S_ISDIR(dir->inode->mode))
			continue;
		for (struct tree_node *n = dir->child; rc == 0 && n; n = n->next) {
			if (fnmatch(name, n->name, FNM_PERIOD) == 0)
				rc = strv_addf(&next, e, "%s/%s", dirs->items[i], n->name);
		}
	}
	strv_release(dirs);
	*dirs = next;
	return rc;
}

static int glob_paths(struct tree *root, const char *pattern, struct strv *paths, struct err *e)
{
	cleanup_free char *copy = mem_strdup(pattern, e);
	char *save = NULL;

	if (!copy || strv_add(paths, "", e) < 0)
		return -1;
	for (char *p = strtok_r(copy, "/", &save); p; p = strtok_r(NULL, "/", &save)) {
		if (glob_step(root, paths, p, e) < 0)
			return -1;
	}
	if (paths->n > 0)
		qsort(paths->items, paths->n, sizeof(char *), compare_paths);
	return 0;
}

static int include(struct sshd_config *c, const struct strv *patterns, struct state state,
	unsigned depth, struct err *e)
{
	for (size_t i = 0; i < patterns->n; i++) {
		cleanup_strv struct strv paths = {0};
		cleanup_free char *pattern =
			patterns->items[i][0] == '/'
				? mem_strdup(patterns->items[i], e)
				: mem_printf(e, "/etc/ssh/%s", patterns->items[i]);

		if (!pattern || glob_paths(c->root, pattern, &paths, e) < 0)
			return -1;
		for (size_t k = 0; k < paths.n; k++) {
			if (read_config(c, paths.items[k], state, depth + 1, e) < 0)
				return -1;
		}
	}
	return 0;
}

/* A file: its name, and the block that includes it. */
struct source {
	const char *path;
	struct state outer;
	unsigned depth;
};

static int read_line(struct sshd_config *c, const struct source *from, char *line, unsigned number,
	struct state *state, struct err *e)
{
	cleanup_strv struct strv words = {0};
	char *keyword = sshd_words_keyword(&line);

	if (!keyword)
		return 0;
	if (!*line)
		return err_set(e, ERR_FORMAT, "%s has no argument", keyword);
	if (sshd_words_split(line, &words, e) < 0)
		return -1;
	if (words.n == 0)
		return err_set(e, ERR_FORMAT, "%s has no argument", keyword);
	if (strcasecmp(keyword, "include") == 0)
		return include(c, &words, *state, from->depth, e);
	if (strcasecmp(keyword, "match") == 0) {
		/* A file included by a conditional block stays conditional. */
		state->always = (from->outer.always || !from->outer.block) && words.n == 1 &&
				strcasecmp(words.items[0], "all") == 0;
		state->block = ++c->n_blocks;
		return 0;
	}
	return add_setting(c, keyword, &words, *state, from->path, number, e);
}

static int read_config(
	struct sshd_config *c, const char *path, struct state state, unsigned depth, struct err *e)
{
	const struct source from = {path, state, depth};
	cleanup_buf struct buf text = {0};
	unsigned number = 0;
	bool found;

	if (depth > DEPTH_MAX)
		return err_set(e, ERR_FORMAT, "%s: files that include each other", path);
	if (++c->n_files > FILES_MAX)
		return err_set(e, ERR_FORMAT, "%s: more than %d files", path, FILES_MAX);
	if (guest_read_file(c->root, path, FILE_MAX, &text, &found, e) < 0)
		return -1;
	if (!found)
		return err_set(e, ERR_FORMAT, "%s: there is no such file", path);
	for (char *line = text.data, *end; line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end)
			*end = 0;
		number++;
		if (read_line(c, &from, line, number, &state, e) < 0)
			return err_prefix(e, "%s:%u", path, number);
	}
	return 0;
}

static int set_defaults(struct sshd_config *c, struct err *e)
{
	for (size_t i = 0; i < N_KNOWN; i++) {
		struct sshd_setting *s = &c->defaults[i];

		s->keyword = mem_strdup(known[i].keyword, e);
		s->value = mem_strdup(known[i].value, e);
		s->always = true;
		if (!s->keyword || !s->value)
			return -1;
	}
	return 0;
}

int sshd_config_load(struct sshd_config **out, struct tree *root, const char *path, struct err *e)
{
	cleanup_sshd_config struct sshd_config *c = mem_zalloc(sizeof(*c), e);

	*out = NULL;
	if (!c)
		return -1;
	c->root = root;
	if (set_defaults(c, e) < 0 || read_config(c, path, (struct state){0}, 0, e) < 0)
		return -1;
	*out = steal_ptr(&c);
	return 0;
}

const struct sshd_setting *sshd_config_at(const struct sshd_config *c, size_t i)
{
	return i < c->n ? &c->items[i] : NULL;
}

const char *sshd_config_choice(size_t i)
{
	for (size_t k = 0; k < N_KNOWN; k++) {
		if (known[k].values && i-- == 0)
			return known[k].keyword;
	}
	return NULL;
}

const struct sshd_setting *sshd_config_get(const struct sshd_config *c, const char *keyword)
{
	const struct sshd_setting *outside = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct sshd_setting *s = &c->items[i];

		if (!s->always || strcmp(s->keyword, keyword) != 0)
			continue;
		if (s->block > 0)
			return s;
		if (!outside)
			outside = s;
	}
	const struct known *k = outside ? NULL : find_known(keyword);
	return k ? &c->defaults[k - known] : outside;
}

/* True when a value of the same keyword counts before s: in its own block, or in a `Match all`. */
static bool is_hidden(const struct sshd_config *c, const struct sshd_setting *s)
{
	for (const struct sshd_setting *t = c->items; t < s; t++) {
		if (t->block > 0 && (t->block == s->block || t->always) &&
			strcmp(t->keyword, s->keyword) == 0)
			return true;
	}
	return false;
}

const struct sshd_setting *sshd_config_possible(
	const struct sshd_config *c, const char *keyword, size_t *at)
{
	size_t i = *at;

	if (i == 0) {
		*at = 1;
		return sshd_config_get(c, keyword);
	}
	for (; i <= c->n; i++) {
		const struct sshd_setting *s = &c->items[i - 1];

		if (s->block > 0 && !s->always && strcmp(s->keyword, keyword) == 0 &&
			!is_hidden(c, s)) {
			*at = i + 1;
			return s;
		}
	}
	*at = i;
	return NULL;
}

char *sshd_config_printed(const char *settings, const char *keyword, struct err *e)
{
	size_t len = strlen(keyword);

	for (const char *line = settings; *line; line += strspn(line, "\n")) {
		size_t end = strcspn(line, "\n");

		if (end > len && strncasecmp(line, keyword, len) == 0 && line[len] == ' ') {
			cleanup_free char *value = mem_strndup(line + len + 1, end - len - 1, e);

			return value ? mem_strdup(same_value(keyword, value), e) : NULL;
		}
		line += end;
	}
	return NULL;
}
