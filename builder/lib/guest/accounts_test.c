#include "guest/accounts.h"

#include <stdlib.h>

#include "unit.h"

static void put(struct accounts *a, enum accounts_file file, const char *text)
{
	buf_puts(&a->texts[file], text, NULL);
	a->there[file] = true;
}

static void fill(struct accounts *a)
{
	*a = (struct accounts){0};
	put(a, ACCOUNTS_PASSWD,
		"root:x:0:0:root:/root:/bin/bash\nodd\ncrypt:$6$x:42:42::/:/bin/sh\n"
		"last:x:999:999::/nonexistent:/usr/sbin/nologin");
	put(a, ACCOUNTS_GROUP, "root:x:0:\nadm:x:4:\nsudo:x:27:root\ntaken:x:1000:\nlast:x:999:\n");
	put(a, ACCOUNTS_SHADOW,
		"root:$6$hash:19000:0:99999:7:::\nlast:*:19000::::::\nempty::1::::::\n");
	put(a, ACCOUNTS_GSHADOW, "root:*::\nsudo:!::root\nadm:!:chief:\n");
	put(a, ACCOUNTS_SUBUID, "someone:100000:65536\n");
	put(a, ACCOUNTS_SUBGID, "");
}

static struct accounts_user lin(const struct strv *groups)
{
	return (struct accounts_user){.name = "lin",
		.uid = ACCOUNTS_NO_ID,
		.gid = ACCOUNTS_NO_ID,
		.groups = groups,
		.home = "/home/lin",
		.shell = "/bin/bash",
		.comment = "Lin",
		.day_s = 86400 * 20000 + 86399};
}

static void test_add_user(void)
{
	struct accounts a;
	struct strv groups = {0};
	struct err e = {0};
	uint32_t uid = 0, gid = 0;

	unit_about("add a user");
	fill(&a);
	strv_add(&groups, "adm", NULL);
	strv_add(&groups, "sudo", NULL);
	struct accounts_user u = lin(&groups);
	CHECK(accounts_add_user(&a, &u, &uid, &gid, &e) == 0);
	CHECK(uid == 1001 && gid == 1001); /* a group has 1000 */
	CHECK_STR(buf_str(&a.texts[ACCOUNTS_PASSWD]),
		"root:x:0:0:root:/root:/bin/bash\nodd\ncrypt:$6$x:42:42::/:/bin/sh\n"
		"last:x:999:999::/nonexistent:/usr/sbin/nologin\n"
		"lin:x:1001:1001:Lin:/home/lin:/bin/bash\n");
	CHECK_STR(buf_str(&a.texts[ACCOUNTS_GROUP]),
		"root:x:0:\nadm:x:4:lin\nsudo:x:27:root,lin\ntaken:x:1000:\nlast:x:999:\n"
		"lin:x:1001:\n");
	CHECK_STR(buf_str(&a.texts[ACCOUNTS_SHADOW]),
		"root:$6$hash:19000:0:99999:7:::\nlast:*:19000::::::\nempty::1::::::\n"
		"lin:!:20000:0:99999:7:::\n");
	CHECK_STR(buf_str(&a.texts[ACCOUNTS_GSHADOW]),
		"root:*::\nsudo:!::root,lin\nadm:!:chief:lin\nlin:!::\n");
	CHECK_STR(buf_str(&a.texts[ACCOUNTS_SUBUID]), "someone:100000:65536\nlin:165536:65536\n");
	CHECK_STR(buf_str(&a.texts[ACCOUNTS_SUBGID]), "lin:100000:65536\n");
	CHECK(accounts_add_user(&a, &u, &uid, &gid, &e) == -1 && e.kind == ERR_CHECK);
	CHECK_STR(e.msg, "user 'lin' is there already");
	strv_release(&groups);
	accounts_release(&a);
}

static void test_system_user(void)
{
	struct accounts a;
	struct err e = {0};
	uint32_t uid = 0, gid = 0;

	unit_about("add a system user");
	fill(&a);
	struct accounts_user u = lin(NULL);
	u.system = true;
	CHECK(accounts_add_user(&a, &u, &uid, &gid, &e) == 0 && uid == 998 && gid == 998);
	CHECK(strstr(buf_str(&a.texts[ACCOUNTS_SHADOW]), "\nlin:!:20000::::::\n") != NULL);
	CHECK(!a.changed[ACCOUNTS_SUBUID] && a.changed[ACCOUNTS_PASSWD]);
	accounts_release(&a);
}

