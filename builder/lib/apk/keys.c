#include "apk/keys.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"

#define MAX_KEY_SIZE ((size_t)64 << 10)
#define SUFFIX ".rsa.pub"

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct apk_key *)a)->name, ((const struct apk_key *)b)->name);
}

static int add(struct apk_keys *keys, const char *folder, const char *name, struct err *e)
{
	struct apk_key *bigger = mem_resize(keys->items, keys->n + 1, sizeof(*bigger), e);
	cleanup_free char *path = mem_printf(e, "%s/%s", folder, name);

	if (!bigger || !path)
		return -1;
	keys->items = bigger;
	struct apk_key *key = &keys->items[keys->n++];
	*key = (struct apk_key){.name = mem_strdup(name, e)};
	return key->name ? io_read_file(path, MAX_KEY_SIZE, &key->pem, e) : -1;
}

int apk_keys_load(struct apk_keys *keys, const char *folder, struct err *e)
{
	DIR *dir = opendir(folder);
	int rc = 0;

	if (!dir)
		return err_set_errno(e, ERR_IO, "folder of keys %s", folder);
	for (struct dirent *d; rc == 0 && (d = readdir(dir));) {
		size_t len = strlen(d->d_name);

		if (d->d_name[0] != '.' && len > strlen(SUFFIX) &&
			strcmp(d->d_name + len - strlen(SUFFIX), SUFFIX) == 0)
			rc = add(keys, folder, d->d_name, e);
	}
	closedir(dir);
	if (rc == 0 && keys->n == 0)
		return err_set(e, ERR_FORMAT, "folder of keys %s: holds no file *" SUFFIX, folder);
	if (rc == 0)
		qsort(keys->items, keys->n, sizeof(*keys->items), compare);
	return rc;
}

void apk_keys_release(struct apk_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++) {
		free(keys->items[i].name);
		buf_release(&keys->items[i].pem);
	}
	free(keys->items);
	*keys = (struct apk_keys){0};
}

const struct apk_key *apk_keys_find(const struct apk_keys *keys, const char *name)
{
	for (size_t i = 0; i < keys->n; i++) {
		if (strcmp(keys->items[i].name, name) == 0)
			return &keys->items[i];
	}
	return NULL;
}
