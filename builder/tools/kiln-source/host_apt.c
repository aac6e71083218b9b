#include "host_apt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/proc.h"

/* One suite of the configuration: "http://host/debian" serves "bookworm". */
struct served {
	char *base;
	char *suite;
};

struct host_apt {
	struct served *served;
	size_t n;
	char *codename; /* the host's Debian release, NULL when it is not a Debian */
	bool loaded;
};

struct host_apt *host_apt_new(struct err *e)
{
	return mem_zalloc(sizeof(struct host_apt), e);
}

void host_apt_free(struct host_apt *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++) {
		free(h->served[i].base);
		free(h->served[i].suite);
	}
	free(h->served);
	free(h->codename);
	free(h);
}

/* Run a program that prints lines and call take() for each. */
static int read_lines(const char *const argv[], int (*take)(void *arg, char *line, struct err *e),
	void *arg, struct err *e)
{
	cleanup_buf struct buf out = {0};
	struct proc_options opt = {.out = &out, .hide_stderr = true};
	struct err why = {0};
	char *rest = NULL;

	if (!proc_exists(argv[0]))
		return 0;
	if (proc_run((char *const *)(uintptr_t)argv, &opt, NULL, &why) < 0)
		return err_set(e, why.kind == ERR_CHECK ? ERR_USAGE : why.kind,
			"the host's apt configuration cannot be read (%s); correct it, or name "
			"mirrors with --mirror",
			why.msg);
	char *line = out.data ? strtok_r(out.data, "\n", &rest) : NULL;
	for (; line; line = strtok_r(NULL, "\n", &rest)) {
		if (take(arg, line, e) < 0)
			return -1;
	}
	return 0;
}

/* Ways to reach an archive that mirror.c understands too; a DVD, say, is none. */
static bool is_usable(const char *uri)
{
	static const char *const schemes[] = {"http:", "https:", "file:", "copy:", "mirror+file:"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncasecmp(uri, schemes[i], strlen(schemes[i])) == 0)
			return true;
	}
	return false;
}

/* 'http://host/debian/dists/bookworm/InRelease' name-on-disk 0 */
static int take_release(void *arg, char *line, struct err *e)
{
	static const char end[] = "/InRelease'";
	struct host_apt *h = arg;
	char *stop = strstr(line, end);
	char *dists = NULL;

	if (line[0] != '\'' || !stop || !is_usable(line + 1))
		return 0;
	*stop = 0;
	for (char *p = line; (p = strstr(p, "/dists/")); p++)
		dists = p;
	if (!dists)
		return 0;
	struct served *bigger = mem_resize(h->served, h->n + 1, sizeof(*bigger), e);
	if (!bigger)
		return -1;
	h->served = bigger;
	struct served *s = &h->served[h->n++];
	s->base = mem_strndup(line + 1, (size_t)(dists - line - 1), e);
	s->suite = mem_strdup(dists + strlen("/dists/"), e);
	return s->base && s->suite ? 0 : -1;
}

static void read_codename(struct host_apt *h)
{
	cleanup_buf struct buf text = {0};
	cleanup_free char *codename = NULL;
	bool is_debian = false;
	char *rest = NULL;

	if (io_read_file("/etc/os-release", 65536, &text, NULL) < 0 || !text.data)
		return;
	for (char *line = strtok_r(text.data, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest)) {
		is_debian = is_debian || strcmp(line, "ID=debian") == 0;
		if (!codename && strncmp(line, "VERSION_CODENAME=", 17) == 0)
			codename = mem_strdup(line + 17, NULL);
	}
	if (is_debian)
		h->codename = steal_ptr(&codename);
}

int host_apt_load(struct host_apt *h, struct err *e)
{
	static const char *const argv[] = {"apt-get", "update", "--print-uris", NULL};

	if (h->loaded)
		return 0;
	h->loaded = true;
	read_codename(h);
	return read_lines(argv, take_release, h, e);
}

static bool serves(const struct host_apt *h, const char *base, const char *suite)
{
	for (size_t i = 0; i < h->n; i++) {
		if (strcmp(h->served[i].base, base) == 0 && strcmp(h->served[i].suite, suite) == 0)
			return true;
	}
	return false;
}

/* How many of the archive's suites base serves; like_host: of the host's release instead. */
static unsigned count_served(const struct host_apt *h, const char *base,
	const struct recipe_archive *archive, bool like_host)
{
	unsigned n = 0;

	if (like_host && !h->codename)
		return 0;
	for (size_t i = 0; i < archive->suites.n; i++) {
		const char *suite = archive->suites.items[i];
		cleanup_free char *like = mem_printf(NULL, "%s%s", like_host ? h->codename : suite,
			like_host ? suite + strcspn(suite, "-") : "");

		n += like && serves(h, base, like);
	}
	return n;
}

char *host_apt_find(const struct host_apt *h, const struct recipe_archive *archive, struct err *e)
{
	const char *best = NULL;
	unsigned best_n = 0;

	for (size_t i = 0; i < h->n; i++) {
		const char *base = h->served[i].base;
		unsigned same = count_served(h, base, archive, false);
		unsigned like = archive->urls.n > 0 ? 0 : count_served(h, base, archive, true);
		unsigned n = same > like ? same : like;

		if (n > best_n) {
			best = base;
			best_n = n;
		}
	}
	return best ? mem_strdup(best, e) : NULL;
}

/* Take the value out of a line `key "value";`. */
static int take_setting(const char *line, const char *key, char **value, struct err *e)
{
	size_t len = strlen(key);

	if (strncasecmp(line, key, len) != 0 || strncmp(line + len, " \"", 2) != 0)
		return 0;
	const char *start = line + len + 2;
	const char *end = strrchr(start, '"');
	if (!end || end == start)
		return 0;
	free(*value);
	*value = mem_strndup(start, (size_t)(end - start), e);
	return *value ? 0 : -1;
}

static int take_access(void *arg, char *line, struct err *e)
{
	struct mirror_access *access = arg;

	if (take_setting(line, "Acquire::http::Proxy", &access->http_proxy, e) < 0 ||
		take_setting(line, "Acquire::https::Proxy", &access->https_proxy, e) < 0)
		return -1;
	return take_setting(line, "Acquire::https::CaInfo", &access->ca_file, e);
}

int host_apt_access(struct mirror_access *access, struct err *e)
{
	static const char *const argv[] = {"apt-config", "dump", NULL};

	return read_lines(argv, take_access, access, e);
}
