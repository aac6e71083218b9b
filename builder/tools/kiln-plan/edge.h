/* One stage of one image as ninja sees it: inputs, a command with its key, outputs.
 *
 * Inputs are only files that earlier stages make; everything else a stage reads is in its key, so
 * that contents count and times do not. Syntax: the ninja manual, "Ninja file reference". */
#ifndef KILN_PLAN_EDGE_H
#define KILN_PLAN_EDGE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "image.h"
#include "key.h"

struct edge {
	const char *stage;
	const struct image *image;
	const char *pool; /* NULL: none */
	struct strv inputs;
	struct strv outputs;
	struct buf command; /* shell text */
	struct key *key;
};

int edge_open(struct edge *ed, const struct image *im, const char *stage, struct err *e);
void edge_release(struct edge *ed);
#define cleanup_edge __attribute__((cleanup(edge_release)))

/* Append a word to the command, quoted for the shell. */
int edge_word(struct edge *ed, const char *word, struct err *e);
int edge_wordf(struct edge *ed, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Several words; the list ends with NULL. */
int edge_words(struct edge *ed, struct err *e, ...) __attribute__((sentinel));
/* Append shell text as it is. */
int edge_shell(struct edge *ed, const char *text, struct err *e);
/* Append a program of ours and put it into the key. */
int edge_tool(struct edge *ed, const struct plan_paths *paths, const char *name, struct err *e);

/* Name a file of the image's work folder. */
int edge_input(struct edge *ed, const char *name, struct err *e);
int edge_output(struct edge *ed, const char *name, struct err *e);

/* Append what stands before all edges. failed is the file that gets a failed stage's exit code. */
int ninja_put_head(struct buf *out, const char *build_dir, struct err *e);
/* Append the edge; finishes its key. */
int ninja_put_edge(struct buf *out, struct edge *ed, struct err *e);
/* Append a name for several files. */
int ninja_put_phony(struct buf *out, const char *name, const struct strv *files, struct err *e);

#endif
