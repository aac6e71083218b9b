#include "recipe/lock.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "unit.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char good[] = "{\n"
			   "  \"arch\": \"x86_64\",\n"
			   "  \"epoch\": 1757660141,\n"
			   "  \"family\": \"deb\",\n"
			   "  \"inputs_sha256\": \"" HEX_A "\",\n"
			   "  \"packages\": [\n"
			   "    {\n"
			   "      \"arch\": \"amd64\",\n"
			   "      \"archive\": \"debian\",\n"
			   "      \"name\": \"bash\",\n"
			   "      \"path\": \"pool/main/b/bash/bash_5.2.37-2+b5_amd64.deb\",\n"
			   "      \"sha256\": \"" HEX_A "\",\n"
			   "      \"size\": 1500000,\n"
			   "      \"source\": \"bash\",\n"
			   "      \"version\": \"5.2.37-2+b5\"\n"
			   "    },\n"
			   "    {\n"
			   "      \"arch\": \"all\",\n"
			   "      \"archive\": \"debian\",\n"
			   "      \"name\": \"zlib1g\",\n"
			   "      \"path\": \"pool/main/z/zlib/zlib1g_1.3_all.deb\",\n"
			   "      \"sha256\": \"" HEX_A "\",\n"
			   "      \"size\": 88,\n"
			   "      \"source\": \"zlib\",\n"
			   "      \"version\": \"1:1.3~rc1\"\n"
			   "    }\n"
			   "  ],\n"
			   "  \"releases\": [\n"
			   "    {\n"
			   "      \"archive\": \"debian\",\n"
			   "      \"date\": 1757660141,\n"
			   "      \"path\": \"dists/trixie/InRelease\",\n"
			   "      \"sha256\": \"" HEX_A "\",\n"
			   "      \"suite\": \"trixie\"\n"
			   "    }\n"
			   "  ],\n"
			   "  \"schema\": \"limekiln-lock-1\",\n"
			   "  \"solver\": \"apt 3.0.3\",\n"
			   "  \"variant\": \"debian\"\n"
			   "}\n";

static void test_round_trip(void)
{
	cleanup_lock struct lock *l = NULL;
	cleanup_buf struct buf text = {0};
	struct err e = {0};

	unit_about("round trip");
	if (!CHECK(lock_parse(&l, good, strlen(good), "good", &e) == 0)) {
		printf("# %s\n", e.msg);
		return;
	}
	CHECK(l->n_packages == 2 && l->n_releases == 1);
	CHECK_STR(l->packages[1].version, "1:1.3~rc1");
	CHECK(l->packages[0].size_bytes == 1500000);
	CHECK(l->epoch_s == 1757660141);
	CHECK(lock_format(l, &text, &e) == 0);
	CHECK_STR(buf_str(&text), good);
}

/* good with one text replaced by another. */
static char *changed(const char *from, const char *to)
{
	const char *at = strstr(good, from);

	return at ? mem_printf(NULL, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from))
		  : NULL;
}

static void test_refusals(void)
{
	static const struct {
		const char *from, *to, *says;
	} cases[] = {
		{"pool/main/b/bash/bash_5", "pool/../bash_5", "without '.' and '..'"},
		{"pool/main/b/bash/bash_5", "/pool/bash_5", "without '.' and '..'"},
		{"pool/main/b/bash/bash_5", "pool//bash_5", "without '.' and '..'"},
		{"pool/main/b/bash/bash_5", "pool/./bash_5", "without '.' and '..'"},
		{"pool/main/b/bash/bash_5", "pool/b ash_5", "is not a path of letters"},
		{"pool/main/b/bash/bash_5", "pool/b\\nash_5", "has a control character"},
		{"limekiln-lock-1", "limekiln-lock-2", "this limekiln reads limekiln-lock-1"},
		{"\"schema\": \"limekiln-lock-1\",", "", "key 'schema'"},
		{"\"size\": 88", "\"size\": 0", "key 'size'"},
		{"\"size\": 88", "\"size\": -1", "key 'size'"},
		{"\"size\": 88", "\"size\": \"88\"", "key 'size'"},
		{"\"size\": 88", "\"size\": 88, \"extra\": 1", "unknown key 'extra'"},
		{"\"size\": 88", "\"size\": 88, \"size\": 88", "uplicate"},
		{"\"zlib1g\"", "\"aaa\"", "not in sorted order"},
		{"\"zlib1g\"", "\"../zlib\"", "name '../zlib'"},
		{"1:1.3~rc1", "-1", "is not a package's version"},
		{"1:1.3~rc1", "1 3", "is not a package's version"},
		{"\"sha256\": \"aa", "\"sha256\": \"AA", "sha256"},
		{"\"inputs_sha256\": \"aa", "\"inputs_sha256\": \"a", "inputs_sha256"},
		{"\"epoch\": 1757660141", "\"epoch\": 4294967296", "key 'epoch'"},
		{"\"releases\": [", "\"releases\": {", "expected"},
		{"\"archive\": \"debian\"", "\"archive\": \"De bian\"", "archive"},
		{"\"variant\": \"debian\"", "\"variant\": \"../x\"", "variant"},
		{"\"source\": \"zlib\",", "", "key 'source'"},
	};

	unit_about("refused");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_free char *text = changed(cases[i].from, cases[i].to);
		struct lock *l = NULL;
		struct err e = {0};

		if (!CHECK(text != NULL))
			continue;
		CHECK(lock_parse(&l, text, strlen(text), "x.json", &e) == -1);
		CHECK(l == NULL && e.kind == ERR_FORMAT);
		if (!CHECK(strstr(e.msg, cases[i].says) != NULL))
			printf("# case %zu says: %s\n", i, e.msg);
	}
}

