#include "guest/policy.h"

#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

/* A guest without a disk: an empty tree with sshd's configuration in it. */
static struct tree *make_tree(const char *sshd_config)
{
	struct tree *t = NULL;

	tree_new(&t, 0, NULL);
	struct tree_inode *inode = tree_inode_new(t, NULL);
	inode->mode = 0100644;
	inode->size = strlen(sshd_config);
	inode->origin = TREE_MEMORY;
	inode->bytes = sshd_config;
	inode->n_spans = 1;
	inode->spans = tree_zalloc(t, sizeof(*inode->spans), NULL);
	inode->spans[0].length = inode->size;
	tree_put(t, "/etc/ssh/sshd_config", inode, NULL);
	return t;
}

struct result {
	enum policy_status status;
	char found[4096];
};

/* What a check says when sshd -T printed settings in a guest with this configuration. */
static struct result run(const char *id, const char *config, const char *settings)
{
	static char none[] = "";
	cleanup_tree struct tree *t = make_tree(config);
	struct part root = {.number = 1};
	struct guest g = {.fd = -1, .root = t, .root_part = &root};
	const struct facts f = {.id = none, .arch = none};
	const struct policy_options opt = {.sshd_settings = settings, .lima = true};
	struct policy_report r = {0};
	struct result result = {.found = ""};

	CHECK(policy_run(&r, &g, &f, &opt, NULL) == 0);
	for (size_t i = 0; i < r.n; i++) {
		if (strcmp(r.items[i].check->id, id) != 0)
			continue;
		result.status = r.items[i].status;
		snprintf(result.found, sizeof(result.found), "%s", r.items[i].found);
	}
	policy_report_release(&r);
	return result;
}

static void test_agreement(void)
{
	unit_about("SSH-06");
	CHECK(run("SSH-06", "PermitRootLogin no\n", NULL).status == POLICY_SKIPPED);
	CHECK(run("SSH-06", "PermitRootLogin no\n", "permitrootlogin no\n").status ==
		POLICY_PASSED);
	CHECK(run("SSH-06", "", "port 22\npermitrootlogin without-password\n").status ==
		POLICY_PASSED);

	struct result r = run("SSH-06", "PermitRootLogin no\n", "permitrootlogin yes\n");
	CHECK(r.status == POLICY_FAILED);
	CHECK_STR(r.found, "permitrootlogin: the files say no, sshd -T says yes");
}

static void test_both(void)
{
	unit_about("settings that only sshd -T knows");
	struct result r =
		run("SSH-01", "PasswordAuthentication no\n", "passwordauthentication yes\n");
	CHECK(r.status == POLICY_FAILED);
	CHECK_STR(r.found, "sshd -T says: passwordauthentication yes, not no");
}

static void test_escaped(void)
{
	unit_about("texts from the guest");
	struct result r = run("SSH-00", "Port\x1b[31m\n", NULL);
	CHECK(r.status == POLICY_FAILED);
	CHECK(strstr(r.found, "Port\\x1b[31m has no argument") != NULL);
}

static void test_many(void)
{
	struct result r;

	unit_about("many faults of one check");
	r = run("SSH-10",
		"Port 1\nPort 2\nPort 3\nPort 4\nPort 5\nPort 6\nPort 7\nPort 8\nPort 9\n"
		"Port 10\nPort 11\nPort 12\nPort 13\nPort 14\nPort 15\nPort 16\nPort 17\nPort 18\n"
		"Port 19\nPort 20\nPort 21\nPort 23\n",
		NULL);
	CHECK(r.status == POLICY_FAILED);
	CHECK(strstr(r.found, "\nand 2 more") != NULL);
	r = run("SSH-10", "Port 22\n", NULL);
	CHECK(r.status == POLICY_PASSED);
}

int main(void)
{
	test_agreement();
	test_both();
	test_escaped();
	test_many();
	return unit_done();
}
