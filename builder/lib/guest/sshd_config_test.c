/* Our reading of sshd's configuration against sshd's own: what `sshd -T` prints, for connections
 * that match and that do not. */
#include "guest/sshd_config.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/outfile.h"
#include "base/proc.h"
#include "unit.h"

enum { N_SPECS = 4 };

/* Connections: none in particular, and three that Match blocks below can tell apart. */
static const char *const specs[N_SPECS] = {
	"",
	"user=ann,host=a.example,addr=192.0.2.1,laddr=192.0.2.9,lport=22",
	"user=bob,host=b.example,addr=10.0.0.1,laddr=192.0.2.9,lport=22",
	"user=root,host=b.example,addr=10.0.0.2,laddr=192.0.2.9,lport=22",
};

/* In all texts '@' stands for the folder of the files. */
static const struct config {
	const char *name;
	const char *text;
	const char *a; /* @/a.conf */
	const char *b; /* @/b.conf */
} configs[] = {
	{"nothing", "", NULL, NULL},
	{"all keywords",
		"PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
		"PermitRootLogin no\nPermitEmptyPasswords no\nUsePAM yes\n",
		NULL, NULL},
	{"the first value counts", "PasswordAuthentication no\nPasswordAuthentication yes\n", NULL,
		NULL},
	{"case of keywords and values", "pAsSwOrDaUtHeNtIcAtIoN NO\npermitrootlogin Yes\n", NULL,
		NULL},
	{"equals signs",
		"PasswordAuthentication=no\nPermitRootLogin = no\nX11Forwarding =yes\n"
		"UsePAM\t=\tyes\n",
		NULL, NULL},
	{"quotes", "PasswordAuthentication \"no\"\nPermitRootLogin 'no'\n\"UsePAM\" yes\n", NULL,
		NULL},
	{"comments", "# PasswordAuthentication no\n  # x\nPermitRootLogin no # why\n\n \t\n", NULL,
		NULL},
	{"blanks and carriage returns",
		"  PasswordAuthentication   no  \r\n\tPermitRootLogin\tno\t\f\n", NULL, NULL},
	{"the last line without its end", "PasswordAuthentication no", NULL, NULL},
	{"names of old", "ChallengeResponseAuthentication no\n", NULL, NULL},
	{"an old name first",
		"ChallengeResponseAuthentication no\n"
		"KbdInteractiveAuthentication yes\n",
		NULL, NULL},
	{"values that mean the same",
		"PermitRootLogin without-password\nAllowTcpForwarding all\n"
		"AllowStreamLocalForwarding local\n",
		NULL, NULL},
	{"Include", "Include @/a.conf\nPasswordAuthentication yes\n", "PasswordAuthentication no\n",
		NULL},
	{"Include behind", "PasswordAuthentication yes\nInclude @/a.conf\n",
		"PasswordAuthentication no\n", NULL},
	{"a pattern, in order", "Include @/?.conf\n", "PasswordAuthentication no\n",
		"PasswordAuthentication yes\nX11Forwarding yes\n"},
	{"two patterns", "Include @/b* @/a*\n", "PasswordAuthentication no\n",
		"PasswordAuthentication yes\n"},
	{"a pattern that finds nothing", "Include @/none/*.conf\nPermitRootLogin no\n", NULL, NULL},
	{"Include of Include", "Include @/a.conf\n", "Include @/b.conf\nPermitRootLogin yes\n",
		"PermitRootLogin no\n"},
	{"Match User", "PasswordAuthentication no\nMatch User ann\nPasswordAuthentication yes\n",
		NULL, NULL},
	{"Match replaces what stands before",
		"PermitRootLogin no\nMatch User root\n"
		"PermitRootLogin yes\n",
		NULL, NULL},
	{"two blocks",
		"Match User ann\nX11Forwarding yes\nMatch Address 10.0.0.0/8\n"
		"PasswordAuthentication no\n",
		NULL, NULL},
	{"the first value of a block",
		"Match User ann\nPasswordAuthentication no\n"
		"PasswordAuthentication yes\n",
		NULL, NULL},
	{"Match all", "PasswordAuthentication no\nMatch all\nPasswordAuthentication yes\n", NULL,
		NULL},
	{"Match all hides what comes behind",
		"Match all\nPasswordAuthentication no\n"
		"Match User ann\nPasswordAuthentication yes\n",
		NULL, NULL},
	{"Match before Match all",
		"Match User ann\nPasswordAuthentication yes\nMatch all\n"
		"PasswordAuthentication no\n",
		NULL, NULL},
	{"Match in an included file ends with it",
		"Include @/a.conf\nPasswordAuthentication no\nPermitRootLogin no\n",
		"Match User ann\nX11Forwarding yes\n", NULL},
	{"Include in a block", "Match User ann\nInclude @/a.conf\nX11Forwarding yes\n",
		"PasswordAuthentication no\n", NULL},
	{"Match all in a file that a block includes", "Match User ann\nInclude @/a.conf\n",
		"Match all\nPasswordAuthentication no\n", NULL},
	{"two conditions", "Match User bob Address 10.0.0.1\nPasswordAuthentication no\n", NULL,
		NULL},
	{"two blocks of a file that a block includes", "Match Address 10.*\nInclude @/a.conf\n",
		"Match User bob\nX11Forwarding yes\nMatch all\nPasswordAuthentication no\n", NULL},
};

