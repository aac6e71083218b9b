#include "digest/uuid5.h"

#include "unit.h"

static const unsigned char dns[UUID_SIZE] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80,
	0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
static const unsigned char nil[UUID_SIZE];

static void check_uuid(const unsigned char space[UUID_SIZE], const char *name, const char *want)
{
	unsigned char uuid[UUID_SIZE];
	char text[UUID_TEXT_SIZE];

	CHECK(uuid5_make(space, name, uuid, NULL) == 0);
	uuid5_format(uuid, text);
	CHECK_STR(text, want);
}

int main(void)
{
	char text[UUID_TEXT_SIZE];

	/* RFC 9562, appendix A.4; the second is Python's documented example. */
	unit_about("vectors");
	check_uuid(dns, "www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2");
	check_uuid(dns, "python.org", "886313e1-3b8a-5372-9b90-0c9aee199e5d");

	unit_about("limekiln's namespace");
	uuid5_format(uuid5_limekiln, text);
	check_uuid(nil, "limekiln", text);
	return unit_done();
}
