/* Paragraphs and values must lie inside the text, and each field must be found by its name. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "deb/deb822.h"
#include "deb/release.h"
#include "fuzz.h"

static void check_paragraph(const struct deb822_paragraph *p, const char *text, size_t len)
{
	static const char *const fields[] = {"Package", "Filename", "SHA256", "Source", "Date"};
	const char *value;
	size_t value_len;

	if (p->len == 0 || p->line == 0 || p->text < text || p->text + p->len > text + len)
		abort();
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		cleanup_free char *copy = deb822_need(p, fields[i], NULL);

		if (!deb822_find(p, fields[i], &value, &value_len)) {
			if (copy)
				abort();
			continue;
		}
		if (value < p->text || value + value_len > p->text + p->len)
			abort();
		if (copy && (strlen(copy) != value_len || strchr(copy, '\n')))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct deb822_reader r = {.text = (const char *)data, .len = len, .name = "input"};
	struct deb822_paragraph p;
	struct err e = {0};
	int64_t date_s;
	int found;

	while ((found = deb822_next(&r, &p, &e)) > 0)
		check_paragraph(&p, (const char *)data, len);
	if (found < 0 && e.kind != ERR_FORMAT)
		abort();
	if (release_read_date((const char *)data, len, "input", &date_s, &e) == 0) {
		char text[RELEASE_DATE_SIZE];

		release_format_date(date_s, text);
	}
	return 0;
}
