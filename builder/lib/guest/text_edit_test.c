#include "guest/text_edit.h"

#include "unit.h"

static void test_replace(void)
{
	static const struct {
		const char *text, *match, *replace;
		uint32_t count;
		const char *want; /* NULL: refused */
	} cases[] = {
		{"a b a", "a", "xx", 2, "xx b xx"},
		{"a b a", "a", "xx", 0, "xx b xx"},
		{"a b a", "a", "xx", 1, NULL},
		{"a b a", "a", "xx", 3, NULL},
		{"a b a", "b ", "", 1, "a a"},
		{"aaa", "aa", "b", 1, "ba"},
		{"a.b", "...", "x", 0, NULL},
		{"", "a", "b", 0, NULL},
		{"a", "a", "aa", 1, "aa"},
		{"x\ny\n", "x\ny", "z", 1, "z\n"},
	};

	unit_about("replace");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_buf struct buf text = {0};
		struct err e = {0};

		buf_puts(&text, cases[i].text, NULL);
		int rc = text_replace(&text, cases[i].match, cases[i].replace, cases[i].count, &e);
		CHECK(rc == (cases[i].want ? 0 : -1));
		CHECK(cases[i].want || e.kind == ERR_CHECK);
		CHECK_STR(buf_str(&text), cases[i].want ? cases[i].want : cases[i].text);
	}
}

static void test_append_line(void)
{
	static const struct {
		const char *text, *line, *want;
	} cases[] = {
		{"", "a", "a\n"},
		{"b\n", "a", "b\na\n"},
		{"b", "a", "b\na\n"},
		{"a\nb\n", "a", "a\nb\n"},
		{"b\na", "a", "b\na"},
		{"aa\n", "a", "aa\na\n"},
		{"a \n", "a", "a \na\n"},
	};

	unit_about("append a line");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_buf struct buf text = {0};
		bool changed;

		buf_puts(&text, cases[i].text, NULL);
		CHECK(text_append_line(&text, cases[i].line, &changed, NULL) == 0);
		CHECK_STR(buf_str(&text), cases[i].want);
		CHECK(changed == (strcmp(cases[i].text, cases[i].want) != 0));
	}
}

static void test_hosts(void)
{
	static const struct {
		const char *text, *name, *want;
	} cases[] = {
		{"127.0.0.1\tlocalhost\n127.0.1.1\told.example old\n::1 x\n", "new",
			"127.0.0.1\tlocalhost\n127.0.1.1\tnew\n::1 x\n"},
		{"127.0.1.1 old", "new.example.org", "127.0.1.1\tnew.example.org new\n"},
		{"127.0.1.10 old\n", "new", "127.0.1.10 old\n"},
		{"127.0.1.1", "new", "127.0.1.1"},
		{"", "new", ""},
	};

	unit_about("hosts");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_buf struct buf text = {0};
		bool changed;

		buf_puts(&text, cases[i].text, NULL);
		CHECK(text_set_host(&text, cases[i].name, &changed, NULL) == 0);
		CHECK_STR(buf_str(&text), cases[i].want);
		CHECK(changed == (strcmp(cases[i].text, cases[i].want) != 0));
	}
}

int main(void)
{
	test_replace();
	test_append_line();
	test_hosts();
	return unit_done();
}
