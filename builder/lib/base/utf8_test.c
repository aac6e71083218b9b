#include "base/utf8.h"
#include "unit.h"

static size_t char_len(const char *s)
{
	return utf8_char_len(s, strlen(s));
}

int main(void)
{
	unit_about("characters");
	CHECK(utf8_char_len("", 0) == 0 && utf8_char_len("", 1) == 1);
	CHECK(char_len("a") == 1 && char_len("\x7f") == 1);
	CHECK(char_len("\xc2\x80") == 2 && char_len("\xdf\xbf") == 2);
	CHECK(char_len("\xe0\xa0\x80") == 3 && char_len("\xef\xbf\xbf") == 3);
	CHECK(char_len("\xf0\x90\x80\x80") == 4 && char_len("\xf4\x8f\xbf\xbf") == 4);

	unit_about("overlong");
	CHECK(char_len("\xc0\x80") == 0 && char_len("\xc1\xbf") == 0);
	CHECK(char_len("\xe0\x9f\xbf") == 0 && char_len("\xf0\x8f\xbf\xbf") == 0);

	unit_about("out of range");
	CHECK(char_len("\xed\x9f\xbf") == 3 && char_len("\xed\xa0\x80") == 0);
	CHECK(char_len("\xed\xbf\xbf") == 0 && char_len("\xee\x80\x80") == 3);
	CHECK(char_len("\xf4\x90\x80\x80") == 0 && char_len("\xf5\x80\x80\x80") == 0);

	unit_about("cut or stray");
	CHECK(char_len("\x80") == 0 && char_len("\xbf") == 0 && char_len("\xff") == 0);
	CHECK(char_len("\xc3") == 0 && char_len("\xe2\x82") == 0 && char_len("\xf0\x9f\x8c") == 0);
	CHECK(char_len("\xc3z") == 0 && char_len("\xe2\x82z") == 0);
	CHECK(char_len("\xf0\x9f\x8cz") == 0);

	unit_about("strings");
	CHECK(utf8_valid("", 0) && utf8_valid("gr\xc3\xbc\xc3\x9f", 6));
	CHECK(!utf8_valid("gr\xc3\xbc\xc3\x9f", 5) && !utf8_valid("a\xff", 2));
	return unit_done();
}
