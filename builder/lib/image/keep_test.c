#include "image/keep.h"

#include <stdlib.h>

#include "unit.h"

static struct err err;

static const char full[] = "{\n"
			   "  \"disk_uuid\": \"a3f0c2b4-1111-4222-8333-0123456789ab\",\n"
			   "  \"esp\": {\n"
			   "    \"fat_label\": \"UEFI\",\n"
			   "    \"fat_serial\": \"1A2B-3C4D\",\n"
			   "    \"name\": \"\",\n"
			   "    \"number\": 15,\n"
			   "    \"uuid\": \"a3f0c2b4-1111-4222-8333-0123456789ac\"\n"
			   "  },\n"
			   "  \"root\": {\n"
			   "    \"fs_label\": \"cloudimg-rootfs\",\n"
			   "    \"fs_uuid\": \"a3f0c2b4-1111-4222-8333-0123456789ae\",\n"
			   "    \"name\": \"r\xc3\xb6ot\",\n"
			   "    \"number\": 1,\n"
			   "    \"type\": \"0fc63daf-8483-4772-8e79-3d69d8477de4\",\n"
			   "    \"uuid\": \"a3f0c2b4-1111-4222-8333-0123456789ad\"\n"
			   "  }\n"
			   "}\n";

static int parse(struct disk_keep *k, const char *text)
{
	err_clear(&err);
	return keep_parse(k, text, strlen(text), "k.json", &err);
}

static void test_round_trip(void)
{
	cleanup_buf struct buf out = {0};
	struct disk_keep k;

	unit_about("read and written");
	CHECK(parse(&k, full) == 0);
	CHECK(k.esp.number == 15 && k.root.number == 1);
	CHECK_STR(k.root.fs_label, "cloudimg-rootfs");
	CHECK(keep_format(&k, &out, &err) == 0);
	CHECK_STR(out.data, full);
	CHECK(parse(&k, "{}") == 0 && !*k.disk_uuid && !k.esp.number && !*k.root.fs_uuid);
}

static void test_faults(void)
{
	static const char *const faults[][2] = {
		{"{\"root\": 5}", "k.json: root is no object"},
		{"{\"boot\": {}}", "k.json: unknown key 'boot'"},
		{"{\"esp\": {\"type\": \"\"}}", "k.json: unknown key 'type'"},
		{"{\"disk_uuid\": 5}", "k.json: key 'disk_uuid' is not a string"},
		{"{\"disk_uuid\": \"a3f0c2b4\"}",
			"k.json: disk_uuid 'a3f0c2b4' cannot be kept: it must be a GUID"},
		{"{\"esp\": {\"number\": 129}}", "k.json: a number is not one from 0 to 128"},
		{"{\"esp\": {\"number\": 3}, \"root\": {\"number\": 3}}",
			"k.json: the partition numbers 3 and 3 cannot be kept"},
		{"{\"root\": {\"fs_label\": \"0123456789abcdefg\"}}",
			"k.json: root.fs_label '0123456789abcdefg' cannot be kept: it must be 16 "
			"printable bytes at most"},
		{"{\"esp\": {\"fat_label\": \"a:b\"}}", "k.json: esp.fat_label 'a:b' cannot be "
							"kept: it must be 11 ASCII characters "
							"at most that a FAT label may have"},
		{"{\"esp\": {\"fat_serial\": \"1a2b3c4d\"}}",
			"k.json: esp.fat_serial '1a2b3c4d' cannot be kept: it must be a serial "
			"number XXXX-XXXX"},
	};

	unit_about("faults");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct disk_keep k;

		CHECK(parse(&k, faults[i][0]) == -1 && err.kind == ERR_FORMAT);
		CHECK_STR(err.msg, faults[i][1]);
	}
}

static void test_from_parts(void)
{
	struct parts *p = calloc(1, sizeof(*p));
	struct part root = {.number = 1, .uuid = "a3f0c2b4-1111-4222-8333-0123456789ad"};
	struct part esp = {.number = 15, .fs_uuid = "1A2B-3C4D", .fs_label = "UEFI"};
	struct disk_keep k;

	unit_about("from a disk");
	if (!CHECK(p != NULL))
		return;
	strcpy(root.fs_label, "cloudimg-rootfs");
	p->table = PARTS_GPT;
	CHECK(keep_from_parts(&k, p, &root, &esp, &err) == 0);
	CHECK(k.root.number == 1 && k.esp.number == 15);
	CHECK_STR(k.root.uuid, root.uuid);
	CHECK_STR(k.esp.fat_serial, "1A2B-3C4D");
	CHECK_STR(k.esp.fat_label, "UEFI");
	p->table = PARTS_MBR;
	CHECK(keep_from_parts(&k, p, &root, NULL, &err) == 0);
	CHECK(k.root.number == 0 && !*k.root.uuid && !*k.esp.fat_serial);
	CHECK_STR(k.root.fs_label, "cloudimg-rootfs");
	strcpy(root.fs_label, "bell\a");
	CHECK(keep_from_parts(&k, p, &root, NULL, &err) == -1 && err.kind == ERR_UNSUPPORTED);
	CHECK_STR(err.msg,
		"root.fs_label 'bell\\x07' cannot be kept: it must be 16 printable bytes "
		"at most");
	free(p);
}

int main(void)
{
	test_round_trip();
	test_faults();
	test_from_parts();
	return unit_done();
}
