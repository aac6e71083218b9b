/* Keys of stages: SHA-256 over everything that decides a stage's result.
 *
 * Contents count, times do not. Each part goes in with its label and length, so that no two lists
 * of parts give the same bytes. */
#ifndef KILN_PLAN_KEY_H
#define KILN_PLAN_KEY_H

#include "base/err.h"
#include "digest/sha256.h"

struct key;

int key_new(struct key **out, const char *stage, struct err *e);
void key_free(struct key *k);

static inline void key_cleanup(struct key **k)
{
	key_free(*k);
}
#define cleanup_key __attribute__((cleanup(key_cleanup)))

int key_text(struct key *k, const char *label, const char *text, struct err *e);
/* The contents of the file at path; label names it, without where the checkout is. */
int key_file(struct key *k, const char *label, const char *path, struct err *e);
/* Names and contents of all files below the folder at path. */
int key_tree(struct key *k, const char *label, const char *path, struct err *e);
/* The contents of a program, found on PATH unless its name has a slash. A program that is not
 * there is ERR_UNSUPPORTED with the remedy. */
int key_program(struct key *k, const char *name, struct err *e);

int key_finish(struct key *k, char hex[SHA256_HEX_SIZE], struct err *e);

#endif
