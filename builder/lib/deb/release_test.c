#include "deb/release.h"

#include "unit.h"

static int64_t date_of(const char *text, struct err *e)
{
	int64_t date_s = -1;

	*e = (struct err){0};
	return release_read_date(text, strlen(text), "InRelease", &date_s, e) < 0 ? -1 : date_s;
}

static void test_dates(void)
{
	struct err e;

	unit_about("dates");
	CHECK(date_of("Origin: x\nDate: Sat, 06 Sep 2025 10:22:21 UTC\n", &e) == 1757154141);
	CHECK(date_of("Date: Thu, 01 Jan 1970 00:00:00 GMT\n", &e) == 0);
	CHECK(date_of("Date: Thu, 29 Feb 2024 23:59:59 +0000\n", &e) == 1709251199);
	CHECK(date_of("Date: Sat, 6 Sep 2025 10:22:21 UTC\n", &e) == 1757154141);
	CHECK(date_of("Date: Sat, 06 Sep 2025 10:22:21 CEST\n", &e) == -1);
	CHECK(date_of("Date: Sat, 06 Foo 2025 10:22:21 UTC\n", &e) == -1);
	CHECK(date_of("Date: Sat, 06 Sep 2025 25:22:21 UTC\n", &e) == -1);
	CHECK(date_of("Date: Sat, 06 Sep 2025 10:22:21 UTC x\n", &e) == -1);
	CHECK(date_of("Date: now\n", &e) == -1 && e.kind == ERR_FORMAT);
	CHECK_STR(e.msg, "InRelease: Date 'now' is not a date in UTC");
	CHECK(date_of("Origin: x\n", &e) == -1);
	CHECK(date_of("", &e) == -1);
}

static void test_armour(void)
{
	static const char text[] = "-----BEGIN PGP SIGNED MESSAGE-----\n"
				   "Hash: SHA256\n"
				   "\n"
				   "Date: Thu, 01 Jan 1970 00:01:00 UTC\n"
				   "-----BEGIN PGP SIGNATURE-----\n"
				   "\n"
				   "Date: Thu, 01 Jan 1970 00:02:00 UTC\n"
				   "-----END PGP SIGNATURE-----\n";
	struct err e;

	unit_about("armour");
	CHECK(date_of(text, &e) == 60);
}

static void test_format(void)
{
	char text[RELEASE_DATE_SIZE];
	struct err e;
	char line[64];

	unit_about("format");
	release_format_date(1757154141, text);
	CHECK_STR(text, "Sat, 06 Sep 2025 10:22:21 UTC");
	release_format_date(4294967295, text);
	snprintf(line, sizeof(line), "Date: %s\n", text);
	CHECK(date_of(line, &e) == 4294967295);
}

int main(void)
{
	test_dates();
	test_armour();
	test_format();
	return unit_done();
}
