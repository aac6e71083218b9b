#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "deb/deb822.h"
#include "guest/facts_parse.h"

static struct facts_package *add_package(struct facts *f, struct err *e)
{
	struct facts_package *packages =
		mem_resize(f->packages, f->n_packages + 1, sizeof(*packages), e);

	if (!packages)
		return NULL;
	f->packages = packages;
	packages[f->n_packages] = (struct facts_package){0};
	return &packages[f->n_packages++];
}

/* "" when the field is absent. */
static char *copy_value(const struct deb822_paragraph *p, const char *field, struct err *e)
{
	const char *value;
	size_t len;

	if (!deb822_find(p, field, &value, &len))
		return mem_strdup("", e);
	return mem_strndup(value, len, e);
}

/* "Source: name (version)": the name; the package itself when there is no such field. */
static char *copy_source(const struct deb822_paragraph *p, const char *package, struct err *e)
{
	char *source = copy_value(p, "Source", e);

	if (!source)
		return NULL;
	if (source[0]) {
		source[strcspn(source, " \t")] = 0;
		return source;
	}
	free(source);
	return mem_strdup(package, e);
}

static int add_deb(struct facts *f, const struct deb822_paragraph *p, struct err *e)
{
	struct facts_package *package = add_package(f, e);

	if (!package || !(package->name = deb822_need(p, "Package", e)) ||
		!(package->status = deb822_need(p, "Status", e)) ||
		!(package->version = copy_value(p, "Version", e)) ||
		!(package->arch = copy_value(p, "Architecture", e)) ||
		!(package->source = copy_source(p, package->name, e)))
		return -1;
	return 0;
}

int facts_parse_dpkg(struct facts *f, const char *text, size_t len, const char *name, struct err *e)
{
	struct deb822_reader r = {.text = text, .len = len, .name = name};
	struct deb822_paragraph p;
	int more;

	while ((more = deb822_next(&r, &p, e)) > 0) {
		if (add_deb(f, &p, e) < 0)
			return -1;
	}
	return more;
}

static char **apk_field(struct facts_package *package, char letter)
{
	switch (letter) {
	case 'P':
		return &package->name;
	case 'V':
		return &package->version;
	case 'A':
		return &package->arch;
	case 'o':
		return &package->source;
	default:
		return NULL;
	}
}

/* The paragraph has ended: what it did not say. */
static int finish_apk(struct facts_package *package, const struct facts_lines *l, struct err *e)
{
	if (!package->name || !package->version)
		return err_set(e, ERR_FORMAT, "%s:%u: a package without name or version", l->name,
			l->line);
	if (!package->arch && !(package->arch = mem_strdup("", e)))
		return -1;
	if (!package->source && !(package->source = mem_strdup(package->name, e)))
		return -1;
	package->status = mem_strdup("installed", e);
	return package->status ? 0 : -1;
}

static int set_apk_field(struct facts_package *package, const struct facts_lines *l,
	const char *line, size_t len, struct err *e)
{
	char **field;

	if (len < 2 || line[1] != ':')
		return err_set(e, ERR_FORMAT, "%s:%u: not a letter and a colon", l->name, l->line);
	field = apk_field(package, line[0]);
	if (!field)
		return 0;
	if (*field)
		return err_set(e, ERR_FORMAT, "%s:%u: field %c for a second time", l->name, l->line,
			line[0]);
	*field = mem_strndup(line + 2, len - 2, e);
	return *field ? 0 : -1;
}

int facts_parse_apk(struct facts *f, const char *text, size_t len, const char *name, struct err *e)
{
	struct facts_lines l = {.at = text, .end = text + len, .name = name};
	struct facts_package *package = NULL;
	const char *line;
	size_t n;
	int more;

	while ((more = facts_next_line(&l, &line, &n, e)) > 0) {
		if (n == 0) {
			if (package && finish_apk(package, &l, e) < 0)
				return -1;
			package = NULL;
			continue;
		}
		if (!package && !(package = add_package(f, e)))
			return -1;
		if (set_apk_field(package, &l, line, n, e) < 0)
			return -1;
	}
	return more < 0 ? -1 : package ? finish_apk(package, &l, e) : 0;
}
