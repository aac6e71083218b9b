#include "base/strv.h"

#include <locale.h>
#include <stdlib.h>

#include "unit.h"

static void test_add(void)
{
	cleanup_strv struct strv v = {0};
	struct err e = {0};
	bool ok = true;

	unit_about("add");
	CHECK(!strv_contains(&v, "a"));
	for (int i = 0; i < 100; i++)
		ok &= strv_addf(&v, NULL, "item %d", i) == 0;
	CHECK(ok && v.n == 100 && v.items[100] == NULL);
	CHECK_STR(v.items[99], "item 99");
	CHECK(strv_contains(&v, "item 42") && !strv_contains(&v, "item"));
	CHECK(strv_take(&v, strdup("own"), NULL) == 0 && v.n == 101);
	CHECK(strv_take(&v, NULL, &e) == -1 && e.kind == ERR_INTERNAL && v.n == 101);
	strv_release(&v);
	CHECK(v.n == 0 && v.items == NULL);
}

static void test_sort(void)
{
	static const char *const words[] = {"b", "a", "B", "\xc3\xa4", "", "a-b", "ab", "a"};
	static const char *const want[] = {"", "B", "a", "a", "a-b", "ab", "b", "\xc3\xa4"};
	cleanup_strv struct strv v = {0};

	unit_about("sort bytewise");
	strv_sort(&v);
	CHECK(v.n == 0);
	setlocale(LC_ALL, "en_US.UTF-8");
	for (size_t i = 0; i < 8; i++)
		strv_add(&v, words[i], NULL);
	strv_sort(&v);
	for (size_t i = 0; i < 8; i++)
		CHECK_STR(v.items[i], want[i]);
}

int main(void)
{
	test_add();
	test_sort();
	return unit_done();
}