static void test_duplicate(void)
{
	cleanup_free char *text = changed("\"zlib1g\"", "\"bash\"");
	struct lock *l = NULL;
	struct err e = {0};

	unit_about("the same package twice");
	if (!CHECK(text != NULL))
		return;
	/* "all" sorts before "amd64", so make the architectures equal too. */
	char *arch = strstr(text, "\"all\"");
	cleanup_free char *twice = mem_printf(
		NULL, "%.*s\"amd64\"%s", (int)(arch - text), text, arch + strlen("\"all\""));
	CHECK(lock_parse(&l, twice, strlen(twice), "x.json", &e) == -1);
	CHECK(strstr(e.msg, "stands twice") != NULL);
}

static void test_files(const char *dir)
{
	cleanup_free char *path = mem_printf(NULL, "%s/lock.x86_64.json", dir);
	cleanup_lock struct lock *l = NULL;
	struct lock *none = NULL;
	struct err e = {0};
	struct stat before, after;

	unit_about("files");
	CHECK(lock_load(&none, path, &e) == -1 && !none && e.kind == ERR_IO);
	CHECK(strstr(e.msg, "`just lock ") != NULL);
	CHECK(lock_parse(&l, good, strlen(good), "good", &e) == 0);
	CHECK(lock_save(l, path, &e) == 0);
	CHECK(stat(path, &before) == 0 && (before.st_mode & 07777) == 0644);
	CHECK(lock_save(l, path, &e) == 0);
	CHECK(stat(path, &after) == 0 && before.st_ino == after.st_ino);
	lock_free(steal_ptr(&l));
	CHECK(lock_load(&l, path, &e) == 0 && l->n_packages == 2);
	free(l->packages[0].path);
	l->packages[0].path = strdup("../x");
	CHECK(lock_save(l, path, &e) == -1 && e.kind == ERR_FORMAT);
	unlink(path);
}

static void test_base(void)
{
	static const char with_base[] = "  \"base\": {\n"
					"    \"archive\": \"alpine\",\n"
					"    \"digest\": \"sha512:" HEX_A HEX_A "\",\n"
					"    \"path\": \"v3.23/releases/cloud/a.qcow2\",\n"
					"    \"sha256\": \"" HEX_A "\",\n"
					"    \"size\": 77\n"
					"  },\n"
					"  \"epoch\"";
	static const struct {
		const char *from, *to, *says;
	} cases[] = {
		{"sha512:a", "sha512:A", "base[0]: digest"},
		{"sha512:a", "sha256:a", "base[0]: digest"},
		{"sha512:" HEX_A HEX_A, "sha256:" HEX_B, "digest and sha256 differ"},
		{"v3.23/", "../", "without '.' and '..'"},
		{"\"size\": 77", "\"size\": 0", "size"},
		{"    \"path\": \"v3.23/releases/cloud/a.qcow2\",\n", "", "path"},
		{"\"size\": 77", "\"size\": 77, \"x\": 1", "unknown key 'x'"},
	};
	cleanup_free char *text = changed("  \"epoch\"", with_base);
	cleanup_lock struct lock *l = NULL;
	cleanup_buf struct buf out = {0};
	struct err e = {0};

	unit_about("base");
	if (!CHECK(text && lock_parse(&l, text, strlen(text), "based", &e) == 0)) {
		printf("# %s\n", e.msg);
		return;
	}
	CHECK(l->base && l->base->size_bytes == 77);
	CHECK_STR(l->base->archive, "alpine");
	CHECK(lock_format(l, &out, &e) == 0);
	CHECK_STR(buf_str(&out), text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *at = strstr(text, cases[i].from);
		cleanup_free char *bad = mem_printf(NULL, "%.*s%s%s", (int)(at - text), text,
			cases[i].to, at + strlen(cases[i].from));
		cleanup_lock struct lock *none = NULL;

		e = (struct err){0};
		CHECK(lock_parse(&none, bad, strlen(bad), "bad", &e) == -1 && e.kind == ERR_FORMAT);
		printf("# %s\n", e.msg);
		CHECK(strstr(e.msg, cases[i].says) != NULL);
	}
}

int main(void)
{
	char dir[] = "/tmp/lock-test.XXXXXX";

	test_round_trip();
	test_base();
	test_refusals();
	test_duplicate();
	if (CHECK(mkdtemp(dir) != NULL)) {
		test_files(dir);
		rmdir(dir);
	}
	return unit_done();
}
