#include "key.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/strv.h"

struct key {
	struct sha256 *hash;
};

int key_new(struct key **out, const char *stage, struct err *e)
{
	cleanup_key struct key *k = mem_zalloc(sizeof(*k), e);

	*out = NULL;
	if (!k || sha256_new(&k->hash, e) < 0 || key_text(k, "limekiln-stage-1", stage, e) < 0)
		return -1;
	*out = steal_ptr(&k);
	return 0;
}

void key_free(struct key *k)
{
	if (!k)
		return;
	sha256_free(k->hash);
	free(k);
}

int key_text(struct key *k, const char *label, const char *text, struct err *e)
{
	cleanup_free char *head = mem_printf(e, "%zu %s %zu ", strlen(label), label, strlen(text));

	if (!head || sha256_update(k->hash, head, strlen(head), e) < 0)
		return -1;
	return sha256_update(k->hash, text, strlen(text), e);
}

int key_file(struct key *k, const char *label, const char *path, struct err *e)
{
	char hex[SHA256_HEX_SIZE];

	if (sha256_file_hex(path, hex, NULL, e) < 0)
		return -1;
	return key_text(k, label, hex, e);
}

static int list_folder(struct strv *names, const char *path, struct err *e)
{
	DIR *dir = opendir(path);
	int rc = 0;

	if (!dir)
		return err_set_errno(e, ERR_IO, "%s", path);
	for (struct dirent *d; rc == 0 && (d = readdir(dir));) {
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			rc = strv_add(names, d->d_name, e);
	}
	closedir(dir);
	strv_sort(names);
	return rc;
}

int key_tree(struct key *k, const char *label, const char *path, struct err *e)
{
	cleanup_strv struct strv names = {0};

	if (list_folder(&names, path, e) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		cleanup_free char *sub_path = mem_printf(e, "%s/%s", path, names.items[i]);
		cleanup_free char *sub_label = mem_printf(e, "%s/%s", label, names.items[i]);
		struct stat st;

		if (!sub_path || !sub_label)
			return -1;
		if (stat(sub_path, &st) < 0)
			return err_set_errno(e, ERR_IO, "%s", sub_path);
		int rc = 0;
		if (S_ISDIR(st.st_mode))
			rc = key_tree(k, sub_label, sub_path, e);
		else if (S_ISREG(st.st_mode))
			rc = key_file(k, sub_label, sub_path, e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int key_program(struct key *k, const char *name, struct err *e)
{
	cleanup_free char *path = NULL;

	if (proc_find(&path, name, e) < 0)
		return -1;
	if (!path)
		return err_set(e, ERR_UNSUPPORTED,
			"program '%s' is not there; run `just setup` and `just tools`", name);
	return key_file(k, io_basename(name), path, e);
}

int key_finish(struct key *k, char hex[SHA256_HEX_SIZE], struct err *e)
{
	return sha256_finish_hex(k->hash, hex, e);
}
