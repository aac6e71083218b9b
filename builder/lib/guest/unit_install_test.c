#include "guest/unit_install.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/proc.h"
#include "guest/unit_file.h"
#include "unit.h"

#define LIB "/usr/lib/systemd/system/"
#define ETC "/etc/systemd/system/"

static char top[] = "/tmp/unit-install-test.XXXXXX";

static const struct {
	const char *path, *text; /* text "-> x": a link */
} files[] = {
	{LIB "plain.service", "[Unit]\nDescription=x\n[Install]\nWantedBy=multi-user.target\n"},
	{LIB "many.service",
		"[Unit]\nWantedBy=no.target\n\n[Service]\nExecStart=/x \\\n[Install]\n"
		"# no\n[Install]\n WantedBy = a.target \\\n# between\n  \"b.target\" "
		"\nWantedBy=c.target\n"
		"RequiredBy=r.target\nAlias=other.service dbus-x.service\nAlso=plain.service "
		"absent.service\nUnknown=x\n[Other]\nWantedBy=d.target\n"},
	{LIB "reset.service", "[Install]\nWantedBy=a.target\nWantedBy=\nWantedBy=b.target\n"},
	{LIB "tty@.service", "[Install]\nWantedBy=getty.target %p.target\nDefaultInstance=tty1\n"},
	{LIB "inst@.service", "[Install]\nWantedBy=%i.target %N.target %j.target\n"
			      "Alias=al@.service\n"},
	{LIB "a-b-c@.service", "[Install]\nRequiredBy=%j.target\n"},
	{LIB "slot@.service", "[Install]\nWantedBy=pool@.target\n"},
	{LIB "need@.service", "[Install]\nWantedBy=a.target\n"},
	{LIB "named.service", "-> plain.service"},
	{LIB "sock.socket", "[Install]\nWantedBy=sockets.target\nAlso=sock.service\n"},
	{LIB "sock.service", "[Install]\nAlso=sock.socket\n"},
	{ETC "own.service", "[Install]\nWantedBy=multi-user.target"},
	{LIB "over.service", "[Install]\nWantedBy=lib.target\n"},
	{ETC "over.service", "[Install]\nWantedBy=etc.target\n"},
	{LIB "run.timer", "[Install]\nWantedBy=timers.target\r\n"},
	{ETC "masked.service", "-> /dev/null"},
	{LIB "static.service", "[Service]\nExecStart=/x\n"},
	{LIB "evil.service", "[Install]\nWantedBy=../../x.target\n"},
	{LIB "evil2.service", "[Install]\nWantedBy=a.target\nAlias=../x.service\n"},
	{LIB "spec.service", "[Install]\nWantedBy=%H.target\n"},
	{LIB "loop1.service", "-> loop2.service"},
	{LIB "loop2.service", "-> loop1.service"},
	{LIB "out.service", "-> ../../../etc/passwd"},
};

static void in_top(char path[512], const char *guest_path)
{
	snprintf(path, 512, "%s%s", top, guest_path);
}

static void make_root(void)
{
	char path[512];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		in_top(path, files[i].path);
		cleanup_free char *folder = io_dirname(path, NULL);
		io_mkdirs(folder, NULL);
		if (strncmp(files[i].text, "-> ", 3) == 0)
			CHECK(symlink(files[i].text + 3, path) == 0);
		else
			CHECK(outfile_write(
				      path, 0644, files[i].text, strlen(files[i].text), NULL) == 0);
	}
}

static int read_host(void *ctx, const char *path, struct buf *out, bool *found, struct err *e)
{
	char full[512];

	(void)ctx;
	in_top(full, path);
	*found = access(full, R_OK) == 0;
	return *found ? io_read_file(full, UNIT_FILE_MAX, out, e) : 0;
}

static int readlink_host(
	void *ctx, const char *path, struct buf *target, bool *found, struct err *e)
{
	char full[512], text[512];

	(void)ctx;
	in_top(full, path);
	ssize_t n = readlink(full, text, sizeof(text));
	*found = n >= 0;
	return *found ? buf_append(target, text, (size_t)n, e) : 0;
}

static const struct unit_root root = {.read = read_host, .readlink = readlink_host};

static struct strv *collected;

static int collect(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char target[512] = "";

	(void)st;
	(void)ftw;
	if (type == FTW_SL && readlink(path, target, sizeof(target) - 1) > 0)
		strv_addf(collected, NULL, "%s -> %s", path + strlen(top), target);
	return 0;
}

/* All links in the configuration folder, sorted. */
static void list_links(struct strv *links)
{
	char path[512];

	in_top(path, UNIT_CONFIG_DIR);
	collected = links;
	nftw(path, collect, 8, FTW_PHYS);
	strv_sort(links);
}

/* What systemctl makes of the same folder: its links that were not there before. Then disabled. */
static void ask_systemctl(const char *unit, struct strv *made, size_t *left)
{
	cleanup_strv struct strv before = {0}, after = {0}, end = {0};
	cleanup_free char *option = mem_printf(NULL, "--root=%s", top);
	struct proc_options quiet = {.hide_stderr = true};
	const char *enable[] = {"systemctl", option, "enable", unit, NULL};
	const char *disable[] = {"systemctl", option, "disable", unit, NULL};
	char *argv[5];

	list_links(&before);
	memcpy(argv, enable, sizeof(argv));
	CHECK(proc_run(argv, &quiet, NULL, NULL) == 0);
	list_links(&after);
	memcpy(argv, disable, sizeof(argv));
	CHECK(proc_run(argv, &quiet, NULL, NULL) == 0);
	list_links(&end);
	*left = end.n - before.n;
	for (size_t i = 0; i < after.n; i++) {
		if (!strv_contains(&before, after.items[i]))
			strv_add(made, after.items[i], NULL);
	}
}

