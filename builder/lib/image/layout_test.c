#include "image/layout.h"

#include "unit.h"

static struct err err;

static int parse(struct layout **l, const char *text)
{
	return layout_parse(l, text, strlen(text), "some/layout.yaml", &err);
}

static void test_good(void)
{
	cleanup_layout struct layout *l = NULL;

	unit_about("a whole layout");
	CHECK(parse(&l, "{identity: a/b, arch: aarch64, epoch: 4294967295, size: 3GiB,\n"
			"keep: base.json, esp: {size: 67108864, layers: [esp.tar], files: [{path: "
			"/E, from: /f}, {path: /F, source: g},\n"
			"  {path: /G, content: ''}]},\n"
			"root: {layers: [one.tar, /two.tar], delete: [/x],\n"
			"  files: [{path: /a, content: hi, mode: '4755', uid: 4294967294},\n"
			"  {path: /b, symlink: ../c}, {path: /d, directory: true}]}}") == 0);
	if (!CHECK(l != NULL))
		return;
	CHECK_STR(l->identity, "a/b");
	CHECK(l->epoch_s == 4294967295 && l->size_bytes == 3221225472);
	CHECK(l->esp_bytes == 67108864 && l->n_esp_files == 3);
	CHECK(l->esp_files[0].kind == LAYOUT_FROM);
	CHECK_STR(l->esp_files[0].value, "/f");
	CHECK_STR(l->esp_files[1].value, "some/g");
	CHECK_STR(l->esp_files[2].value, "");
	CHECK_STR(l->keep, "some/base.json");
	CHECK(l->esp_layers.n == 1);
	CHECK_STR(l->esp_layers.items[0], "some/esp.tar");
	CHECK(l->layers.n == 2);
	CHECK_STR(l->layers.items[0], "some/one.tar");
	CHECK_STR(l->layers.items[1], "/two.tar");
	CHECK(l->n_files == 3 && l->files[0].mode == 04755 && l->files[0].uid == 4294967294);
	CHECK(l->files[1].kind == LAYOUT_SYMLINK && l->files[2].kind == LAYOUT_DIRECTORY);
	CHECK_STR(l->files[1].value, "../c");
	CHECK(l->files[2].mode == 0755);
	CHECK_STR(l->delete_paths.items[0], "/x");
}

/* Text, and where and how it is wrong. */
static const char *const faults[][2] = {
	{"[]", "some/layout.yaml:1:1: the layout must be a map, found list"},
	{"identity: 5", "some/layout.yaml:1:11: identity must be text, found integer"},
	{"\nfoo: 5", "some/layout.yaml:2:1: unknown key 'foo' in the layout"},
	{"identity: a\narch: b\nepoch: 5\nsize: 1MiB\nkeep: []",
		"some/layout.yaml:5:7: keep must be text, found list"},
	{"identity: a\narch: b\nepoch: 99999999999\n",
		"some/layout.yaml:3:8: epoch must be a number of seconds from 1 to 4294967295"},
};

static void test_faults(void)
{
	unit_about("faults");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct layout *l = NULL;

		err_clear(&err);
		CHECK(parse(&l, faults[i][0]) == -1 && !l);
		CHECK(err.kind == ERR_FORMAT);
		CHECK_STR(err.msg, faults[i][1]);
	}
}

int main(void)
{
	test_good();
	test_faults();
	return unit_done();
}
