#include "apk/index.h"

#include "unit.h"

#define CHECKSUM "C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=\n"
#define MINIMAL CHECKSUM "P:a\nV:1-r0\nA:x86_64\nS:10\n"

static int add(struct apk_index *index, const char *text, struct err *e)
{
	return apk_index_add(index, text, strlen(text), 7, "APKINDEX", e);
}

static void test_fields(void)
{
	static const unsigned char start[] = {0xa8, 0xa7, 0x19, 0xfa, 0x3d};
	cleanup_apk_index struct apk_index index = {0};

	unit_about("fields");
	CHECK(add(&index,
		      CHECKSUM "P:a\nV:1-r0\nA:x86_64\nS:8515\nI:1\nT:it is: a\no:src\nt:17\n"
			       "D:b c>1\np:cmd:a=1\ni:d e\nk:5\nX:more\n\n" MINIMAL,
		      NULL) == 0);
	CHECK(index.n == 2);
	const struct apk_package *p = &index.packages[0];
	CHECK_STR(p->name, "a");
	CHECK_STR(p->origin, "src");
	CHECK_STR(p->depends, "b c>1");
	CHECK_STR(p->provides, "cmd:a=1");
	CHECK_STR(p->install_if, "d e");
	CHECK(p->size_bytes == 8515 && p->built_s == 17 && p->provider_priority == 5);
	CHECK(memcmp(p->checksum, start, sizeof(start)) == 0 && p->checksum[19] == 0x6c);
	CHECK(p->repository == 7);
	CHECK_STR(p[1].origin, "a");
	CHECK_STR(p[1].depends, "");
	CHECK(add(&index, "", NULL) == 0 && add(&index, "\n\n", NULL) == 0 && index.n == 2);
}

static void test_malformed(void)
{
	static const char *const bad[] = {
		"P:a\n",
		MINIMAL "nonsense\n",
		MINIMAL "P:b\n",
		MINIMAL "S:10\n",
		CHECKSUM "P:../a\nV:1\nA:x86_64\nS:1\n",
		CHECKSUM "P:a\nV:one\nA:x86_64\nS:1\n",
		CHECKSUM "P:a\nV:1\nA:x/y\nS:1\n",
		CHECKSUM "P:a\nV:1\nA:x\nS:0\n",
		CHECKSUM "P:a\nV:1\nA:x\nS:-1\n",
		CHECKSUM "P:a\nV:1\nA:x\nS:99999999999999999999999\n",
		"C:Q2qKcZ+j23xssAXmgQhkOO8dHnbWw=\nP:a\nV:1\nA:x\nS:1\n",
		"C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWx=\nP:a\nV:1\nA:x\nS:1\n",
		"C:Q1qKcZ+j23xssAXmgQhkOO8dHnb=\nP:a\nV:1\nA:x\nS:1\n",
		"C:Q1qKcZ+j23xssAXm*QhkOO8dHnbWw=\nP:a\nV:1\nA:x\nS:1\n",
	};

	unit_about("malformed");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cleanup_apk_index struct apk_index index = {0};
		struct err e = {0};

		CHECK(add(&index, bad[i], &e) == -1 && e.kind == ERR_FORMAT);
		CHECK(strstr(e.msg, "APKINDEX: line ") != NULL);
	}
	cleanup_apk_index struct apk_index index = {0};
	CHECK(apk_index_add(&index, "P:a\0b", 5, 0, "x", NULL) == -1);
}

int main(void)
{
	test_fields();
	test_malformed();
	return unit_done();
}
