/* What inspect found, written. */
#ifndef KILN_GUEST_INSPECT_H
#define KILN_GUEST_INSPECT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "guest/facts.h"
#include "guest/guest.h"

/* Append text for people; texts from the guest are escaped. packages: list them all. */
int inspect_write_text(const char *image, const struct guest *g, const struct facts *f,
	bool packages, struct buf *out, struct err *e);

/* Append a JSON document. Texts from the guest are escaped as in text: a backslash is two. */
int inspect_write_json(const char *image, const struct guest *g, const struct facts *f,
	struct buf *out, struct err *e);

/* "gpt", "mbr" or "none"; "deb", "apk" or "none"; "systemd", "openrc" or "none". */
const char *inspect_table_name(enum parts_table table);
const char *inspect_packager_name(enum facts_packager packager);
const char *inspect_init_name(enum facts_init init);

#endif
