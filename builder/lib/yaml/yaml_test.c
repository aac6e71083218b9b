#include <stdlib.h>

#include "base/mem.h"
#include "unit.h"
#include "yaml/ynode.h"

static struct err err;

static struct ynode *parse(const char *text)
{
	struct ynode *n = NULL;

	err_clear(&err);
	if (ynode_parse(&n, text, strlen(text), "t.yaml", &err) < 0)
		return NULL;
	return n;
}

static bool refused(const char *text, const char *place)
{
	cleanup_ynode struct ynode *n = parse(text);

	if (n || err.kind != ERR_FORMAT || strncmp(err.msg, place, strlen(place)) != 0) {
		printf("# %s\n", n ? "accepted" : err.msg);
		return false;
	}
	return true;
}

static bool is_scalar(const char *text, enum ynode_kind kind, int64_t num)
{
	cleanup_ynode struct ynode *n = parse(text);

	return n && n->kind == kind && n->num == num;
}

static void test_scalars(void)
{
	unit_about("scalars");
	CHECK(is_scalar("", YNODE_NULL, 0));
	CHECK(is_scalar("# only a comment\n", YNODE_NULL, 0));
	CHECK(is_scalar("---\n...\n", YNODE_NULL, 0));
	CHECK(is_scalar("~", YNODE_NULL, 0));
	CHECK(is_scalar("null", YNODE_NULL, 0));
	CHECK(is_scalar("''", YNODE_STRING, 0));
	CHECK(is_scalar("true", YNODE_BOOL, 1));
	CHECK(is_scalar("false", YNODE_BOOL, 0));
	CHECK(is_scalar("'true'", YNODE_STRING, 0));
	CHECK(is_scalar("yes", YNODE_STRING, 0));
	CHECK(is_scalar("True", YNODE_STRING, 0));
	CHECK(is_scalar("0", YNODE_INT, 0));
	CHECK(is_scalar("-12", YNODE_INT, -12));
	CHECK(is_scalar("9223372036854775807", YNODE_INT, INT64_MAX));
	CHECK(is_scalar("-9223372036854775808", YNODE_INT, INT64_MIN));
	for (const char *const *t = (const char *const[]){"9223372036854775808",
		     "-9223372036854775809", "99999999999999999999", NULL};
		*t; t++) {
		cleanup_ynode struct ynode *n = parse(*t);
		CHECK(n && n->kind == YNODE_STRING);
	}
	CHECK(is_scalar("0644", YNODE_STRING, 0));
	CHECK(is_scalar("-0", YNODE_STRING, 0));
	CHECK(is_scalar("+1", YNODE_STRING, 0));
	CHECK(is_scalar("1.5", YNODE_STRING, 0));
	CHECK(is_scalar("2024-01-01", YNODE_STRING, 0));
	CHECK(is_scalar("|\n  12\n", YNODE_STRING, 0));
}

static void test_tree(void)
{
	cleanup_ynode struct ynode *n = parse("a: 1\n\"b\":\n  - x\n  - {c: ~, d: 'e'}\n");

	unit_about("tree");
	if (!CHECK(n != NULL))
		return;
	CHECK(n->kind == YNODE_MAP && n->n == 2);
	CHECK_STR(n->keys[1], "b");
	CHECK(n->key_lines[1] == 2 && n->key_columns[1] == 1);
	const struct ynode *b = ynode_get(n, "b");
	if (!CHECK(b && b->kind == YNODE_LIST && b->n == 2))
		return;
	CHECK(b->line == 3 && b->column == 3);
	CHECK_STR(b->items[0]->text, "x");
	CHECK_STR(ynode_get(b->items[1], "d")->text, "e");
	CHECK(ynode_get(b->items[1], "d")->column == 15);
	CHECK(ynode_get(n, "z") == NULL);
	CHECK(ynode_get(b, "z") == NULL);
	CHECK(ynode_get(NULL, "z") == NULL);
	ynode_error(b, "f", &err, "bad %s", "thing");
	CHECK_STR(err.msg, "f:3:3: bad thing");
	CHECK(err.kind == ERR_FORMAT);
}

