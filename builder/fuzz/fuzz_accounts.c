/* Texts of users and groups: whatever they are, a user that was added is found.
 * The input is cut at 0 bytes into the files. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "guest/accounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct accounts a = {0};
	struct err e = {0};
	uint32_t uid, gid, found_uid, found_gid;

	for (size_t i = 0; i < ACCOUNTS_N_FILES; i++) {
		const uint8_t *end = memchr(data, 0, len);
		size_t part = end ? (size_t)(end - data) : len;

		a.there[i] = true;
		if (buf_append(&a.texts[i], data, part, &e) < 0)
			abort();
		data += end ? part + 1 : part;
		len -= end ? part + 1 : part;
	}
	struct accounts_user u = {.name = "lin",
		.uid = ACCOUNTS_NO_ID,
		.gid = ACCOUNTS_NO_ID,
		.home = "/home/lin",
		.shell = "/bin/sh",
		.comment = ""};
	accounts_lock(&a, "root", &e);
	size_t before = a.texts[ACCOUNTS_PASSWD].len;
	if (accounts_add_user(&a, &u, &uid, &gid, &e) == 0) {
		if (accounts_find_user(&a, "lin", &found_uid, &found_gid, NULL, &e) != 1 ||
			found_uid != uid || found_gid != gid || uid == 0)
			abort();
		if (a.texts[ACCOUNTS_PASSWD].len <= before)
			abort();
	} else if (e.kind != ERR_CHECK) {
		abort();
	}
	accounts_release(&a);
	return 0;
}
