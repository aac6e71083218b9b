#include "apt_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/outfile.h"
#include "base/proc.h"
#include "digest/sha256.h"

#define DEFAULT_KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"

struct apt_root {
	char *folder;
	char *config_env; /* "APT_CONFIG=..." */
	int lock_fd;
};

char *apt_root_uri(const struct mirror *m, struct err *e)
{
	cleanup_buf struct buf uri = {0};

	if (!m->is_folder)
		return mem_strdup(m->base, e);
	/* "copy:" works like a server's files; with "file:" apt would use the folder in place. */
	if (buf_puts(&uri, "copy:", e) < 0 || mirror_put_encoded(&uri, m->base, e) < 0)
		return NULL;
	return buf_steal(&uri, e);
}

static int put_words(struct buf *out, const char *field, const struct strv *words, struct err *e)
{
	if (buf_printf(out, e, "%s:", field) < 0)
		return -1;
	for (size_t i = 0; i < words->n; i++) {
		if (buf_printf(out, e, " %s", words->items[i]) < 0)
			return -1;
	}
	return buf_putc(out, '\n', e);
}

/* The keys that sign the archive: given, the archive's own or Debian's. The caller frees. */
static char *find_keyring(const struct recipe_archive *a, const char *given, struct err *e)
{
	const char *path = given ? given : a->keyring ? a->keyring : DEFAULT_KEYRING;
	cleanup_free char *real = realpath(path, NULL);

	if (!real || access(real, R_OK) < 0) {
		err_set_errno(e, ERR_IO,
			"keyring %s of archive '%s' (install the package that has it, such as "
			"debian-archive-keyring, or name another with --keyring)",
			path, a->name);
		return NULL;
	}
	/* Signed-By is a list of words, with no way to write a blank. */
	if (strpbrk(real, " \t\n")) {
		err_set(e, ERR_UNSUPPORTED, "keyring %s: apt takes no path with blanks; move it",
			real);
		return NULL;
	}
	return steal_ptr(&real);
}

/* sources.list(5), deb822 style */
static int put_sources(struct buf *out, const struct recipe *r, const char *deb_arch,
	const struct mirrors *mirrors, const char *keyring, struct err *e)
{
	for (size_t i = 0; i < r->n_archives; i++) {
		const struct recipe_archive *a = &r->archives[i];
		cleanup_free char *uri = apt_root_uri(mirrors_get(mirrors, a->name), e);
		cleanup_free char *keys = NULL;

		if (a->suites.n == 0)
			continue;
		keys = find_keyring(a, keyring, e);
		if (!uri || !keys || buf_printf(out, e, "Types: deb\nURIs: %s\n", uri) < 0 ||
			put_words(out, "Suites", &a->suites, e) < 0 ||
			put_words(out, "Components", &a->components, e) < 0 ||
			buf_printf(out, e, "Architectures: %s\nSigned-By: %s\n\n", deb_arch, keys) <
				0)
			return -1;
	}
	return 0;
}

/* apt.conf(5) takes no quotes or backslashes inside a quoted word. */
static int put_setting(struct buf *out, const char *key, const char *value, struct err *e)
{
	if (!value)
		return 0;
	if (value[strcspn(value, "\"\\\n")])
		return err_set(e, ERR_UNSUPPORTED,
			"'%s': apt cannot take quotes and backslashes in %s", value, key);
	return buf_printf(out, e, "%s \"%s\";\n", key, value);
}

/* Everything apt would otherwise read from the host is named here, so that it does not. */
static int put_config(struct buf *out, const struct apt_root *a, const char *deb_arch,
	const struct mirror_access *access, struct err *e)
{
	static const char fixed[] = "Dir::Etc \"etc\";\n"
				    "Dir::Etc::Main \"/dev/null\";\n"
				    "Dir::Etc::Parts \"/dev/null\";\n"
				    "Dir::Etc::SourceList \"limekiln.sources\";\n"
				    "Dir::Etc::SourceParts \"/dev/null\";\n"
				    "Dir::Etc::Trusted \"/dev/null\";\n"
				    "Dir::Etc::TrustedParts \"/dev/null\";\n"
				    "Dir::Etc::Preferences \"/dev/null\";\n"
				    "Dir::Etc::PreferencesParts \"/dev/null\";\n"
				    "Dir::Etc::Netrc \"/dev/null\";\n"
				    "Dir::Etc::NetrcParts \"/dev/null\";\n"
				    "Dir::State \"state\";\n"
				    "Dir::State::status \"status\";\n"
				    "Dir::Cache \"cache\";\n"
				    "Dir::Log \"log\";\n"
				    "APT::Install-Recommends \"false\";\n"
				    "APT::Install-Suggests \"false\";\n"
				    "APT::Sandbox::User \"root\";\n"
				    "APT::Update::Error-Mode \"any\";\n"
				    "Acquire::ForceHash \"SHA256\";\n"
				    "Acquire::Languages \"none\";\n"
				    "Acquire::PDiffs \"false\";\n"
				    "Acquire::Retries \"3\";\n"
				    "Acquire::http::Timeout \"30\";\n"
				    "Acquire::https::Timeout \"30\";\n";

	if (put_setting(out, "Dir", a->folder, e) < 0 || buf_puts(out, fixed, e) < 0 ||
		buf_printf(out, e,
			"APT::Architecture \"%s\";\n#clear APT::Architectures;\n"
			"APT::Architectures { \"%s\"; };\n",
			deb_arch, deb_arch) < 0 ||
		put_setting(out, "Acquire::http::Proxy", access->http_proxy, e) < 0 ||
		put_setting(out, "Acquire::https::Proxy", access->https_proxy, e) < 0)
		return -1;
	return put_setting(out, "Acquire::https::CaInfo", access->ca_file, e);
}

