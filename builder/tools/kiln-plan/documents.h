/* What kiln-plan writes for the stages of one image: data for templates, the disk's layout, and
 * what the manifest says about the image. */
#ifndef KILN_PLAN_DOCUMENTS_H
#define KILN_PLAN_DOCUMENTS_H

#include "base/buf.h"
#include "base/err.h"
#include "image.h"

/* Versions of the host's programs and libraries: "name version" a line, sorted. */
struct versions {
	struct strv lines;
};

/* Read versions from the file at path; NULL gives none. */
int versions_load(struct versions *v, const char *path, struct err *e);
/* The version of name, or NULL. */
const char *versions_find(const struct versions *v, const char *name);
void versions_release(struct versions *v);

/* Append vars.yaml: what templates see. */
int document_vars(struct buf *out, const struct image *im, struct err *e);

/* Append layout.yaml, kiln-disk's input. Files of the repository are named with repo_prefix before
 * their path, since kiln-disk takes paths as relative to the layout. */
int document_layout(
	struct buf *out, const struct image *im, const char *repo_prefix, struct err *e);

/* Append image.json, for kiln-manifest. */
int document_image(struct buf *out, const struct image *im, const struct plan_paths *paths,
	const struct versions *versions, struct err *e);

/* Where the rendered file for an entry of the recipe lies, relative to the work folder:
 * "files/etc/fstab", "esp/EFI/debian/grub.cfg". The caller frees. */
char *document_rendered_path(const struct recipe_file *f, bool on_esp, struct err *e);

#endif
