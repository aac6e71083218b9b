#include "candidate.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "grab.h"

#define MAX_LISTING ((size_t)8 << 20)
#define MAX_NAME 255

/* Equal but for their digits: "release-20260705" and "release-20261101", "3.23.9" and "3.23.10". */
static bool is_alike(const char *a, const char *b)
{
	for (;;) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			a += strspn(a, "0123456789");
			b += strspn(b, "0123456789");
			continue;
		}
		if (*a != *b)
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

const char *candidate_choose(const struct strv *names, const char *name)
{
	const char *best = name;

	for (size_t i = 0; i < names->n; i++) {
		if (is_alike(names->items[i], name) && strverscmp(names->items[i], best) > 0)
			best = names->items[i];
	}
	return best == name ? NULL : best;
}

int candidate_read_listing(struct strv *names, const char *html, struct err *e)
{
	for (const char *at = html; (at = strcasestr(at, "href="));) {
		at += strlen("href=");
		char quote = *at == '"' || *at == '\'' ? *at++ : 0;
		size_t len = strcspn(at, quote == '"' ? "\"" : quote ? "'" : " >");

		if (strncmp(at, "./", 2) == 0) {
			at += 2;
			len -= 2;
		}
		if (len > 0 && at[len - 1] == '/')
			len--;
		/* A folder's own entries only; odd characters would be encoded. */
		if (len == 0 || len > MAX_NAME || memchr(at, '/', len) || memchr(at, '%', len) ||
			memchr(at, '?', len))
			continue;
		cleanup_free char *name = mem_strndup(at, len, e);
		if (!name || strv_add(names, name, e) < 0)
			return -1;
	}
	return 0;
}

static int list_folder(struct strv *names, const char *path, struct err *e)
{
	DIR *dir = opendir(path);
	int rc = 0;

	for (struct dirent *d; dir && rc == 0 && (d = readdir(dir));)
		rc = strv_add(names, d->d_name, e);
	if (dir)
		closedir(dir);
	return rc;
}

/* The names in a folder of the mirror; none when they cannot be had. */
static void list_names(struct strv *names, const struct mirrors *mirrors, const struct mirror *m,
	const char *folder, unsigned timeout_s)
{
	cleanup_free char *address = mirror_address(m, folder, NULL);
	cleanup_buf struct buf html = {0};
	bool gone;

	if (address && m->is_folder)
		list_folder(names, address, NULL);
	else if (address &&
		 grab_file(&html, mirrors, m, folder, MAX_LISTING, timeout_s, &gone, NULL) == 0)
		candidate_read_listing(names, buf_str(&html), NULL);
}

char *candidate_find(
	const struct mirrors *mirrors, const struct mirror *m, const char *path, unsigned timeout_s)
{
	size_t end = strlen(path);

	while (end > 0) {
		size_t start = end;

		while (start > 0 && path[start - 1] != '/')
			start--;
		cleanup_strv struct strv names = {0};
		cleanup_free char *folder = mem_printf(NULL, "%.*s", (int)start, path);
		cleanup_free char *name =
			mem_printf(NULL, "%.*s", (int)(end - start), path + start);

		if (!folder || !name)
			return NULL;
		list_names(&names, mirrors, m, folder, timeout_s);
		const char *newest = candidate_choose(&names, name);
		if (newest)
			return mem_printf(NULL, "%s%s%s", folder, newest, path + end);
		end = start > 0 ? start - 1 : 0;
	}
	return NULL;
}
