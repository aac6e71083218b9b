#include "apk/providers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int compare(const void *a, const void *b)
{
	const struct apk_provider *x = a;
	const struct apk_provider *y = b;
	int order = strcmp(x->name, y->name);

	if (order != 0)
		return order;
	if (x->package != y->package)
		return x->package < y->package ? -1 : 1;
	/* A name that stands twice in one package's list. */
	return strcmp(x->version ? x->version : "", y->version ? y->version : "");
}

/* No list has more atoms than it has blanks and one. */
static size_t most_atoms(const char *text)
{
	size_t n = *text ? 1 : 0;

	for (; *text; text++)
		n += *text == ' ' || *text == '\t';
	return n;
}

/* Read one list of a package behind those that were read before. */
static int read_list(struct apk_providers *p, const char *list, struct apk_atoms *out,
	const struct apk_package *package, struct err *e)
{
	char *text;
	int found;

	*out = (struct apk_atoms){.at = &p->atoms[p->n_atoms]};
	if (!*list)
		return 0;
	text = mem_strdup(list, e);
	if (!text || strv_take(&p->texts, text, e) < 0)
		return -1;
	while ((found = apk_atom_next(&p->atoms[p->n_atoms], &text, e)) > 0) {
		p->n_atoms++;
		out->n++;
	}
	return found < 0 ? err_prefix(e, "package %s-%s", package->name, package->version) : 0;
}

static int read_all(struct apk_providers *p, struct err *e)
{
	const struct apk_index *index = p->index;
	size_t most = 1;

	for (size_t i = 0; i < index->n; i++)
		most += most_atoms(index->packages[i].depends) +
			most_atoms(index->packages[i].provides) +
			most_atoms(index->packages[i].install_if);
	p->atoms = mem_array(most, sizeof(*p->atoms), e);
	p->depends = mem_array(index->n + 1, sizeof(*p->depends), e);
	p->provides = mem_array(index->n + 1, sizeof(*p->provides), e);
	p->install_if = mem_array(index->n + 1, sizeof(*p->install_if), e);
	if (!p->atoms || !p->depends || !p->provides || !p->install_if)
		return -1;
	for (size_t i = 0; i < index->n; i++) {
		const struct apk_package *package = &index->packages[i];

		if (read_list(p, package->depends, &p->depends[i], package, e) < 0 ||
			read_list(p, package->provides, &p->provides[i], package, e) < 0 ||
			read_list(p, package->install_if, &p->install_if[i], package, e) < 0)
			return -1;
		p->n += 1 + p->provides[i].n;
	}
	return 0;
}

int apk_providers_init(struct apk_providers *p, const struct apk_index *index, struct err *e)
{
	struct apk_provider *next;

	*p = (struct apk_providers){.index = index};
	if (read_all(p, e) < 0)
		return -1;
	p->items = next = mem_array(p->n + 1, sizeof(*p->items), e);
	if (!next)
		return -1;
	for (size_t i = 0; i < index->n; i++) {
		*next++ = (struct apk_provider){
			index->packages[i].name, index->packages[i].version, i};
		for (size_t k = 0; k < p->provides[i].n; k++) {
			const struct apk_atom *a = &p->provides[i].at[k];

			*next++ = (struct apk_provider){a->name, a->version, i};
		}
	}
	if (p->n > 0)
		qsort(p->items, p->n, sizeof(*p->items), compare);
	return 0;
}

void apk_providers_release(struct apk_providers *p)
{
	free(p->items);
	free(p->atoms);
	free(p->depends);
	free(p->provides);
	free(p->install_if);
	strv_release(&p->texts);
	*p = (struct apk_providers){0};
}

const struct apk_provider *apk_providers_find(
	const struct apk_providers *p, const char *name, size_t *n)
{
	size_t low = 0;
	size_t high = p->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(p->items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (*n = 0; low + *n < p->n && strcmp(p->items[low + *n].name, name) == 0;)
		++*n;
	return &p->items[low];
}
