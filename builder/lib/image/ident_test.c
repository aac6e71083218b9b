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
	return unit_done();
}
