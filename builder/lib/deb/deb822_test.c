#include "deb/deb822.h"

#include "base/mem.h"
#include "unit.h"

static void test_reading(void)
{
	static const char text[] = "\n"
				   "Package: one\n"
				   "Description:  first \n"
				   " more\n"
				   "\tend  \n"
				   "Empty:\n"
				   "SHA256: x\n"
				   " \t\n"
				   "Package: two";
	struct deb822_reader r = {.text = text, .len = strlen(text), .name = "text"};
	struct deb822_paragraph p = {0};
	struct err e = {0};
	const char *value;
	size_t len;

	unit_about("reading");
	CHECK(deb822_next(&r, &p, &e) == 1);
	CHECK(p.line == 2);
	cleanup_free char *one = deb822_need(&p, "PACKAGE", &e);
	CHECK_STR(one, "one");
	CHECK(deb822_find(&p, "Description", &value, &len));
	CHECK(len == strlen("first \n more\n\tend") && memcmp(value, "first", 5) == 0);
	CHECK(deb822_find(&p, "Empty", &value, &len) && len == 0);
	CHECK(!deb822_find(&p, "SHA25", &value, &len));
	CHECK(!deb822_find(&p, "more", &value, &len));
	CHECK(deb822_need(&p, "Description", &e) == NULL && e.kind == ERR_FORMAT);
	CHECK_STR(e.msg, "text:2: field 'Description' must be text on one line");
	CHECK(deb822_need(&p, "Empty", &e) == NULL);
	CHECK(deb822_need(&p, "Absent", &e) == NULL);
	CHECK_STR(e.msg, "text:2: has no field 'Absent'");
	CHECK(deb822_next(&r, &p, &e) == 1);
	cleanup_free char *two = deb822_need(&p, "Package", &e);
	CHECK_STR(two, "two");
	CHECK(deb822_next(&r, &p, &e) == 0);
}

static void test_refusals(void)
{
	static const struct {
		const char *text, *says;
		size_t len;
	} cases[] = {
		{"A: 1\nb\n", "t:2: is no \"Name: value\" line", 0},
		{" A: 1\n", "t:1: is no \"Name: value\" line", 0},
		{": 1\n", "t:1: is no \"Name: value\" line", 0},
		{"#: 1\n", "t:1: is no \"Name: value\" line", 0},
		{"A b: 1\n", "t:1: is no \"Name: value\" line", 0},
		{"A: 1\na: 2\n", "t:2: field 'a' stands twice", 0},
		{"\nA: 1\n\0\n", "t:3: has a NUL byte", 8},
	};

	unit_about("refused");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct deb822_reader r = {.text = cases[i].text,
			.len = cases[i].len ? cases[i].len : strlen(cases[i].text),
			.name = "t"};
		struct deb822_paragraph p;
		struct err e = {0};

		CHECK(deb822_next(&r, &p, &e) == -1 && e.kind == ERR_FORMAT);
		CHECK_STR(e.msg, cases[i].says);
	}
}

int main(void)
{
	test_reading();
	test_refusals();
	return unit_done();
}