static bool is_disabled(const char *link, const struct strv *names)
{
	cleanup_free char *path = mem_strndup(link, strcspn(link, " "), NULL);
	const char *target = strstr(link, " -> ") + 4;

	for (size_t i = 0; i < names->n; i++) {
		if (unit_link_enables(io_basename(path), target, names->items[i]))
			return true;
	}
	return false;
}

static void compare(const char *unit)
{
	cleanup_strv struct strv want = {0}, names = {0};
	struct unit_links links = {0};
	struct err e = {0};
	size_t left, kept = 0;

	ask_systemctl(unit, &want, &left);
	CHECK(unit_install_links(&links, &root, unit, &e) == 0);
	CHECK_STR(e.msg, "");
	CHECK(want.n > 0 && links.n == want.n);
	for (size_t i = 0; i < want.n; i++) {
		cleanup_free char *got = i < links.n
						 ? mem_printf(NULL, "%s -> %s", links.items[i].path,
							   links.items[i].target)
						 : NULL;
		CHECK_STR(got, want.items[i]);
	}
	CHECK(unit_install_names(&names, &root, unit, &e) == 0);
	for (size_t i = 0; i < want.n; i++)
		kept += !is_disabled(want.items[i], &names);
	CHECK(kept == left);
	unit_links_release(&links);
}

static void test_against_systemctl(void)
{
	static const char *const units[] = {"plain.service", "plain", "many.service", "reset",
		"tty@.service", "tty@tty7.service", "inst@x.service", "inst@y", "a-b-c@q.service",
		"slot@.service", "slot@1.service", "named.service", "sock.socket", "sock.service",
		"own", "over", "run.timer"};

	unit_about("as systemctl does");
	if (!proc_exists("systemctl")) {
		printf("ok %d - # SKIP systemctl is not installed\n", ++unit_count);
		return;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		printf("# %s\n", units[i]);
		compare(units[i]);
	}
}

static void test_refusals(void)
{
	static const struct {
		const char *unit, *says;
		enum err_kind kind;
	} cases[] = {
		{"absent", "there is no unit absent.service in the guest", ERR_CHECK},
		{"masked", "unit masked.service is masked", ERR_CHECK},
		{"static", "has no [Install] section", ERR_CHECK},
		{"need@.service", "a template that needs an instance, such as need@x", ERR_CHECK},
		{"evil", "names '../../x.target', which is no unit", ERR_FORMAT},
		{"evil2", "names '../x.service', which is no unit", ERR_FORMAT},
		{"spec", "specifiers other than", ERR_UNSUPPORTED},
		{"loop1", "too many aliases", ERR_FORMAT},
		{"out", "leads to what is no unit", ERR_FORMAT},
		{"@.service", "is no name of a unit", ERR_FORMAT},
	};

	unit_about("refused");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct unit_links links = {0};
		struct err e = {0};

		CHECK(unit_install_links(&links, &root, cases[i].unit, &e) == -1 &&
			e.kind == cases[i].kind);
		if (!CHECK(strstr(e.msg, cases[i].says)))
			printf("# %s\n", e.msg);
		unit_links_release(&links);
	}
}

static void test_names(void)
{
	static const struct {
		const char *text, *name, *want;
	} expanded[] = {
		{"a", "x.service", "a"},
		{"%n", "a-b@c.d.service", "a-b@c.d.service"},
		{"%N", "a-b@c.d.service", "a-b@c.d"},
		{"%p-%j-%i", "a-b@c.d.service", "a-b-b-c.d"},
		{"%i%%", "a.service", "%"},
	};

	unit_about("names");
	for (size_t i = 0; i < sizeof(expanded) / sizeof(expanded[0]); i++) {
		cleanup_free char *got = unit_name_expand(expanded[i].text, expanded[i].name, NULL);
		CHECK_STR(got, expanded[i].want);
	}
	CHECK(unit_name_expand("a%", "x.service", NULL) == NULL);
	CHECK(unit_name_is_valid("a.socket") && unit_name_is_valid("a@b\\x2d.service"));
	CHECK(!unit_name_is_valid("a") && !unit_name_is_valid(".service"));
	CHECK(!unit_name_is_valid("a/b.service") && !unit_name_is_valid("@a.service"));
	CHECK(!unit_name_is_valid("a.serviced") && !unit_name_is_valid("a b.service"));
	CHECK(unit_name_is_template("a@.path") && !unit_name_is_template("a@b.path"));
	CHECK(unit_name_is_instance("a@b.path") && !unit_name_is_instance("a.path"));
	CHECK(unit_link_enables("a.service", "/lib/b.service", "b.service"));
	CHECK(unit_link_enables("a@x.service", "/lib/a@.service", "a@.service"));
	CHECK(unit_link_enables("a@x.service", "/lib/a@.service", "a@x.service"));
	CHECK(!unit_link_enables("a@x.service", "/lib/a@.service", "a@y.service"));
	CHECK(!unit_link_enables("a.service", "/dev/null", "a.service"));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	make_root();
	test_names();
	test_against_systemctl();
	test_refusals();
	nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return unit_done();
}