/* What sshd does not start with. */
static const struct config refused[] = {
	{"no argument", "PasswordAuthentication\n", NULL, NULL},
	{"no argument but a comment", "PasswordAuthentication # no\n", NULL, NULL},
	{"no such value", "PasswordAuthentication maybe\n", NULL, NULL},
	{"no such way for root", "PermitRootLogin sometimes\n", NULL, NULL},
	{"quotes that do not end", "PasswordAuthentication \"no\n", NULL, NULL},
	{"two values", "PasswordAuthentication no yes\n", NULL, NULL},
	{"a fault in an included file", "Include @/a.conf\n", "UsePAM perhaps\n", NULL},
	{"a fault in a block", "Match User ann\nX11Forwarding perhaps\n", NULL, NULL},
	{"a file that includes itself", "Include @/a.conf\n", "Include @/a.conf\n", NULL},
};

static char folder[] = "/tmp/kiln-sshd-XXXXXX";

static char *expand(const char *text)
{
	struct buf out = {0};

	for (const char *p = text; *p; p++) {
		if (*p == '@')
			buf_puts(&out, folder, NULL);
		else
			buf_putc(&out, *p, NULL);
	}
	return buf_steal(&out, NULL);
}

/* Put a file into the tree and onto the host, by the same path. */
static void put_file(struct tree *t, const char *name, const char *text)
{
	cleanup_free char *path = mem_printf(NULL, "%s/%s", folder, name);

	unlink(path);
	if (!text)
		return;
	cleanup_free char *expanded = expand(text);
	struct tree_inode *inode = tree_inode_new(t, NULL);
	inode->mode = 0100644;
	inode->size = strlen(expanded);
	inode->origin = TREE_MEMORY;
	inode->bytes = tree_strndup(t, expanded, strlen(expanded), NULL);
	inode->n_spans = 1;
	inode->spans = tree_zalloc(t, sizeof(*inode->spans), NULL);
	inode->spans[0].length = inode->size;
	tree_put(t, path, inode, NULL);
	outfile_write(path, 0644, expanded, strlen(expanded), NULL);
}

static int load(const struct config *k, struct tree *t, struct sshd_config **c, struct err *e)
{
	cleanup_free char *path = mem_printf(NULL, "%s/main", folder);

	put_file(t, "main", k->text);
	put_file(t, "a.conf", k->a);
	put_file(t, "b.conf", k->b);
	return sshd_config_load(c, t, path, e);
}

/* sshd's answer for a connection; false when it refuses. sshd wants a folder in /run that only an
 * installed service has: make it in a namespace of our own. */
static bool ask(const char *spec, struct buf *out)
{
	cleanup_free char *command = mem_printf(NULL,
		"mount -t tmpfs none /run && mkdir -m 0755 /run/sshd && cd %s && "
		"exec /usr/sbin/sshd -T -f main -h key %s%s",
		folder, *spec ? "-C " : "", spec);
	char *const argv[] = {(char[]){"unshare"}, (char[]){"-rm"}, (char[]){"sh"}, (char[]){"-c"},
		command, NULL};
	const struct proc_options opt = {.out = out, .hide_stderr = true};

	return proc_run(argv, &opt, NULL, NULL) == 0;
}

