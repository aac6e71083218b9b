#include "lock_diff.h"

#include <inttypes.h>
#include <string.h>

static bool same_package(const struct lock_package *a, const struct lock_package *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->version, b->version) == 0 &&
	       strcmp(a->arch, b->arch) == 0 && strcmp(a->archive, b->archive) == 0 &&
	       strcmp(a->path, b->path) == 0 && strcmp(a->source, b->source) == 0 &&
	       strcmp(a->sha256, b->sha256) == 0 && a->size_bytes == b->size_bytes;
}

/* The same suites of the same archives. What is in a Release file does not matter; an APKINDEX goes
 * into the repository that is made of the lock. */
static bool same_suites(const struct lock *a, const struct lock *b)
{
	bool same_bytes = strcmp(a->family, "apk") == 0;

	if (a->n_releases != b->n_releases)
		return false;
	for (size_t i = 0; i < a->n_releases; i++) {
		if (strcmp(a->releases[i].archive, b->releases[i].archive) != 0 ||
			strcmp(a->releases[i].suite, b->releases[i].suite) != 0 ||
			strcmp(a->releases[i].path, b->releases[i].path) != 0 ||
			(same_bytes && strcmp(a->releases[i].sha256, b->releases[i].sha256) != 0))
			return false;
	}
	return true;
}

bool lock_same_inputs(const struct lock *a, const struct lock *b)
{
	if (!a->base != !b->base || (a->base && strcmp(a->base->sha256, b->base->sha256) != 0))
		return false;
	if (strcmp(a->inputs_sha256, b->inputs_sha256) != 0 || strcmp(a->arch, b->arch) != 0 ||
		strcmp(a->variant, b->variant) != 0 || strcmp(a->family, b->family) != 0 ||
		a->n_packages != b->n_packages || !same_suites(a, b))
		return false;
	for (size_t i = 0; i < a->n_packages; i++) {
		if (!same_package(&a->packages[i], &b->packages[i]))
			return false;
	}
	return true;
}

static int compare(const struct lock_package *a, const struct lock_package *b)
{
	int order = strcmp(a->name, b->name);

	return order ? order : strcmp(a->arch, b->arch);
}

static void print_change(const struct lock_package *old, const struct lock_package *new, FILE *f)
{
	if (same_package(old, new))
		return;
	if (strcmp(old->version, new->version) != 0)
		fprintf(f, "~ %s %s -> %s\n", new->name, old->version, new->version);
	else
		fprintf(f, "~ %s %s (other file)\n", new->name, new->version);
}

static void print_packages(const struct lock *before, const struct lock *after, FILE *f)
{
	size_t b = 0;
	size_t a = 0;

	while (b < before->n_packages || a < after->n_packages) {
		const struct lock_package *old = &before->packages[b];
		const struct lock_package *new = &after->packages[a];
		int order = b == before->n_packages  ? 1
			    : a == after->n_packages ? -1
						     : compare(old, new);

		if (order < 0)
			fprintf(f, "- %s %s\n", old->name, old->version);
		else if (order > 0)
			fprintf(f, "+ %s %s\n", new->name, new->version);
		else
			print_change(old, new, f);
		b += order <= 0;
		a += order >= 0;
	}
}

static void print_base(const struct lock_base *before, const struct lock_base *after, FILE *f)
{
	if (before && (!after || strcmp(before->sha256, after->sha256) != 0))
		fprintf(f, "- base image %s\n", before->path);
	if (after && (!before || strcmp(before->sha256, after->sha256) != 0))
		fprintf(f, "+ base image %s\n", after->path);
}

void lock_print_diff(const struct lock *before, const struct lock *after, FILE *f)
{
	uint64_t bytes = 0;

	print_base(before ? before->base : NULL, after->base, f);
	if (before)
		print_packages(before, after, f);
	for (size_t i = 0; i < after->n_packages; i++)
		bytes += after->packages[i].size_bytes;
	fprintf(f, "%s for %s: %zu packages, %" PRIu64 " bytes\n", after->variant, after->arch,
		after->n_packages, bytes);
}
