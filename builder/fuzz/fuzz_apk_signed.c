/* An index file of any bytes, with its signature unchecked, gives text or an error; with one key
 * that signed nothing, always an error. */
#include <stdlib.h>

#include "apk/signed.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char name[] = "none.rsa.pub";
	static char pem[] = "none";
	struct apk_key key = {.name = name, .pem = {.data = pem, .len = sizeof(pem) - 1}};
	const struct apk_keys keys = {.items = &key, .n = 1};
	const struct apk_package want = {
		.name = "a", .version = "1", .arch = "x86_64", .size_bytes = len};
	cleanup_buf struct buf text = {0};
	struct err e = {0};

	if (apk_signed_index(&text, data, len, NULL, "input", &e) < 0 && e.kind != ERR_FORMAT &&
		e.kind != ERR_INTEGRITY)
		abort();
	if (apk_signed_index(&text, data, len, &keys, "input", &e) == 0 ||
		apk_signed_package(data, len, &want, &keys, "input", &e) == 0)
		abort();
	return 0;
}
