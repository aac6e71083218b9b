#include "mirror.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "host_apt.h"

static bool has_prefix(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static void cut_slashes(char *text)
{
	size_t len = strlen(text);

	while (len > 1 && text[len - 1] == '/')
		text[--len] = 0;
}

/* A password in an address would end up in messages and process lists. */
static int check_url(const char *url, const char *archive, struct err *e)
{
	const char *host = strstr(url, "://") + 3;
	size_t authority = strcspn(host, "/");

	if (authority == 0)
		return err_set(e, ERR_USAGE, "mirror of %s: '%s' names no host", archive, url);
	if (memchr(host, '@', authority))
		return err_set(e, ERR_USAGE,
			"mirror of %s: give an address without user name and password", archive);
	for (const char *c = url; *c; c++) {
		if (*c <= ' ' || *c >= 0x7f || strchr("\"'<>\\^`{|}?#[]", *c))
			return err_set(
				e, ERR_USAGE, "mirror of %s: '%s' is no plain URL", archive, url);
	}
	return 0;
}

static int set_folder(struct mirror *m, const char *path, struct err *e)
{
	cleanup_free char *real = realpath(path, NULL);
	struct stat st;

	if (!real || stat(real, &st) < 0)
		return err_set_errno(e, ERR_IO, "mirror of %s: folder %s", m->archive, path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_USAGE, "mirror of %s: %s is not a folder", m->archive, path);
	m->base = steal_ptr(&real);
	m->is_folder = true;
	return 0;
}

/* The first address in a list of mirrors: apt-transport-mirror(1). The caller frees. */
static char *first_of_list(const char *archive, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};
	char *rest = NULL;

	while (strncmp(path, "//", 2) == 0)
		path++;
	if (io_read_file(path, 1 << 20, &text, e) < 0) {
		err_prefix(e, "mirror of %s", archive);
		return NULL;
	}
	char *line = text.data ? strtok_r(text.data, "\n", &rest) : NULL;
	for (; line; line = strtok_r(NULL, "\n", &rest)) {
		size_t len = strcspn(line, " \t\r#");

		if (len > 0)
			return mem_strndup(line, len, e);
	}
	err_set(e, ERR_USAGE, "mirror of %s: %s names no address", archive, path);
	return NULL;
}

/* value is a URL or a folder, as a person or apt gives it. */
static int set_base(struct mirror *m, const char *value, struct err *e)
{
	if (has_prefix(value, "file:") || has_prefix(value, "copy:")) {
		value += 5;
		if (strncmp(value, "//", 2) == 0)
			value += 2;
		return set_folder(m, value, e);
	}
	cleanup_free char *listed = NULL;
	if (has_prefix(value, "mirror+file:")) {
		listed = first_of_list(m->archive, value + strlen("mirror+file:"), e);
		if (!listed)
			return -1;
		value = listed;
	}
	if (!strstr(value, "://"))
		return set_folder(m, value, e);
	if (!has_prefix(value, "http://") && !has_prefix(value, "https://"))
		return err_set(e, ERR_USAGE,
			"mirror of %s: '%s' is neither http, https nor a "
			"folder",
			m->archive, value);
	if (check_url(value, m->archive, e) < 0)
		return -1;
	m->base = mem_strdup(value, e);
	if (!m->base)
		return -1;
	cut_slashes(m->base);
	return 0;
}

/* LIMEKILN_MIRROR_DEBIAN_SECURITY for debian-security */
static const char *from_environment(const char *archive, char name[128])
{
	int n = snprintf(name, 128, "LIMEKILN_MIRROR_%s", archive);

	for (int i = 0; i < n && i < 127; i++)
		name[i] = isalnum((unsigned char)name[i]) ? (char)toupper((unsigned char)name[i])
							  : '_';
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static const char *from_options(const struct strv *given, const char *archive)
{
	const char *value = NULL;
	size_t len = strlen(archive);

	for (size_t i = 0; i < given->n; i++) {
		if (strncmp(given->items[i], archive, len) == 0 && given->items[i][len] == '=')
			value = given->items[i] + len + 1;
	}
	return value;
}

static bool is_archive(
	const struct recipe_archive *archives, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (strncmp(archives[i].name, name, len) == 0 && !archives[i].name[len])
			return true;
	}
	return false;
}

