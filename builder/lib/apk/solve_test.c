#include "apk/solve.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "unit.h"

/* An index written as "NAME VERSION FIELD..." lines; a field's blanks are commas. */
static void make_index(struct apk_index *index, const char *const *lines)
{
	cleanup_buf struct buf text = {0};

	for (; *lines; lines++) {
		cleanup_free char *line = mem_strdup(*lines, NULL);
		char *rest = line;
		const char *name = strsep(&rest, " ");
		const char *version = strsep(&rest, " ");

		buf_printf(&text, NULL,
			"C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=\nA:x86_64\nS:1\nP:%s\nV:%s\n", name,
			version);
		while (rest) {
			char *field = strsep(&rest, " ");

			for (char *c = field; *c; c++)
				*c = *c == ',' ? ' ' : *c;
			buf_printf(&text, NULL, "%s\n", field);
		}
		buf_putc(&text, '\n', NULL);
	}
	CHECK(apk_index_add(index, buf_str(&text), text.len, 0, "test", NULL) == 0);
}

/* "a-1 b-2": what is chosen for the wanted atoms; or "error: " and the message. */
static char *solve(const char *const *lines, const char *wanted)
{
	cleanup_apk_index struct apk_index index = {0};
	cleanup_strv struct strv atoms = {0};
	cleanup_free char *copy = mem_strdup(wanted, NULL);
	cleanup_free size_t *chosen = NULL;
	struct buf out = {0};
	struct err e = {0};
	size_t n;

	make_index(&index, lines);
	for (char *rest = copy, *word; (word = strsep(&rest, " "));)
		strv_add(&atoms, word, NULL);
	if (apk_solve(&chosen, &n, &index, &atoms, &e) < 0) {
		CHECK(e.kind == ERR_FORMAT);
		return mem_printf(NULL, "error: %s", e.msg);
	}
	for (size_t i = 0; i < n; i++) {
		const struct apk_package *p = &index.packages[chosen[i]];

		buf_printf(&out, NULL, "%s%s-%s", i > 0 ? " " : "", p->name, p->version);
	}
	return buf_steal(&out, NULL);
}

static void gives(const char *const *lines, const char *wanted, const char *want)
{
	cleanup_free char *got = solve(lines, wanted);

	CHECK_STR(got, want);
}

static void test_closure(void)
{
	static const char *const lines[] = {"app 2-r0 D:lib>=1,cmd:sh,so:libz.so.1", "app 1-r0",
		"lib 1.5 D:data", "lib 0.9", "data 1", "busybox 1 p:cmd:sh=1,/bin/sh k:60",
		"zlib 1 p:so:libz.so.1=1", "other 1", NULL};

	unit_about("closure");
	gives(lines, "app", "app-2-r0 busybox-1 data-1 lib-1.5 zlib-1");
	gives(lines, "app<2", "app-1-r0");
	gives(lines, "app other", "app-2-r0 busybox-1 data-1 lib-1.5 other-1 zlib-1");
	gives(lines, "app=1-r0 lib~0", "app-1-r0 lib-0.9");
	gives(lines, "/bin/sh", "busybox-1");
}

static void test_providers(void)
{
	static const char *const lines[] = {"a 1 p:cmd:x=1", "b 1 p:cmd:x=2", "c 3 p:v k:10",
		"d 4 p:v k:20", "e 1 p:w", "f 1 p:w", "user 1 D:w", "g 1 p:cmd:y=1 k:1",
		"h 1 p:cmd:y=1 k:2", "i 1 p:cmd:z=1", "j 1 p:cmd:z=1", NULL};

	unit_about("providers");
	gives(lines, "cmd:x", "b-1");
	gives(lines, "cmd:x=1", "a-1");
	gives(lines, "v", "d-4");
	gives(lines, "v c", "c-3");
	gives(lines, "cmd:y", "h-1");
	gives(lines, "cmd:z", "i-1");
	gives(lines, "user e", "e-1 user-1");
	gives(lines, "user f", "f-1 user-1");
	gives(lines, "user",
		"error: no way to install user, but user-1 cannot be had: it needs w, but "
		"e-1 provides it; f-1 provides it; add one of them to the packages");
	gives(lines, "a b",
		"error: no way to install b, but b-1 cannot be had: it also provides "
		"cmd:x=1, wanted by a-1");
}

static void test_conflicts(void)
{
	static const char *const lines[] = {"app 1 D:lib,!bad", "lib 2 D:bad", "lib 1", "bad 1",
		"old 1 D:lib<2", "loop 1 D:pool", "pool 1 D:loop", "self 1 D:self", NULL};

	unit_about("conflicts");
	gives(lines, "lib", "bad-1 lib-2");
	gives(lines, "app", "app-1 lib-1");
	gives(lines, "lib old", "lib-1 old-1");
	gives(lines, "old lib", "lib-1 old-1");
	gives(lines, "app bad",
		"error: no way to install bad, but bad-1 cannot be had: it conflicts "
		"with !bad, wanted by app-1");
	gives(lines, "old lib>1",
		"error: no way to install lib>1, but lib-2 cannot be had: it is not "
		"lib<2, wanted by old-1; lib-1 is lib 1");
	gives(lines, "loop", "loop-1 pool-1");
	gives(lines, "self", "self-1");
}

static void test_impossible(void)
{
	static const char *const lines[] = {"app 1 D:mid", "mid 1 D:leaf>3", "leaf 1",
		"alone 1 D:gone", "two 2 D:gone", "two 1", NULL};

	unit_about("what cannot be");
	gives(lines, "nothing", "error: no way to install nothing, which nothing provides");
	gives(lines, "app",
		"error: no way to install app, but app-1 cannot be had: it needs mid, but "
		"mid-1 cannot be had: it needs leaf>3, but leaf-1 is leaf 1");
	gives(lines, "alone",
		"error: no way to install alone, but alone-1 cannot be had: it needs "
		"gone, which nothing provides");
	gives(lines, "two", "two-1");
}

static void test_install_if(void)
{
	static const char *const lines[] = {"app 1", "openrc 1", "app-openrc 1 i:app=1,openrc",
		"app-doc 1 i:app,docs", "chain 1 i:app-openrc D:more", "more 1",
		"none 1 i:app,!openrc", "broken 1 i:app D:gone", "app-x 2 i:app", "app-x 1 i:app",
		NULL};

	unit_about("install_if");
	gives(lines, "app openrc", "app-1 app-openrc-1 app-x-2 chain-1 more-1 openrc-1");
	gives(lines, "app", "app-1 app-x-2 none-1");
	gives(lines, "app app-x<2", "app-1 app-x-1 none-1");
}

int main(void)
{
	test_closure();
	test_providers();
	test_conflicts();
	test_impossible();
	test_install_if();
	return unit_done();
}
