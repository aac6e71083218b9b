#include <string.h>
#include <sys/stat.h>

#include "guest/policy_check.h"

static bool is_deb(struct policy_ctx *c)
{
	if (c->f->packager != FACTS_DEB)
		policy_skip(c, "the guest has no dpkg");
	return c->f->packager == FACTS_DEB;
}

static bool is_apk(struct policy_ctx *c)
{
	if (c->f->packager != FACTS_APK)
		policy_skip(c, "the guest has no apk");
	return c->f->packager == FACTS_APK;
}

static int check_there(struct policy_ctx *c, struct err *e)
{
	if (c->f->packager == FACTS_NONE)
		return policy_found(c, e, "there is neither dpkg's nor apk's database");
	return c->f->n_packages > 0 ? 0 : policy_found(c, e, "the database has no package");
}

static int check_status(struct policy_ctx *c, struct err *e)
{
	if (!is_deb(c))
		return 0;
	for (size_t i = 0; i < c->f->n_packages; i++) {
		const struct facts_package *p = &c->f->packages[i];

		if (strcmp(p->status, "install ok installed") != 0 &&
			strcmp(p->status, "hold ok installed") != 0 &&
			policy_found(c, e, "%s: %s", p->name, p->status) < 0)
			return -1;
	}
	return 0;
}

static int check_pending(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (!is_deb(c))
		return 0;
	if (policy_empty_dir(c, "/var/lib/dpkg/updates", NULL, e) < 0 ||
		policy_empty_dir(c, "/var/lib/dpkg/tmp.ci", NULL, e) < 0 ||
		policy_read(c, "/var/lib/dpkg/triggers/Unincorp", &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		if (policy_found(c, e, "trigger %s", line) < 0)
			return -1;
	}
	return 0;
}

/* dpkg --audit: every installed package has its list of files, empty for a few. */
static int check_lists(struct policy_ctx *c, struct err *e)
{
	if (!is_deb(c))
		return 0;
	for (size_t i = 0; i < c->f->n_packages; i++) {
		const struct facts_package *p = &c->f->packages[i];
		cleanup_free char *plain = mem_printf(e, "/var/lib/dpkg/info/%s.list", p->name);
		cleanup_free char *multi =
			mem_printf(e, "/var/lib/dpkg/info/%s:%s.list", p->name, p->arch);
		bool is = false;
		bool is_multi = false;

		if (!plain || !multi || policy_exists(c, plain, &is, e) < 0 ||
			policy_exists(c, multi, &is_multi, e) < 0)
			return -1;
		if (strstr(p->status, " installed") && !is && !is_multi &&
			policy_found(c, e, "%s has no list of files", p->name) < 0)
			return -1;
	}
	return 0;
}

static int check_dpkg_file(struct policy_ctx *c, const char *path, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (policy_read(c, path, &text, NULL, e) < 0)
		return -1;
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		const char *option = line + strspn(line, "-");
		bool bad = (strncmp(option, "force-", 6) == 0 &&
				   strncmp(option, "force-conf", 10) != 0) ||
			   strcmp(option, "no-debsig-verify") == 0;

		if (bad && policy_found(c, e, "%s: %s", path, line) < 0)
			return -1;
	}
	return 0;
}

static int check_dpkg_options(struct policy_ctx *c, struct err *e)
{
	struct tree_node *dir;
	char path[TREE_PATH_TEXT];

	if (!is_deb(c))
		return 0;
	if (policy_lookup(c, "/etc/dpkg/dpkg.cfg.d", &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		if (check_dpkg_file(c, tree_node_path(n, path), e) < 0)
			return -1;
	}
	return 0;
}

/* apk's database: a package is lines "C:" (checksum), "P:" (name), "V:" (version). */
static int check_apk_db(struct policy_ctx *c, struct err *e)
{
	if (!is_apk(c))
		return 0;
	for (size_t i = 0; i < c->f->n_packages; i++) {
		const struct facts_package *p = &c->f->packages[i];

		if ((!*p->name || !*p->version) &&
			policy_found(c, e, "'%s' has version '%s'", p->name, p->version) < 0)
			return -1;
		for (size_t k = 0; k < i; k++) {
			if (strcmp(p->name, c->f->packages[k].name) == 0 &&
				policy_found(c, e, "%s is there twice", p->name) < 0)
				return -1;
		}
	}
	return 0;
}

/* True when a line "p:" (what a package provides: words "name" or "name=version") of apk's database
 * has the name. */
static bool is_provided(const char *db, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = db; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, "p:", 2) != 0)
			continue;
		for (const char *word = line + 2; *word && *word != '\n';) {
			if (strncmp(word, name, len) == 0 && strchr("= \n", word[len]))
				return true;
			word += strcspn(word, " \n");
			word += *word == ' ';
		}
	}
	return false;
}

