#include "lock_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int lock_parts_new(struct lock **out, const struct recipe *r, const struct recipe_arch *arch,
	const struct strv *options, struct err *e)
{
	cleanup_lock struct lock *l = mem_zalloc(sizeof(*l), e);
	char hex[SHA256_HEX_SIZE];

	*out = NULL;
	if (!l || recipe_lock_inputs(r, arch, options, hex, e) < 0)
		return -1;
	l->variant = mem_strdup(r->variant, e);
	l->arch = mem_strdup(arch->name, e);
	l->family = mem_strdup(r->family, e);
	l->inputs_sha256 = mem_strdup(hex, e);
	if (!l->variant || !l->arch || !l->family || !l->inputs_sha256)
		return -1;
	*out = steal_ptr(&l);
	return 0;
}

static int compare_releases(const void *a, const void *b)
{
	const struct lock_release *x = a;
	const struct lock_release *y = b;
	int order = strcmp(x->archive, y->archive);

	return order ? order : strcmp(x->suite, y->suite);
}

static int compare_packages(const void *a, const void *b)
{
	const struct lock_package *x = a;
	const struct lock_package *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->arch, y->arch);
}

void lock_parts_sort(struct lock *l)
{
	if (l->n_releases > 0)
		qsort(l->releases, l->n_releases, sizeof(*l->releases), compare_releases);
	if (l->n_packages > 0)
		qsort(l->packages, l->n_packages, sizeof(*l->packages), compare_packages);
}
