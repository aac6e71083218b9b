#include "image/utf16.h"

#include "unit.h"

static char out[64];
static size_t len;

static bool gives(const uint16_t *units, size_t n, const char *want)
{
	return utf16_to_utf8(units, n, out, &len, NULL) == 0 && len == strlen(want) &&
	       strcmp(out, want) == 0;
}

static bool fails(const uint16_t *units, size_t n)
{
	struct err e = {0};

	return utf16_to_utf8(units, n, out, NULL, &e) == -1 && e.kind == ERR_FORMAT;
}

int main(void)
{
	unit_about("one to four bytes");
	CHECK(gives((const uint16_t[]){'a', 0x7f, 0x80, 0x7ff}, 4, "a\x7f\xc2\x80\xdf\xbf"));
	CHECK(gives((const uint16_t[]){0x800, 0xd7ff, 0xe000, 0xffff}, 4,
		"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"));
	CHECK(gives((const uint16_t[]){0xd800, 0xdc00, 0xdbff, 0xdfff}, 4,
		"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
	unit_about("the end");
	CHECK(gives((const uint16_t[]){'a', 0, 'b'}, 3, "a"));
	CHECK(gives((const uint16_t[]){'a'}, 0, ""));
	unit_about("half a surrogate");
	CHECK(fails((const uint16_t[]){0xd800}, 1));
	CHECK(fails((const uint16_t[]){0xd800, 0}, 2));
	CHECK(fails((const uint16_t[]){0xd800, 'a'}, 2));
	CHECK(fails((const uint16_t[]){0xd800, 0xd800, 0xdc00}, 3));
	CHECK(fails((const uint16_t[]){0xdc00, 0xd800}, 2));
	return unit_done();
}