/* A line of world: a name, maybe a constraint behind it, '!' before what must not be there. */
static int check_apk_world(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf text = {0};
	cleanup_buf struct buf db = {0};
	bool found;

	if (!is_apk(c))
		return 0;
	if (policy_read(c, "/lib/apk/db/installed", &db, &found, e) < 0 ||
		policy_read(c, "/etc/apk/world", &text, &found, e) < 0)
		return -1;
	if (!found)
		return policy_found(c, e, "/etc/apk/world is not there");
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		const char *why = NULL;

		if (*line == '.')
			why = "a name made up by the build";
		line[strcspn(line, "=<>~@")] = 0;
		if (*line != '!' && !why && !policy_has_package(c, line) &&
			!is_provided(buf_str(&db), line))
			why = "not installed";
		if (why && policy_found(c, e, "%s in /etc/apk/world: %s", line, why) < 0)
			return -1;
	}
	return 0;
}

static int check_apk_keys(struct policy_ctx *c, struct err *e)
{
	struct tree_node *dir;

	if (!is_apk(c))
		return 0;
	if (policy_lookup(c, "/etc/apk/keys", &dir, e) < 0)
		return -1;
	if (!dir || !dir->child)
		return policy_found(c, e, "there is no key in /etc/apk/keys");
	for (struct tree_node *n = dir->child; n; n = n->next) {
		size_t len = n->name_len;
		bool named = len > 8 && strcmp(n->name + len - 8, ".rsa.pub") == 0;
		bool own = !S_ISREG(n->inode->mode) ||
			   (n->inode->uid == 0 && (n->inode->mode & 022) == 0);

		if ((!named || !own) && policy_found(c, e, "/etc/apk/keys/%s", n->name) < 0)
			return -1;
	}
	return 0;
}

/* apk 3 takes options from these files, as it does from its command line. */
static int check_apk_options(struct policy_ctx *c, struct err *e)
{
	static const char *const paths[] = {"/etc/apk/config", "/etc/apk/apk.conf"};

	if (!is_apk(c))
		return 0;
	for (size_t i = 0; i < 2; i++) {
		cleanup_buf struct buf text = {0};

		if (policy_read(c, paths[i], &text, NULL, e) < 0)
			return -1;
		for (char *at = text.data, *line; (line = policy_line(&at));) {
			const char *option = line + strspn(line, "-");
			bool bad = strncmp(option, "allow-untrusted", 15) == 0 ||
				   strncmp(option, "force", 5) == 0 ||
				   strncmp(option, "no-check-certificate", 20) == 0;

			if (bad && policy_found(c, e, "%s: %s", paths[i], line) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_nix(struct policy_ctx *c, struct err *e)
{
	cleanup_buf struct buf text = {0};
	bool found;

	if (policy_read(c, "/etc/nix/nix.conf", &text, &found, e) < 0)
		return -1;
	if (!found)
		return policy_skip(c, "there is no /etc/nix/nix.conf");
	for (char *at = text.data, *line; (line = policy_line(&at));) {
		const char *value = strchr(line, '=');
		size_t len = strcspn(line, " \t=");

		value = value ? value + 1 + strspn(value + 1, " \t") : "";
		bool no = strcmp(value, "false") == 0;
		bool bad = (len == 12 && strncmp(line, "require-sigs", len) == 0 && no) ||
			   (len == 7 && strncmp(line, "sandbox", len) == 0 && no) ||
			   (len == 13 && strncmp(line, "trusted-users", len) == 0 &&
				   strchr(value, '*'));

		if (bad && policy_found(c, e, "/etc/nix/nix.conf: %s", line) < 0)
			return -1;
	}
	return 0;
}

static const struct policy_check checks[] = {
	{{"PKG-01", POLICY_ERROR, "there is a database of packages",
		 "the guest must be able to say what is in it"},
		check_there},
	{{"PKG-02", POLICY_ERROR, "dpkg: every package is installed and configured",
		 "dpkg --configure -a; purge what was removed"},
		check_status},
	{{"PKG-03", POLICY_ERROR, "dpkg: no updates and triggers that wait",
		 "dpkg --configure --pending"},
		check_pending},
	{{"PKG-04", POLICY_ERROR, "dpkg: every package has its list of files",
		 "install the package again"},
		check_lists},
	{{"PKG-05", POLICY_ERROR, "dpkg: no option forces anything", "take the line out"},
		check_dpkg_options},
	{{"PKG-06", POLICY_ERROR, "apk: the database is whole", "apk fix"}, check_apk_db},
	{{"PKG-07", POLICY_ERROR, "apk: world names what is installed, by lasting names",
		 "apk add with --virtual and a fixed name, or apk del"},
		check_apk_world},
	{{"PKG-08", POLICY_ERROR, "apk: keys that check packages are there, and root's",
		 "install alpine-keys"},
		check_apk_keys},
	{{"PKG-09", POLICY_ERROR, "apk: no option takes what is not signed", "take the line out"},
		check_apk_options},
	{{"PKG-10", POLICY_ERROR, "Nix checks signatures, sandboxes and trusts named users",
		 "take the line out"},
		check_nix},
};

POLICY_THEME(packages, checks, false);
