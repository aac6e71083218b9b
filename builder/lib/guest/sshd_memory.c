#include "guest/sshd_memory.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cachedir.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"

#define CONFIG_DIR "/etc/ssh"
#define FILE_MAX ((size_t)64 << 20)
#define SETTINGS_MAX ((size_t)1 << 20)

/* Beside the configuration: the program, the accounts that it names, the packages it is linked to.
 */
static const char *const files[] = {"/usr/sbin/sshd", "/etc/passwd", "/etc/group",
	"/etc/nsswitch.conf", "/var/lib/dpkg/status", "/lib/apk/db/installed", NULL};

struct memory_key {
	struct guest *g;
	struct sha256 *hash;
	bool known;
};

/* A text with its length before it, so that no two lists of texts are the same bytes. */
static int add_text(struct memory_key *k, const void *data, size_t len, struct err *e)
{
	uint64_t size = len;

	return sha256_update(k->hash, &size, sizeof(size), e) < 0
		       ? -1
		       : sha256_update(k->hash, data, len, e);
}

/* "Include /elsewhere/file", as sshd_config(5) has it. */
static bool leads_elsewhere(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *p = line + strspn(line, " \t");

		if (strncasecmp(p, "include", 7) != 0)
			continue;
		for (p += 7; *p && *p != '\n';) {
			p += strspn(p, " \t=\"'");
			size_t len = strcspn(p, " \t=\"'\n");

			if ((*p == '/' &&
				    strncmp(p, CONFIG_DIR "/", strlen(CONFIG_DIR "/")) != 0) ||
				memmem(p, len, "..", 2))
				return true;
			p += len;
		}
	}
	return false;
}

static int add_file(struct memory_key *k, const char *path, bool config, struct err *e)
{
	cleanup_buf struct buf text = {0};
	bool found;

	if (guest_read_file(k->g->root, path, FILE_MAX, &text, &found, e) < 0)
		return -1;
	if (config && found &&
		(strlen(buf_str(&text)) != text.len || leads_elsewhere(buf_str(&text))))
		k->known = false;
	if (add_text(k, path, strlen(path), e) < 0)
		return -1;
	return add_text(k, found ? buf_str(&text) : "", text.len, e);
}

/* All files below /etc/ssh: any of them can be included. */
static int add_config(struct memory_key *k, struct err *e)
{
	cleanup_free struct tree_node **nodes = NULL;
	size_t n;

	if (tree_sort(k->g->root, &nodes, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		cleanup_buf struct buf path = {0};

		if (S_ISDIR(nodes[i]->inode->mode) || guest_path(nodes[i], &path, e) < 0)
			continue;
		if (strncmp(buf_str(&path), CONFIG_DIR "/", strlen(CONFIG_DIR "/")) == 0 &&
			add_file(k, buf_str(&path), true, e) < 0)
			return -1;
	}
	return 0;
}

int sshd_memory_key(struct guest *g, char hex[SHA256_HEX_SIZE], bool *known, struct err *e)
{
	static const char format[] = "limekiln-sshd-1";
	cleanup_sha256 struct sha256 *hash = NULL;
	struct memory_key k = {.g = g, .known = true};

	if (sha256_new(&hash, e) < 0)
		return -1;
	k.hash = hash;
	if (add_text(&k, format, sizeof(format), e) < 0 || add_config(&k, e) < 0)
		return -1;
	for (size_t i = 0; files[i]; i++) {
		if (add_file(&k, files[i], false, e) < 0)
			return -1;
	}
	*known = k.known;
	return sha256_finish_hex(hash, hex, e);
}

static char *memory_folder(void)
{
	cleanup_free char *base = cachedir_base(NULL);

	return base ? mem_printf(NULL, "%s/sshd", base) : NULL;
}

char *sshd_memory_recall(const char *hex)
{
	cleanup_free char *dir = memory_folder();
	cleanup_free char *path = dir ? mem_printf(NULL, "%s/%s", dir, hex) : NULL;
	cleanup_buf struct buf text = {0};

	if (!path || io_read_file(path, SETTINGS_MAX, &text, NULL) < 0 || text.len == 0 ||
		strlen(buf_str(&text)) != text.len)
		return NULL;
	return buf_steal(&text, NULL);
}

void sshd_memory_keep(const char *hex, const char *settings)
{
	cleanup_free char *dir = memory_folder();
	cleanup_free char *path = dir ? mem_printf(NULL, "%s/%s", dir, hex) : NULL;

	if (path && strlen(settings) <= SETTINGS_MAX && io_mkdirs(dir, NULL) == 0)
		outfile_write(path, 0644, settings, strlen(settings), NULL);
}
