/* Name-based UUIDs, version 5 (RFC 9562, section 5.5). */
#ifndef KILN_DIGEST_UUID5_H
#define KILN_DIGEST_UUID5_H

#include "base/err.h"

#define UUID_SIZE 16
#define UUID_TEXT_SIZE 37

/* The namespace of everything limekiln names; never changes. */
extern const unsigned char uuid5_limekiln[UUID_SIZE];

/* The UUID of name in the namespace, in network byte order. */
int uuid5_make(const unsigned char space[UUID_SIZE], const char *name,
	unsigned char uuid[UUID_SIZE], struct err *e);

/* Lower-case text with dashes. */
void uuid5_format(const unsigned char uuid[UUID_SIZE], char text[UUID_TEXT_SIZE]);

#endif
