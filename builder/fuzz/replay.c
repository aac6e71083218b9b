/* Without libFuzzer: give each file of a folder to the fuzzer, once. */
#include <dirent.h>
#include <stdio.h>

#include "base/io.h"
#include "base/log.h"
#include "base/strv.h"
#include "fuzz.h"

#define MAX_BYTES (16u << 20)

static int list_inputs(const char *folder, struct strv *names, struct err *e)
{
	DIR *dir = opendir(folder);
	int rc = 0;

	if (!dir)
		return err_set_errno(e, ERR_IO, "%s", folder);
	for (struct dirent *d = readdir(dir); d && rc == 0; d = readdir(dir)) {
		if (d->d_name[0] != '.')
			rc = strv_add(names, d->d_name, e);
	}
	closedir(dir);
	strv_sort(names);
	return rc;
}

static int replay(const char *folder, struct err *e)
{
	cleanup_strv struct strv names = {0};

	if (list_inputs(folder, &names, e) < 0)
		return -1;
	if (names.n == 0)
		return err_set(e, ERR_CHECK, "%s: no inputs", folder);
	printf("1..%zu\n", names.n);
	for (size_t i = 0; i < names.n; i++) {
		cleanup_free char *path = mem_printf(e, "%s/%s", folder, names.items[i]);
		cleanup_buf struct buf data = {0};

		if (!path || io_read_file(path, MAX_BYTES, &data, e) < 0)
			return -1;
		LLVMFuzzerTestOneInput((const uint8_t *)buf_str(&data), data.len);
		/* Flushed, so that the log shows which input brought the program down. */
		printf("ok %zu - %s\n", i + 1, names.items[i]);
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = {0};

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return ERR_USAGE;
	}
	if (replay(argv[1], &e) == 0)
		return 0;
	log_error(&e);
	return err_exit_code(&e);
}
