#include "image/pax.h"

#include "unit.h"

static struct err err;

static void check_record(const char *key, size_t len, size_t want)
{
	cleanup_buf struct buf out = {0};
	char value[2000];
	char prefix[64];

	memset(value, 'v', sizeof(value));
	CHECK(pax_put_record(&out, key, value, len, &err) == 0);
	CHECK(out.len == want);
	snprintf(prefix, sizeof(prefix), "%zu %s=", want, key);
	CHECK(strncmp(out.data, prefix, strlen(prefix)) == 0 && out.data[want - 1] == '\n');
}

static void test_records(void)
{
	unit_about("a record's length counts its own digits");
	check_record("k", 4, 9);  /* "9 k=vvvv\n" */
	check_record("k", 5, 11); /* with 1 digit it would be 10 */
	check_record("k", 93, 99);
	check_record("k", 94, 101);
	check_record("k", 992, 999);
	check_record("k", 993, 1001);
}

static void test_plain_entry(void)
{
	cleanup_buf struct buf out = {0};
	struct pax_entry entry = {.type = '0',
		.path = "a/b",
		.target = "",
		.mode = 0100644,
		.uid = 07777777,
		.mtime_s = 5,
		.stored_bytes = 077777777777};

	unit_about("an entry that ustar holds");
	CHECK(pax_put_entry(&out, &entry, &err) == 0 && out.len == PAX_BLOCK);
	CHECK_STR(out.data, "a/b");
	CHECK_STR(out.data + 100, "0000644");
	CHECK_STR(out.data + 108, "7777777");
	CHECK(memcmp(out.data + 124, "77777777777", 12) == 0);
	CHECK(memcmp(out.data + 257, "ustar\00000", 8) == 0);
	CHECK(out.data[156] == '0' && out.data[154] == 0 && out.data[155] == ' ');
}

/* Whether the extended header of this entry has the text. */
static void check_has(const struct pax_entry *entry, const char *text)
{
	cleanup_buf struct buf out = {0};

	CHECK(pax_put_entry(&out, entry, &err) == 0 && out.len % PAX_BLOCK == 0);
	CHECK(out.len >= (size_t)3 * PAX_BLOCK && out.data[156] == 'x');
	CHECK(out.len > PAX_BLOCK && strstr(out.data + PAX_BLOCK, text) != NULL);
}

static void test_extended(void)
{
	char path[300];

	unit_about("what ustar does not hold");
	memset(path, 'p', sizeof(path));
	path[101] = 0;
	check_has(&(struct pax_entry){.path = path, .target = ""}, " path=ppp");
	check_has(&(struct pax_entry){.path = "caf\xc3\xa9", .target = ""}, "path=caf\xc3\xa9\n");
	check_has(&(struct pax_entry){.path = "l", .target = path}, " linkpath=ppp");
	path[5] = '\xff';
	check_has(&(struct pax_entry){.path = path, .target = ""}, "21 hdrcharset=BINARY\n");
	check_has(
		&(struct pax_entry){.path = "a", .target = "", .uid = 010000000}, " uid=2097152\n");
	check_has(&(struct pax_entry){.path = "a", .target = "", .gid = 4294967294},
		" gid=4294967294\n");
	check_has(&(struct pax_entry){.path = "a", .target = "", .stored_bytes = 8589934592},
		" size=8589934592\n");
	check_has(&(struct pax_entry){.path = "a", .target = "", .mtime_s = 3, .mtime_ns = 40},
		" mtime=3.000000040\n");
}

int main(void)
{
	test_records();
	test_plain_entry();
	test_extended();
	return unit_done();
}