static void test_refused(void)
{
	char deep[200];

	unit_about("refused");
	CHECK(refused("a: 1\nb: 2\na: 3\nb: 4\n", "t.yaml:3:1: key 'a'"));
	CHECK(refused("{a: {x: 1, 'x': 2}}", "t.yaml:1:12: key 'x'"));
	CHECK(refused("a: &x 1\nb: *x\n", "t.yaml:1:4: anchors"));
	CHECK(refused("a: *x\n", "t.yaml:1:4: aliases"));
	CHECK(refused("*x : 1\n", "t.yaml:1:1: aliases"));
	CHECK(refused("&x {a: 1}\n", "t.yaml:1:1: anchors"));
	CHECK(refused("- &x [a]\n", "t.yaml:1:3: anchors"));
	CHECK(refused("a: !!str 1\n", "t.yaml:1:4: tags"));
	CHECK(refused("--- !x\na: 1\n", "t.yaml:1:5: tags"));
	CHECK(refused("[a]: 1\n", "t.yaml:1:1: a key must be a string"));
	CHECK(refused("? {a: b}\n: 1\n", "t.yaml:1:3: a key must be a string"));
	CHECK(refused("a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document"));
	CHECK(refused("a: 1\n b: 2\n", "t.yaml:2:3: "));
	CHECK(refused("a: [1, 2\n", "t.yaml:2:1: "));
	CHECK(refused("a: \"x\\0y\"\n", "t.yaml:1:4: a string may not contain a zero byte"));
	CHECK(refused("a: \xff\n", "t.yaml:1:"));
	CHECK(refused("a: \x01\n", "t.yaml:1:"));

	memset(deep, '[', 64);
	memset(deep + 64, ']', 64);
	deep[128] = 0;
	cleanup_ynode struct ynode *n = parse(deep);
	CHECK(n != NULL);
	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	deep[130] = 0;
	CHECK(refused(deep, "t.yaml:1:65: nested deeper"));

	cleanup_free char *large = calloc(1, (4u << 20) + 2);
	memset(large, ' ', (4u << 20) + 1);
	CHECK(refused(large, "t.yaml: 4194305 bytes"));
	CHECK(ynode_load(&n, "/nonexistent/x.yaml", &err) < 0 && err.kind == ERR_IO);
}

static void test_building(void)
{
	cleanup_ynode struct ynode *map = ynode_new_map(&err);

	unit_about("building");
	for (int i = 0; i < 20; i++) {
		char key[8];
		snprintf(key, sizeof(key), "k%d", i % 10);
		CHECK(ynode_set(map, key, ynode_new_string(i < 10 ? "old" : "new", &err), &err) ==
			0);
	}
	CHECK(map->n == 10);
	CHECK_STR(ynode_get(map, "k0")->text, "new");
	CHECK_STR(ynode_get(map, "k9")->text, "new");
	CHECK(ynode_new_string("\xc0\x80", &err) == NULL && err.kind == ERR_FORMAT);
}

static bool reads_back(const char *text, const char *written)
{
	cleanup_buf struct buf b = {0};

	if (ynode_put_scalar(&b, text, &err) < 0)
		return false;
	if (written && strcmp(buf_str(&b), written) != 0) {
		printf("# wrote %s\n", buf_str(&b));
		return false;
	}
	cleanup_ynode struct ynode *n = parse(buf_str(&b));
	return n && n->kind == YNODE_STRING && strcmp(n->text, text) == 0;
}

static void test_put(void)
{
	unit_about("put");
	CHECK(reads_back("abc", "abc"));
	CHECK(reads_back("/usr/lib/a_b-1.2+x", "/usr/lib/a_b-1.2+x"));
	CHECK(reads_back("", "\"\""));
	CHECK(reads_back("Yes", "\"Yes\""));
	CHECK(reads_back("null", "\"null\""));
	CHECK(reads_back("12", "\"12\""));
	CHECK(reads_back("a: b", "\"a: b\""));
	CHECK(reads_back("a\"b\\c\nd\te", "\"a\\\"b\\\\c\\nd\\te\""));
	CHECK(reads_back("\x01\x7f\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf", NULL));
	CHECK(reads_back("\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd", NULL));
	CHECK(reads_back("gr\xc3\xbc\xc3\x9f \xf0\x9f\x8c\x8b", NULL));
	bool every_character_reads_back = true;
	for (int c = 1; c < 128; c++) {
		char text[] = {(char)c, 0};
		every_character_reads_back &= reads_back(text, NULL);
	}
	CHECK(every_character_reads_back);
	cleanup_buf struct buf b = {0};
	CHECK(ynode_put_scalar(&b, "\xff", &err) < 0 && err.kind == ERR_FORMAT);
}

int main(void)
{
	test_scalars();
	test_tree();
	test_refused();
	test_building();
	test_put();
	return unit_done();
}