static void test_refusals(void)
{
	struct accounts a;
	struct strv groups = {0};
	struct err e = {0};

	unit_about("refused");
	fill(&a);
	struct accounts_user u = lin(NULL);
	u.uid = 999;
	CHECK(accounts_add_user(&a, &u, NULL, NULL, &e) == -1);
	CHECK_STR(e.msg, "another user has the number 999");
	u = lin(NULL);
	u.gid = 77;
	CHECK(accounts_add_user(&a, &u, NULL, NULL, &e) == -1);
	CHECK_STR(e.msg, "there is no group with the number 77");
	strv_add(&groups, "wheel", NULL);
	u = lin(&groups);
	CHECK(accounts_add_user(&a, &u, NULL, NULL, &e) == -1);
	CHECK_STR(e.msg, "there is no group 'wheel' in the guest");
	CHECK(accounts_add_group(&a, "adm", 5, false, &e) == -1 && e.kind == ERR_CHECK);
	CHECK(accounts_add_group(&a, "new", 4, false, &e) == -1);
	CHECK_STR(e.msg, "another group has the number 4");
	CHECK(accounts_lock(&a, "nobody", &e) == -1 && e.kind == ERR_CHECK);
	for (size_t i = 0; i < ACCOUNTS_N_FILES; i++)
		CHECK(!a.changed[i]);
	strv_release(&groups);
	accounts_release(&a);
}

static void test_groups(void)
{
	struct accounts a;
	uint32_t gid = 0;

	unit_about("groups");
	fill(&a);
	CHECK(accounts_add_group(&a, "one", ACCOUNTS_NO_ID, false, NULL) == 0);
	CHECK(accounts_find_group(&a, "one", &gid) && gid == 1001);
	CHECK(accounts_add_group(&a, "two", ACCOUNTS_NO_ID, true, NULL) == 0);
	CHECK(accounts_find_group(&a, "two", &gid) && gid == 998);
	CHECK(accounts_add_group(&a, "three", 333, true, NULL) == 0);
	CHECK(accounts_find_group(&a, "three", &gid) && gid == 333);
	CHECK(!accounts_find_group(&a, "thre", &gid) && !accounts_find_group(&a, "", &gid));
	accounts_release(&a);
}

static void test_lock(void)
{
	struct accounts a;

	unit_about("lock");
	fill(&a);
	CHECK(accounts_lock(&a, "last", NULL) == 0 && !a.changed[ACCOUNTS_SHADOW]);
	CHECK(accounts_lock(&a, "root", NULL) == 0 && a.changed[ACCOUNTS_SHADOW]);
	CHECK(strncmp(buf_str(&a.texts[ACCOUNTS_SHADOW]), "root:!:19000:0:99999:7:::\n", 26) == 0);
	CHECK(!a.changed[ACCOUNTS_PASSWD]);
	CHECK(accounts_lock(&a, "crypt", NULL) == 0);
	CHECK(strstr(buf_str(&a.texts[ACCOUNTS_PASSWD]), "\ncrypt:!:42:42:") != NULL);
	accounts_release(&a);
}

static void test_owner(void)
{
	static const struct {
		const char *owner;
		uint32_t uid, gid;
	} good[] = {
		{"root", 0, 0},
		{"last", 999, 999},
		{"last:adm", 999, 4},
		{"5:adm", 5, 4},
		{"5:6", 5, 6},
		{"5", 5, 5},
		{"last:0", 999, 0},
	};
	struct accounts a;
	struct err e = {0};

	unit_about("owner");
	fill(&a);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint32_t uid = 7, gid = 7;

		CHECK(accounts_owner(&a, good[i].owner, &uid, &gid, &e) == 0);
		CHECK(uid == good[i].uid && gid == good[i].gid);
	}
	uint32_t uid, gid;
	CHECK(accounts_owner(&a, "nobody", &uid, &gid, &e) == -1 && e.kind == ERR_CHECK);
	CHECK(accounts_owner(&a, "root:wheel", &uid, &gid, &e) == -1);
	CHECK_STR(e.msg, "there is no group 'wheel' in the guest");
	char *home = NULL;
	CHECK(accounts_find_user(&a, "root", &uid, &gid, &home, &e) == 1);
	CHECK_STR(home, "/root");
	free(home);
	CHECK(accounts_find_user(&a, "odd", &uid, &gid, NULL, &e) == 0);
	accounts_release(&a);
}

int main(void)
{
	test_add_user();
	test_system_user();
	test_refusals();
	test_groups();
	test_lock();
	test_owner();
	return unit_done();
}
