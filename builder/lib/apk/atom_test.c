#include "apk/atom.h"

#include <stdlib.h>

#include "base/mem.h"
#include "unit.h"

/* True when the only atom of text fits version (NULL: something without one). */
static bool fits(const char *text, const char *version)
{
	cleanup_free char *copy = mem_strdup(text, NULL);
	char *rest = copy;
	struct apk_atom a;

	return apk_atom_next(&a, &rest, NULL) == 1 && apk_atom_fits(&a, version);
}

static void test_list(void)
{
	char text[] = "  musl>=1.2  !old so:libz.so.1=1.3.1 /bin/sh\tlua5.4~5.4 ";
	char *rest = text;
	struct apk_atom a;

	unit_about("a list");
	CHECK(apk_atom_next(&a, &rest, NULL) == 1 && !a.conflict &&
		a.orders == (APK_GREATER | APK_EQUAL));
	CHECK_STR(a.name, "musl");
	CHECK_STR(a.version, "1.2");
	CHECK(apk_atom_next(&a, &rest, NULL) == 1 && a.conflict && !a.version);
	CHECK_STR(a.name, "old");
	CHECK(apk_atom_next(&a, &rest, NULL) == 1 && a.orders == APK_EQUAL && !a.fuzzy);
	CHECK_STR(a.name, "so:libz.so.1");
	CHECK(apk_atom_next(&a, &rest, NULL) == 1);
	CHECK_STR(a.name, "/bin/sh");
	CHECK(apk_atom_next(&a, &rest, NULL) == 1 && a.fuzzy);
	CHECK_STR(a.version, "5.4");
	CHECK(apk_atom_next(&a, &rest, NULL) == 0);
}

static void test_fits(void)
{
	unit_about("what fits");
	CHECK(fits("a", "1") && fits("a", NULL) && fits("!a", "1"));
	CHECK(fits("a=1-r0", "1-r0") && !fits("a=1-r0", "1-r1") && !fits("a=1", NULL));
	CHECK(fits("a>1", "1-r0") && !fits("a>1", "1") && fits("a>=1", "1"));
	CHECK(fits("a<2", "2_rc1") && !fits("a<2", "2") && fits("a<=2", "2"));
	CHECK(fits("a~1.2", "1.2.3-r0") && !fits("a~1.2", "1.20") && fits("a~=1.2", "1.2"));
	CHECK(fits("a>~1.2", "1.2.3") && fits("a>~1.2", "1.3") && !fits("a>~1.2", "1.1"));
}

static void test_malformed(void)
{
	static const char *const bad[] = {"!", "=1", "a=", "a==1", "a<>1", "a<=>1", "a><Q1abc",
		"!!a", "a@edge", "a\x01", "a=1=2", "a=\x7f", "\xc3\xa4"};

	unit_about("malformed");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cleanup_free char *copy = mem_strdup(bad[i], NULL);
		char *rest = copy;
		struct err e = {0};
		struct apk_atom a;

		if (!CHECK(apk_atom_next(&a, &rest, &e) == -1 && e.kind == ERR_FORMAT))
			printf("# '%s'\n", bad[i]);
	}
}

static void test_names(void)
{
	unit_about("names");
	CHECK(apk_name_is_valid("libstdc++") && apk_name_is_valid("py3-x_y.z"));
	CHECK(!apk_name_is_valid("") && !apk_name_is_valid("-a") && !apk_name_is_valid(".a"));
	CHECK(!apk_name_is_valid("a/b") && !apk_name_is_valid("a b") && !apk_name_is_valid("so:a"));
}

int main(void)
{
	test_list();
	test_fits();
	test_malformed();
	test_names();
	return unit_done();
}