/* Every value that a connection gets is one that can be, and each that can be is got by one. */
static void check_keyword(const struct sshd_config *c, const char *keyword, struct buf *answers)
{
	const struct sshd_setting *s;
	bool got[N_SPECS] = {false};
	bool reached = true;
	size_t at = 0;
	char *values[N_SPECS];

	for (size_t i = 0; i < N_SPECS; i++)
		values[i] = sshd_config_printed(buf_str(&answers[i]), keyword, NULL);
	if (!values[0])
		return;
	CHECK_STR(sshd_config_get(c, keyword)->value, values[0]);
	while ((s = sshd_config_possible(c, keyword, &at))) {
		bool any = false;

		for (size_t i = 0; i < N_SPECS; i++) {
			bool same = values[i] && strcmp(values[i], s->value) == 0;

			got[i] |= same;
			any |= same;
		}
		reached &= any;
	}
	CHECK(reached);
	for (size_t i = 0; i < N_SPECS; i++) {
		CHECK(got[i]);
		free(values[i]);
	}
}

static void test_config(const struct config *k)
{
	cleanup_sshd_config struct sshd_config *c = NULL;
	cleanup_tree struct tree *t = NULL;
	struct buf answers[N_SPECS] = {{0}};
	const char *keyword;

	unit_about(k->name);
	tree_new(&t, 0, NULL);
	if (!CHECK(load(k, t, &c, NULL) == 0))
		return;
	for (size_t i = 0; i < N_SPECS; i++)
		CHECK(ask(specs[i], &answers[i]));
	for (size_t i = 0; (keyword = sshd_config_choice(i)); i++)
		check_keyword(c, keyword, answers);
	for (size_t i = 0; i < N_SPECS; i++)
		buf_release(&answers[i]);
}

static void test_refused(const struct config *k)
{
	cleanup_sshd_config struct sshd_config *c = NULL;
	cleanup_tree struct tree *t = NULL;
	cleanup_buf struct buf out = {0};
	struct err e = {0};

	unit_about(k->name);
	tree_new(&t, 0, NULL);
	CHECK(load(k, t, &c, &e) < 0 && e.kind == ERR_FORMAT);
	CHECK(strstr(e.msg, "main:") != NULL);
	CHECK(!ask("", &out));
}

/* NULL when sshd can be asked. */
static const char *why_not(void)
{
	char *const keygen[] = {(char[]){"ssh-keygen"}, (char[]){"-qtrsa"}, (char[]){"-N"},
		(char[]){""}, (char[]){"-f"}, mem_printf(NULL, "%s/key", folder), NULL};
	const struct proc_options opt = {.hide_stderr = true};
	cleanup_tree struct tree *t = NULL;
	cleanup_buf struct buf out = {0};
	const char *why = NULL;

	tree_new(&t, 0, NULL);
	put_file(t, "main", "");
	if (access("/usr/sbin/sshd", X_OK) < 0)
		why = "/usr/sbin/sshd is not installed";
	else if (proc_run(keygen, &opt, NULL, NULL) < 0)
		why = "ssh-keygen cannot make a key";
	else if (!ask("", &out))
		why = "sshd -T does not run in a namespace of its own here";
	free(keygen[5]);
	return why;
}

int main(void)
{
	char *const rm[] = {(char[]){"rm"}, (char[]){"-rf"}, folder, NULL};
	const struct proc_options opt = {.hide_stderr = true};

	if (!mkdtemp(folder))
		return 1;
	const char *why = why_not();
	if (why) {
		printf("ok 1 - sshd's own reading # SKIP %s\n", why);
		unit_count = 1;
	}
	for (size_t i = 0; !why && i < sizeof(configs) / sizeof(configs[0]); i++)
		test_config(&configs[i]);
	for (size_t i = 0; !why && i < sizeof(refused) / sizeof(refused[0]); i++)
		test_refused(&refused[i]);
	proc_run(rm, &opt, NULL, NULL);
	return unit_done();
}
