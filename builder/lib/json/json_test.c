#include "base/mem.h"
#include "unit.h"
#include "json/json.h"

static struct err err;

static struct json *parse(const char *text)
{
	struct json *j = NULL;

	err_clear(&err);
	if (json_parse(&j, text, strlen(text), "t.json", &err) < 0)
		return NULL;
	return j;
}

static bool refused(const char *text, const char *place)
{
	cleanup_json struct json *j = parse(text);

	if (j || err.kind != ERR_FORMAT || strncmp(err.msg, place, strlen(place)) != 0) {
		printf("# %s\n", j ? "accepted" : err.msg);
		return false;
	}
	return true;
}

static bool written_as(const struct json *j, const char *want)
{
	cleanup_buf struct buf out = {0};

	if (json_write(j, &out, &err) < 0)
		return false;
	if (strcmp(buf_str(&out), want) != 0) {
		printf("# wrote %s\n", buf_str(&out));
		return false;
	}
	return true;
}

static void test_reading(void)
{
	cleanup_json struct json *j =
		parse("{\"b\": [1, \"x\", true, null], \"a\": {\"z\": -5}, \"c\": \"1.5e3\"}");
	int64_t num = 0;
	const char *text = NULL;

	unit_about("reading");
	if (!CHECK(j != NULL))
		return;
	CHECK(json_is_object(j) && !json_is_array(j) && !json_is_object(NULL));
	CHECK_STR(json_key(j, 0), "a");
	CHECK_STR(json_key(j, 2), "c");
	CHECK(json_key(j, 3) == NULL && json_key(NULL, 0) == NULL);
	const struct json *b = json_get(j, "b");
	CHECK(json_is_array(b) && json_count(b) == 4 && json_count(j) == 0);
	CHECK(json_int(json_at(b, 0), &num) && num == 1);
	CHECK(!json_int(json_at(b, 1), &num) && !json_int(json_at(b, 9), &num));
	CHECK_STR(json_text(json_at(b, 1)), "x");
	CHECK(json_text(json_at(b, 0)) == NULL && json_text(NULL) == NULL);
	CHECK(json_get(b, "a") == NULL && json_get(NULL, "a") == NULL);
	CHECK(json_need_text(j, "c", "f", &text, &err) == 0);
	CHECK_STR(text, "1.5e3");
	CHECK(json_need_text(j, "a", "f", &text, &err) < 0);
	CHECK_STR(err.msg, "f: key 'a' is not a string");
	CHECK(json_need_text(j, "q", "f", &text, &err) < 0 && err.kind == ERR_FORMAT);
	CHECK_STR(err.msg, "f: key 'q' is missing");
	CHECK(json_need_int(json_get(j, "a"), "z", "f", -5, 5, &num, &err) == 0 && num == -5);
	CHECK(json_need_int(json_get(j, "a"), "z", "f", 0, 5, &num, &err) < 0);
	CHECK_STR(err.msg, "f: key 'z' is -5; it must be from 0 to 5");
	CHECK(json_need_int(j, "c", "f", 0, 5, &num, &err) < 0);
	CHECK_STR(err.msg, "f: key 'c' is not an integer");
}

static void test_refused(void)
{
	char deep[200];

	unit_about("refused");
	CHECK(refused("", "t.json:1:1: "));
	CHECK(refused("1", "t.json:1:1: "));
	CHECK(refused("{\"a\": 1, \"a\": 2}", "t.json:1:12: duplicate"));
	CHECK(refused("[1] x", "t.json:1:5: "));
	CHECK(refused("[\n\n1.5]", "t.json:3:2: only whole"));
	CHECK(refused("[\"\xc3\xa4\\\"\", 1e3]", "t.json:1:10: only whole"));
	CHECK(refused("[1E3]", "t.json:1:3: only whole"));
	CHECK(refused("[9223372036854775808]", "t.json:1:20: too big"));
	CHECK(refused("[\"\\u0000\"]", "t.json:1:"));
	CHECK(refused("[\"\xff\"]", "t.json:1:"));
	CHECK(refused("[1,]", "t.json:1:4: "));

	memset(deep, '[', 64);
	memset(deep + 64, ']', 64);
	deep[128] = 0;
	cleanup_json struct json *j = parse(deep);
	CHECK(j != NULL);
	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	deep[130] = 0;
	CHECK(refused(deep, "t.json:1:65: nested deeper"));
	CHECK(json_load(&j, "/nonexistent/x.json", 100, &err) < 0 && err.kind == ERR_IO);
}

static void test_writing(void)
{
	cleanup_json struct json *j = json_new_object(&err);
	struct json *list = json_new_array(&err);

	unit_about("writing");
	CHECK(written_as(j, "{}\n"));
	CHECK(json_set_text(j, "\xc3\xa4", "gr\xc3\xbc\xc3\x9f / \"x\\y\"\n\x01", &err) == 0);
	CHECK(json_set_text(j, "b", "old", &err) == 0);
	CHECK(json_set_int(j, "b", INT64_MIN, &err) == 0);
	CHECK(json_set_int(j, "B", INT64_MAX, &err) == 0);
	CHECK(json_add(list, json_new_array(&err), &err) == 0);
	CHECK(json_add(list, json_new_int(0, &err), &err) == 0);
	CHECK(json_set(j, "a", list, &err) == 0);
	CHECK(written_as(j, "{\n"
			    "  \"B\": 9223372036854775807,\n"
			    "  \"a\": [\n    [],\n    0\n  ],\n"
			    "  \"b\": -9223372036854775808,\n"
			    "  \"\xc3\xa4\": \"gr\xc3\xbc\xc3\x9f / \\\"x\\\\y\\\"\\n\\u0001\"\n"
			    "}\n"));
	CHECK(json_set(j, "x", NULL, &err) < 0 && json_add(list, NULL, &err) < 0);
	CHECK(json_set_text(j, "x", "\xff", &err) < 0 && err.kind == ERR_FORMAT);
	CHECK(json_set_int(j, "\xff", 1, &err) < 0 && err.kind == ERR_FORMAT);

	cleanup_buf struct buf once = {0};
	cleanup_json struct json *again = NULL;
	CHECK(json_write(j, &once, &err) == 0);
	CHECK(json_parse(&again, once.data, once.len, "again", &err) == 0);
	CHECK(written_as(again, buf_str(&once)));
}

int main(void)
{
	test_reading();
	test_refused();
	test_writing();
	return unit_done();
}
