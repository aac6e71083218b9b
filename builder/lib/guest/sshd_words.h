/* A line of sshd's configuration split as sshd does it (sshd_config(5), "arguments containing
 * spaces may be quoted"). */
#ifndef KILN_GUEST_SSHD_WORDS_H
#define KILN_GUEST_SSHD_WORDS_H

#include "base/err.h"
#include "base/strv.h"

/* Take the keyword from *line, which is changed, and go to its arguments. NULL for an empty line
 * or a comment. */
char *sshd_words_keyword(char **line);

/* Append the arguments in text: quotes taken off, up to a word that starts with '#'. Errors:
 * ERR_FORMAT for quotes that do not end. */
int sshd_words_split(const char *text, struct strv *words, struct err *e);

#endif
