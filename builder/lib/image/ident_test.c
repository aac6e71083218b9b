#include "image/ident.h"

#include "unit.h"

/* What every other program computes for the same names: Python's
 * uuid5(uuid5(UUID(int=0), "limekiln"), "agent-vm/x86_64/<role>"). */
static const struct {
	enum ident_role role;
	const char *want;
} vectors[] = {
	{IDENT_GPT_DISK, "ac2d82e5-ecf2-54ee-b0dc-ab614daacb59"},
	{IDENT_GPT_ESP, "e6861544-43f2-5f21-9d21-f20d32ae9b8c"},
	{IDENT_GPT_ROOT, "ef8c268d-04cc-5b16-9372-5e0d0975f1aa"},
	{IDENT_EXT4_UUID, "02eaf083-9213-5d55-a8bd-21e8616e8411"},
	{IDENT_EXT4_HASH_SEED, "a4baff76-643e-5b6e-8e92-374a051495fb"},
	{IDENT_FAT_SERIAL, "771609ad-3354-531b-b7c5-cbe2af37fec8"},
};

static void test_parse(void)
{
	unsigned char uuid[UUID_SIZE];
	char text[UUID_TEXT_SIZE];
	uint32_t serial = 0;

	unit_about("parsing");
	CHECK(ident_parse_uuid("00112233-4455-6677-8899-AabBccDDeeff", uuid, NULL) == 0);
	uuid5_format(uuid, text);
	CHECK_STR(text, "00112233-4455-6677-8899-aabbccddeeff");
	CHECK(ident_parse_uuid("00112233-4455-6677-8899-aabbccddeef", uuid, NULL) == -1);
	CHECK(ident_parse_uuid("00112233-4455-6677-8899-aabbccddeeff0", uuid, NULL) == -1);
	CHECK(ident_parse_uuid("00112233_4455-6677-8899-aabbccddeeff", uuid, NULL) == -1);
	CHECK(ident_parse_uuid("", uuid, NULL) == -1);
	CHECK(ident_parse_serial("12ab-CDEF", &serial, NULL) == 0 && serial == 0x12abcdef);
	ident_format_serial(serial, text);
	CHECK_STR(text, "12AB-CDEF");
	CHECK(ident_parse_serial("12ab-CDEG", &serial, NULL) == -1);
}

int main(void)
{
	char text[UUID_TEXT_SIZE];
	char fat[IDENT_FAT_TEXT_SIZE];
	uint32_t serial;

	unit_about("roles");
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		CHECK(ident_uuid_text("agent-vm/x86_64", vectors[i].role, text, NULL) == 0);
		CHECK_STR(text, vectors[i].want);
	}
	unit_about("FAT serial");
	CHECK(ident_fat_serial("agent-vm/x86_64", &serial, fat, NULL) == 0);
	CHECK(serial == 0x771609ad);
	CHECK_STR(fat, "7716-09AD");
	test_parse();
	return unit_done();
}
