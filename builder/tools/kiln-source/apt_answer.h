/* What apt's programs print, read. Nothing here runs a program. */
#ifndef KILN_SOURCE_APT_ANSWER_H
#define KILN_SOURCE_APT_ANSWER_H

#include <stdint.h>

#include "base/err.h"
#include "mirror.h"
#include "recipe/lock.h"

/* One file the solver chose. */
struct apt_choice {
	char *name;
	char *version;
	char *sha256;
	const char *archive; /* the mirror's, borrowed */
	uint64_t size_bytes;
};

struct apt_choices {
	struct apt_choice *items;
	size_t n;
};

/* Read `apt-get install --print-uris`: lines 'URI' name_version_arch.deb size SHA256:digest.
 * text is changed. ERR_FORMAT for other lines, and for what comes from none of the mirrors.
 * apt_choices_release() is due in both cases. */
int apt_parse_choices(
	struct apt_choices *out, char *text, const struct mirrors *mirrors, struct err *e);
void apt_choices_release(struct apt_choices *c);
#define cleanup_apt_choices __attribute__((cleanup(apt_choices_release)))

/* Fill l->packages from the chosen files' index records (`apt-cache show`), which are
 * found by their SHA-256; other records are passed over. ERR_FORMAT. */
int apt_lock_packages(struct lock *l, const struct apt_choices *choices, const char *records,
	size_t len, struct err *e);

#endif
