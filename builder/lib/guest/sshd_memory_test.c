#include "guest/sshd_memory.h"

#include <stdlib.h>

#include "guest_tree.h"
#include "unit.h"

static struct err err;
static char key[SHA256_HEX_SIZE];

/* True when the key of the tree is another than before; *known as sshd_memory_key() has it. */
static bool changed(struct tree *t, bool *known)
{
	struct guest g = {.root = t};
	char now[SHA256_HEX_SIZE];
	bool other;

	CHECK(sshd_memory_key(&g, now, known, &err) == 0);
	other = strcmp(now, key) != 0;
	memcpy(key, now, sizeof(key));
	return other;
}

static void test_key(struct tree *t)
{
	static const char *const matter[] = {"etc/ssh/sshd_config", "etc/ssh/sshd_config.d/10.conf",
		"usr/sbin/sshd", "etc/passwd", "etc/group", "var/lib/dpkg/status",
		"lib/apk/db/installed", "etc/nsswitch.conf"};
	bool known;

	unit_about("key");
	put_text(t, "etc/ssh/sshd_config", "Include sshd_config.d/*.conf\nInclude /etc/ssh/x\n");
	CHECK(changed(t, &known) && known);
	CHECK(!changed(t, &known) && known);
	for (size_t i = 0; i < sizeof(matter) / sizeof(matter[0]); i++) {
		put_text(t, matter[i], "UseDNS no\n");
		if (!CHECK(changed(t, &known) && known))
			printf("# %s\n", matter[i]);
	}
	put_text(t, "etc/motd", "hello\n");
	put_text(t, "etc/cloud/cloud.cfg", "x: y\n");
	CHECK(!changed(t, &known) && known);
	/* A link's file counts, not where the link points. */
	put_text(t, "usr/share/one", "Port 22\n");
	put_link(t, "etc/ssh/link.conf", "/usr/share/one");
	CHECK(changed(t, &known) && known);
	put_text(t, "usr/share/one", "Port 23\n");
	CHECK(changed(t, &known) && known);
}

static void test_elsewhere(struct tree *t)
{
	static const char *const texts[] = {"Include /usr/share/x\n", "  include\t\"/etc/x\"\n",
		"INCLUDE=../x\n", "Port 22\nInclude a.conf /srv/b.conf\n"};
	bool known;

	unit_about("includes elsewhere");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put_text(t, "etc/ssh/sshd_config", texts[i]);
		changed(t, &known);
		CHECK(!known);
	}
	put_text(t, "etc/ssh/sshd_config", "# Include /usr/share/x\n");
	changed(t, &known);
	CHECK(known);
}

static void test_cache(void)
{
	char dir[] = "/tmp/sshd-memory.XXXXXX";
	cleanup_free char *got = NULL;

	unit_about("cache");
	CHECK(mkdtemp(dir) && setenv("LIMEKILN_CACHE", dir, 1) == 0);
	CHECK(sshd_memory_recall(key) == NULL);
	sshd_memory_keep(key, "port 22\n");
	got = sshd_memory_recall(key);
	CHECK_STR(got, "port 22\n");
	key[0] ^= 1;
	CHECK(sshd_memory_recall(key) == NULL);
	cleanup_free char *clean = mem_printf(NULL, "rm -rf %s", dir);
	CHECK(system(clean) == 0);
}

int main(void)
{
	cleanup_tree struct tree *t = NULL;

	CHECK(tree_new(&t, 1700000000, &err) == 0);
	test_key(t);
	test_elsewhere(t);
	test_cache();
	return unit_done();
}
