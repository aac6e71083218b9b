/* The stages of an image, in order: packages, customize (with a base only), rootfs, render, disk,
 * qcow2, verify, pack (if asked for), check, lima, manifest. */
#ifndef KILN_PLAN_STAGES_H
#define KILN_PLAN_STAGES_H

#include "base/buf.h"
#include "base/err.h"
#include "documents.h"
#include "image.h"

/* What the stages of one image have in common. */
struct stages {
	const struct plan_paths *paths;
	const struct image *image;
	const struct versions *versions;
	struct buf vars;       /* vars.yaml */
	struct buf layout;     /* layout.yaml */
	struct buf layout_key; /* the same, independent of where the checkout is */
	struct buf image_json; /* image.json */
	struct buf *ninja;     /* edges are appended here */
};

/* Make the documents of the image. */
int stages_open(struct stages *s, struct err *e);
void stages_release(struct stages *s);

/* Write the documents into the image's work folder where they differ from what is there. */
int stages_write_documents(const struct stages *s, struct err *e);

/* Append all edges to s->ninja. The last file to be made goes to *last; the file that tells that
 * all packages are there to *packages. */
int stages_put_edges(
	const struct stages *s, struct strv *last, struct strv *packages, struct err *e);

/* The i-th stage's name; NULL past the end. */
const char *stages_name(size_t i);
/* The file by which ninja's log names stage i of the image. The caller frees. */
char *stages_log_file(const struct image *im, size_t i, struct err *e);

#endif
