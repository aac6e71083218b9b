/* For tests that hold the library against apk itself:
 *   apk-probe versions            "A B" lines in, "A < B" lines out, "-" for what is no version
 *   apk-probe solve FILE ATOM...  the packages chosen of an APKINDEX; exit 1 when there is no way
 */
#include <stdio.h>
#include <string.h>

#include "apk/solve.h"
#include "apk/version.h"
#include "base/io.h"

static int compare_lines(void)
{
	char a[APK_VERSION_MAX + 1], b[APK_VERSION_MAX + 1];

	while (scanf("%256s %256s", a, b) == 2) {
		int order = apk_version_compare(a, b);
		bool valid = apk_version_is_valid(a) && apk_version_is_valid(b);

		printf("%s %c %s\n", a, !valid ? '-' : order < 0 ? '<' : order > 0 ? '>' : '=', b);
	}
	return 0;
}

static int solve(const char *file, char **atoms, struct err *e)
{
	cleanup_apk_index struct apk_index index = {0};
	cleanup_strv struct strv wanted = {0};
	cleanup_buf struct buf text = {0};
	cleanup_free size_t *chosen = NULL;
	size_t n;

	for (; *atoms; atoms++) {
		if (strv_add(&wanted, *atoms, e) < 0)
			return -1;
	}
	if (io_read_file(file, (size_t)1 << 28, &text, e) < 0 ||
		apk_index_add(&index, buf_str(&text), text.len, 0, file, e) < 0 ||
		apk_solve(&chosen, &n, &index, &wanted, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		printf("%s-%s\n", index.packages[chosen[i]].name,
			index.packages[chosen[i]].version);
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = {0};

	if (argc == 2 && strcmp(argv[1], "versions") == 0)
		return compare_lines();
	if (argc < 3 || strcmp(argv[1], "solve") != 0)
		return 2;
	if (solve(argv[2], argv + 3, &e) == 0)
		return 0;
	fprintf(stderr, "%s\n", e.msg);
	return 1;
}
