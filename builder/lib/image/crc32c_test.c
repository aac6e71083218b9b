#include "image/crc32c.h"

#include "unit.h"

int main(void)
{
	static const char digits[] = "123456789";
	unsigned char zeros[32] = {0};

	unit_about("known values (RFC 3720, appendix B.4)");
	CHECK((crc32c(0xffffffff, digits, 9) ^ 0xffffffff) == 0xe3069283);
	CHECK((crc32c(0xffffffff, zeros, 32) ^ 0xffffffff) == 0x8a9136aa);
	unit_about("in parts");
	for (size_t i = 0; i <= 9; i++)
		CHECK(crc32c(crc32c(0xffffffff, digits, i), digits + i, 9 - i) ==
			(0xe3069283 ^ 0xffffffff));
	return unit_done();
}