/* Lock the folder's lock file, which is never removed. */
static int lock_folder(struct apt_root *a, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s.lock", a->folder);

	if (!path)
		return -1;
	a->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (a->lock_fd < 0)
		return err_set_errno(e, ERR_IO, "%s", path);
	if (flock(a->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	log_note("waiting for another kiln-source that is at work in %s", a->folder);
	while (flock(a->lock_fd, LOCK_EX) < 0) {
		if (errno != EINTR)
			return err_set_errno(e, ERR_IO, "lock %s", path);
	}
	return 0;
}

static int make_folders(const struct apt_root *a, struct err *e)
{
	static const char *const names[] = {
		"etc", "state/lists/partial", "cache/archives/partial", "log"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cleanup_free char *path = mem_printf(e, "%s/%s", a->folder, names[i]);

		if (!path || io_mkdirs(path, e) < 0)
			return -1;
	}
	return 0;
}

/* Only its owner may read it: a proxy's address can hold a password. */
static int write_file(
	const struct apt_root *a, const char *name, const struct buf *text, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/%s", a->folder, name);

	if (!path)
		return -1;
	return outfile_write_if_changed(path, 0600, buf_str(text), text->len, NULL, e);
}

/* The folder is named by what is in its sources: other mirrors, other folder. */
static int choose_folder(
	struct apt_root *a, const char *cache, const struct buf *sources, struct err *e)
{
	char hex[SHA256_HEX_SIZE];
	cleanup_free char *parent = mem_printf(e, "%s/apt", cache);

	if (!parent || sha256_buffer_hex(buf_str(sources), sources->len, hex, e) < 0 ||
		io_mkdirs(parent, e) < 0)
		return -1;
	a->folder = mem_printf(e, "%s/%.16s", parent, hex);
	if (!a->folder)
		return -1;
	a->config_env = mem_printf(e, "APT_CONFIG=%s/apt.conf", a->folder);
	return a->config_env ? 0 : -1;
}

int apt_root_open(struct apt_root **out, const char *cache, const struct recipe *r,
	const char *deb_arch, const struct mirrors *mirrors, const char *keyring, struct err *e)
{
	MEM_CLEANUP(apt_root) struct apt_root *a = mem_zalloc(sizeof(*a), e);
	cleanup_buf struct buf sources = {0};
	cleanup_buf struct buf config = {0};
	struct buf empty = {0};

	*out = NULL;
	if (!a)
		return -1;
	a->lock_fd = -1;
	if (put_sources(&sources, r, deb_arch, mirrors, keyring, e) < 0 ||
		choose_folder(a, cache, &sources, e) < 0 || lock_folder(a, e) < 0 ||
		make_folders(a, e) < 0 ||
		put_config(&config, a, deb_arch, &mirrors->access, e) < 0 ||
		write_file(a, "etc/limekiln.sources", &sources, e) < 0 ||
		write_file(a, "apt.conf", &config, e) < 0 ||
		write_file(a, "state/status", &empty, e) < 0)
		return -1;
	*out = steal_ptr(&a);
	return 0;
}

void apt_root_free(struct apt_root *a)
{
	if (!a)
		return;
	mem_close_fd(&a->lock_fd);
	free(a->folder);
	free(a->config_env);
	free(a);
}

/* Like proc_run(); a failure of the program stays ERR_CHECK. */
static int run(const struct apt_root *a, const char *const argv[], struct buf *out,
	struct buf *errors, struct err *e)
{
	const char *const env[] = {a->config_env, NULL};
	struct proc_options opt = {.out = out,
		.errors = errors,
		.env = env,
		.remedy = "kiln-source needs apt to resolve packages (Debian, Ubuntu)"};

	return proc_run((char *const *)(uintptr_t)argv, &opt, NULL, e);
}

static bool has_any(const struct buf *text, const char *const words[])
{
	for (size_t i = 0; words[i]; i++) {
		if (strstr(buf_str(text), words[i]))
			return true;
	}
	return false;
}

/* apt's exit status is 100 whatever went wrong; its words tell. */
static bool speaks_of_disk(const struct buf *errors)
{
	static const char *const words[] = {"No space left", "Read-only file system",
		"Permission denied", "Input/output error", "Disk quota exceeded", NULL};

	return has_any(errors, words);
}

static bool speaks_of_integrity(const struct buf *errors)
{
	static const char *const words[] = {"GPG error", "NO_PUBKEY", "BADSIG", "EXPKEYSIG",
		"is not signed", "Hash Sum mismatch", "unexpected size", "is not valid yet",
		"is expired", "Clearsigned file", "insufficiently signed", NULL};

	return has_any(errors, words);
}

/* Say what apt said, from the line that starts with from (NULL: all), at most 40 lines. */
static void say_words(struct buf *text, const char *from)
{
	char *rest = NULL;
	char *start = text->data && from ? strstr(text->data, from) : text->data;
	char *line = start ? strtok_r(start, "\n", &rest) : NULL;

	for (int n = 0; line && n < 40; n++, line = strtok_r(NULL, "\n", &rest))
		log_warn("apt: %s", line);
}

int apt_root_run(struct apt_root *a, const struct strv *argv, struct buf *out, struct err *e)
{
	cleanup_buf struct buf errors = {0};
	struct err why = {0};

	if (run(a, (const char *const *)(uintptr_t)argv->items, out, &errors, &why) == 0)
		return 0;
	return err_set(e, why.kind == ERR_CHECK ? ERR_IO : why.kind, "%s", why.msg);
}

int apt_root_update(struct apt_root *a, struct err *e)
{
	static const char *const argv[] = {"apt-get", "update", "-q", NULL};
	cleanup_buf struct buf out = {0};
	cleanup_buf struct buf errors = {0};
	struct err why = {0};

	if (run(a, argv, &out, &errors, &why) == 0)
		return 0;
	if (why.kind != ERR_CHECK)
		return err_set(e, why.kind, "%s", why.msg);
	bool disk = speaks_of_disk(&errors);
	bool integrity = speaks_of_integrity(&errors);
	say_words(&errors, NULL);
	if (disk)
		return err_set(e, ERR_IO,
			"the archive's index cannot be written into %s; make room, or set "
			"LIMEKILN_CACHE",
			a->folder);
	if (integrity)
		return err_set(e, ERR_INTEGRITY,
			"the archive's index is not signed as it must be, or differs from what was "
			"signed; try another mirror, or update the keyring "
			"(debian-archive-keyring)");
	return err_set(e, ERR_NETWORK,
		"the archive's index could not be fetched; check the network, or name another "
		"mirror with --mirror");
}

/* fixed (NULL-terminated), then packages */
static int join(
	struct strv *words, const char *const fixed[], const struct strv *packages, struct err *e)
{
	for (size_t i = 0; fixed[i]; i++) {
		if (strv_add(words, fixed[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < packages->n; i++) {
		if (strv_add(words, packages->items[i], e) < 0)
			return -1;
	}
	return 0;
}

/* Quiet, apt gives no reasons: ask it once more, and have it talk. */
static void say_reasons(struct apt_root *a, const struct strv *packages)
{
	static const char *const fixed[] = {
		"apt-get", "install", "--simulate", "--yes", "-q", NULL};
	cleanup_strv struct strv words = {0};
	cleanup_buf struct buf out = {0};
	cleanup_buf struct buf errors = {0};

	if (join(&words, fixed, packages, NULL) < 0)
		return;
	run(a, (const char *const *)(uintptr_t)words.items, &out, &errors, NULL);
	say_words(&out, "The following packages have unmet dependencies");
	say_words(&errors, NULL);
}

int apt_root_solve(struct apt_root *a, const struct strv *packages, struct buf *out, struct err *e)
{
	static const char *const fixed[] = {
		"apt-get", "install", "--print-uris", "--yes", "-qq", NULL};
	cleanup_strv struct strv words = {0};
	cleanup_buf struct buf errors = {0};
	struct err why = {0};

	if (join(&words, fixed, packages, e) < 0)
		return -1;
	if (run(a, (const char *const *)(uintptr_t)words.items, out, &errors, &why) == 0)
		return 0;
	if (why.kind != ERR_CHECK || speaks_of_disk(&errors))
		return err_set(e, why.kind == ERR_CHECK ? ERR_IO : why.kind, "%s", why.msg);
	say_reasons(a, packages);
	return err_set(e, ERR_FORMAT, "apt finds no way to install the packages");
}

char *apt_root_release_path(
	struct apt_root *a, const struct mirror *m, const char *suite, struct err *e)
{
	static const char *const argv[] = {"apt-get", "update", "--print-uris", NULL};
	cleanup_buf struct buf out = {0};
	cleanup_buf struct buf errors = {0};
	cleanup_free char *uri = apt_root_uri(m, e);
	cleanup_free char *want =
		uri ? mem_printf(e, "'%s/dists/%s/InRelease' ", uri, suite) : NULL;

	if (!want)
		return NULL;
	struct err why = {0};
	if (run(a, argv, &out, &errors, &why) < 0) {
		err_set(e, why.kind == ERR_CHECK ? ERR_IO : why.kind, "%s", why.msg);
		return NULL;
	}
	const char *at = strstr(buf_str(&out), want);
	if (!at) {
		err_set(e, ERR_INTERNAL, "apt does not name its copy of %s", want);
		return NULL;
	}
	at += strlen(want);
	return mem_printf(e, "%s/state/lists/%.*s", a->folder, (int)strcspn(at, " \n"), at);
}
