/* layout.yaml: what kiln-disk puts on a disk. The format is described in kiln-disk(1). */
#ifndef KILN_IMAGE_LAYOUT_H
#define KILN_IMAGE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

enum layout_kind {
	LAYOUT_FROM,      /* value: path in the root file system (ESP only) */
	LAYOUT_SOURCE,    /* value: path on the host */
	LAYOUT_CONTENT,   /* value: the contents */
	LAYOUT_SYMLINK,   /* value: the target (root only) */
	LAYOUT_DIRECTORY, /* no value (root only) */
};

struct layout_file {
	char *path; /* absolute, normalised */
	enum layout_kind kind;
	char *value;
	uint32_t mode; /* permission bits; root only */
	uint32_t uid;
	uint32_t gid;
};

struct layout {
	char *path; /* of the file itself, for messages */
	char *identity;
	char *arch;
	int64_t epoch_s;     /* 1 to 2^32 - 1 */
	uint64_t size_bytes; /* of the disk; a multiple of 1 MiB, like the ESP's */
	uint64_t esp_bytes;
	char *keep;                    /* host path of the identifiers to keep; NULL: none */
	struct strv esp_layers;        /* host paths */
	struct layout_file *esp_files; /* in the order of the file, like all lists */
	size_t n_esp_files;
	struct strv layers; /* host paths */
	struct layout_file *files;
	size_t n_files;
	struct strv delete_paths;
};

/* Read path. Host paths in it are made relative to its folder. Errors: ERR_FORMAT with
 * file:line:column for an unknown key, a wrong type or value, or a missing key; ERR_IO. */
int layout_load(struct layout **out, const char *path, struct err *e);

/* The same from memory, for the file that path would be. */
int layout_parse(
	struct layout **out, const char *data, size_t len, const char *path, struct err *e);

void layout_free(struct layout *l);

static inline void layout_cleanup(struct layout **l)
{
	layout_free(*l);
}
#define cleanup_layout __attribute__((cleanup(layout_cleanup)))

#endif
