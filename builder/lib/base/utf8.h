/* UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing over U+10FFFF. */
#ifndef KILN_BASE_UTF8_H
#define KILN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character that starts s (1 to 4), 0 when len is 0 or the bytes are no character. */
size_t utf8_char_len(const char *s, size_t len);

/* True when all len bytes are characters. */
bool utf8_valid(const char *s, size_t len);

#endif
