#include "image/utf16.h"

static char *put(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
		return out;
	}
	if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*out++ = (char)(0xe0 | c >> 12);
		} else {
			*out++ = (char)(0xf0 | c >> 18);
			*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (c & 0x3f));
	return out;
}

int utf16_to_utf8(const uint16_t *units, size_t n, char *out, size_t *len, struct err *e)
{
	char *p = out;

	for (size_t i = 0; i < n && units[i]; i++) {
		uint32_t c = units[i];

		if (c >= 0xd800 && c < 0xdc00 && i + 1 < n && units[i + 1] >= 0xdc00 &&
			units[i + 1] < 0xe000)
			c = 0x10000 + ((c - 0xd800) << 10) + (units[++i] - 0xdc00u);
		else if (c >= 0xd800 && c < 0xe000)
			return err_set(e, ERR_FORMAT, "a name that is not UTF-16");
		p = put(p, c);
	}
	*p = 0;
	if (len)
		*len = (size_t)(p - out);
	return 0;
}
