#include "base/utf8.h"

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t utf8_char_len(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len < 2)
		return 0;

	/* The second byte's range excludes overlong forms, surrogates and what is too large. */
	unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
	if (p[1] < low || p[1] > high)
		return 0;
	if (p[0] < 0xe0)
		return 2;
	if (len < 3 || !is_tail(p[2]))
		return 0;
	if (p[0] < 0xf0)
		return 3;
	return len >= 4 && is_tail(p[3]) ? 4 : 0;
}

bool utf8_valid(const char *s, size_t len)
{
	while (len > 0) {
		size_t n = utf8_char_len(s, len);

		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}
