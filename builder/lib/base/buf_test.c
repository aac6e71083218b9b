#include "base/buf.h"

#include <stdlib.h>

#include "unit.h"

static void test_append(void)
{
	cleanup_buf struct buf b = {0};
	bool ok = true;

	unit_about("append");
	CHECK_STR(buf_str(&b), "");
	CHECK(buf_append(&b, NULL, 0, NULL) == 0 && b.len == 0);
	for (unsigned i = 0; i < 1000; i++)
		ok &= buf_printf(&b, NULL, "%u,", i) == 0;
	CHECK(ok && b.len == 10 * 2 + 90 * 3 + 900 * 4);
	CHECK(b.data[b.len] == 0 && strncmp(b.data, "0,1,2,", 6) == 0);
	CHECK(buf_reserve(&b, SIZE_MAX, NULL) == -1);
	CHECK(buf_reserve(&b, SIZE_MAX - b.len, NULL) == -1);
	CHECK(strncmp(b.data, "0,1,2,", 6) == 0);
}

static void test_steal(void)
{
	cleanup_buf struct buf b = {0};

	unit_about("steal");
	char *empty = buf_steal(&b, NULL);
	CHECK_STR(empty, "");
	free(empty);
	CHECK(buf_puts(&b, "kiln", NULL) == 0);
	char *text = buf_steal(&b, NULL);
	CHECK_STR(text, "kiln");
	CHECK(b.data == NULL && b.len == 0);
	free(text);
}

static void test_escape(void)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"plain ~ text", "plain ~ text"}, {"a\nb\tc\\d", "a\\nb\\tc\\\\d"},
		{"\033[31m\a\177", "\\x1b[31m\\x07\\x7f"},
		{"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x94\xa5",
			"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x94\xa5"},
		{"\xc2\x9b", "\\xc2\\x9b"},                   /* C1 control */
		{"\xc2\xa0", "\xc2\xa0"},                     /* the first after them */
		{"\xc0\xaf", "\\xc0\\xaf"},                   /* overlong */
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},          /* overlong */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},     /* U+10FFFF */
		{"\x80x\xff", "\\x80x\\xff"},                 /* stray */
		{"\xe2\x82", "\\xe2\\x82"},                   /* cut off */
		{"\xe2\x82z", "\\xe2\\x82z"},                 /* cut off */
	};

	unit_about("escape");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_buf struct buf b = {0};

		CHECK(buf_put_escaped(&b, cases[i].in, strlen(cases[i].in), NULL) == 0);
		CHECK_STR(buf_str(&b), cases[i].want);
	}
	cleanup_buf struct buf b = {0};
	CHECK(buf_put_escaped(&b, "a\0b", 3, NULL) == 0);
	CHECK_STR(buf_str(&b), "a\\x00b");
}

static void test_hex(void)
{
	cleanup_buf struct buf b = {0};

	unit_about("hex");
	CHECK(buf_put_hex(&b, "\x00\x7f\xff", 3, NULL) == 0);
	CHECK_STR(buf_str(&b), "007fff");
}

int main(void)
{
	test_append();
	test_steal();
	test_escape();
	test_hex();
	return unit_done();
}