/* Each must be NAME=PLACE, the name an archive's: a misspelt one would silently be of no use. */
static int check_given(
	const struct strv *given, const struct recipe_archive *archives, size_t n, struct err *e)
{
	for (size_t i = 0; i < given->n; i++) {
		const char *item = given->items[i];
		size_t len = strcspn(item, "=");

		if (len == 0 || !item[len] || !item[len + 1])
			return err_set(e, ERR_USAGE,
				"--mirror '%s' is not ARCHIVE=URL or ARCHIVE=FOLDER", item);
		if (!is_archive(archives, n, item, len))
			return err_set(e, ERR_USAGE,
				"--mirror '%s': no archive has that name; the first is '%s'", item,
				n > 0 ? archives[0].name : "");
	}
	return 0;
}

/* The archive's own ways to name a mirror; leaves m->base NULL when neither is used. */
static int find_named(struct mirror *m, const struct strv *given, struct err *e)
{
	char variable[128];
	const char *value = from_options(given, m->archive);

	if (value)
		return set_base(m, value, e);
	value = from_environment(m->archive, variable);
	if (value && set_base(m, value, e) < 0)
		return err_prefix(e, "%s", variable);
	return 0;
}

static int find_in_host(struct mirror *m, const struct recipe_archive *archive, const char *arch,
	struct host_apt *host, struct err *e)
{
	const char *own = recipe_archive_url(archive, arch);
	char variable[128];

	if (archive->suites.n > 0 && host_apt_load(host, e) < 0)
		return -1;
	cleanup_free char *base = host_apt_find(host, archive, e);
	if (base || own)
		return set_base(m, base ? base : own, e);
	from_environment(archive->name, variable);
	return err_set(e, ERR_USAGE,
		"no mirror for archive '%s' in this host's apt configuration; name one with "
		"--mirror %s=URL or %s=URL (a folder will do too)",
		archive->name, archive->name, variable);
}

int mirrors_find(struct mirrors *out, const struct recipe_archive *archives, size_t n,
	const char *arch, const struct strv *given, struct err *e)
{
	MEM_CLEANUP(host_apt) struct host_apt *host = host_apt_new(e);

	if (!host || check_given(given, archives, n, e) < 0)
		return -1;
	out->items = mem_array(n + 1, sizeof(*out->items), e);
	if (!out->items)
		return -1;
	bool any_server = false;
	for (size_t i = 0; i < n; i++) {
		struct mirror *m = &out->items[i];

		out->n = i + 1;
		m->archive = mem_strdup(archives[i].name, e);
		if (!m->archive || find_named(m, given, e) < 0)
			return -1;
		if (!m->base && find_in_host(m, &archives[i], arch, host, e) < 0)
			return -1;
		any_server = any_server || !m->is_folder;
	}
	return any_server ? host_apt_access(&out->access, e) : 0;
}

void mirrors_release(struct mirrors *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->items[i].archive);
		free(m->items[i].base);
	}
	free(m->items);
	free(m->access.http_proxy);
	free(m->access.https_proxy);
	free(m->access.ca_file);
	*m = (struct mirrors){0};
}

struct http_options mirrors_http(const struct mirrors *m, unsigned connections, unsigned timeout_s)
{
	const struct mirror_access *access = &m->access;

	return (struct http_options){.connections = connections,
		.timeout_s = timeout_s,
		.http_proxy = access->http_proxy,
		.https_proxy = access->https_proxy ? access->https_proxy : access->http_proxy,
		.ca_file = access->ca_file};
}

const struct mirror *mirrors_get(const struct mirrors *m, const char *archive)
{
	for (size_t i = 0; i < m->n; i++) {
		if (strcmp(m->items[i].archive, archive) == 0)
			return &m->items[i];
	}
	return NULL;
}

int mirror_put_encoded(struct buf *out, const char *text, struct err *e)
{
	for (const char *c = text; *c; c++) {
		bool plain = isalnum((unsigned char)*c) || strchr("-._~/+:@=,", *c);

		if (plain ? buf_putc(out, *c, e) < 0
			  : buf_printf(out, e, "%%%02x", (unsigned char)*c) < 0)
			return -1;
	}
	return 0;
}

char *mirror_address(const struct mirror *m, const char *path, struct err *e)
{
	cleanup_buf struct buf url = {0};

	if (m->is_folder)
		return mem_printf(e, "%s/%s", m->base, path);
	if (buf_printf(&url, e, "%s/", m->base) < 0 || mirror_put_encoded(&url, path, e) < 0)
		return NULL;
	return buf_steal(&url, e);
}
