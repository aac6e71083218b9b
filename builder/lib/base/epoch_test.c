#include "base/epoch.h"

#include <stdlib.h>

#include "unit.h"

static void test_parse(void)
{
	static const char *const bad[] = {"", " 1", "1 ", "-1", "+1", "1.5", "0x10", "4294967296",
		"99999999999999999999999999", "1e3", "now"};
	int64_t s = -7;

	unit_about("parse");
	CHECK(epoch_parse("0", "x", &s, NULL) == 0 && s == 0);
	CHECK(epoch_parse("1757660141", "x", &s, NULL) == 0 && s == 1757660141);
	CHECK(epoch_parse("4294967295", "x", &s, NULL) == 0 && s == 4294967295);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = {0};

		CHECK(epoch_parse(bad[i], "--epoch", &s, &e) == -1 && e.kind == ERR_USAGE);
		CHECK(strncmp(e.msg, "--epoch: ", 9) == 0);
	}
	CHECK(s == 4294967295);
}

static void test_env(void)
{
	struct err e = {0};
	int64_t s;

	unit_about("environment");
	unsetenv("SOURCE_DATE_EPOCH");
	CHECK(epoch_from_env(5, &s, NULL) == 0 && s == 5);
	setenv("SOURCE_DATE_EPOCH", "", 1);
	CHECK(epoch_from_env(6, &s, NULL) == 0 && s == 6);
	setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
	CHECK(epoch_from_env(5, &s, NULL) == 0 && s == 1700000000);
	setenv("SOURCE_DATE_EPOCH", "yesterday", 1);
	CHECK(epoch_from_env(5, &s, &e) == -1 && e.kind == ERR_USAGE);
}

static void test_format(void)
{
	char text[EPOCH_TEXT_SIZE];

	unit_about("format");
	setenv("TZ", "America/New_York", 1);
	epoch_format(0, text);
	CHECK_STR(text, "1970-01-01T00:00:00Z");
	epoch_format(1757660141, text);
	CHECK_STR(text, "2025-09-12T06:55:41Z");
	epoch_format(4294967295, text);
	CHECK_STR(text, "2106-02-07T06:28:15Z");
}

int main(void)
{
	test_parse();
	test_env();
	test_format();
	return unit_done();
}
