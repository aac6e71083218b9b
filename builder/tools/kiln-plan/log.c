#include "log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

#define LOG_MAX (16 << 20)

int ninja_log_load(struct ninja_log *log, const char *out_dir, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "%s/.ninja_log", out_dir);

	if (!path)
		return -1;
	return access(path, F_OK) < 0 ? 0 : io_read_file(path, LOG_MAX, &log->text, e);
}

void ninja_log_release(struct ninja_log *log)
{
	buf_release(&log->text);
}

/* The line's output must be exactly this one. */
static bool line_is_for(const char *line, size_t len, const char *output)
{
	const char *field = line;

	for (int i = 0; i < 3; i++) {
		field = memchr(field, '\t', len - (size_t)(field - line));
		if (!field)
			return false;
		field++;
	}
	size_t want = strlen(output);
	size_t left = len - (size_t)(field - line);
	return left > want && memcmp(field, output, want) == 0 && field[want] == '\t';
}

bool ninja_log_find(const struct ninja_log *log, const char *output, uint64_t *duration_ms)
{
	bool found = false;

	for (const char *line = buf_str(&log->text); *line;) {
		size_t len = strcspn(line, "\n");
		unsigned long long start;
		unsigned long long end;

		/* The last entry counts: the log is appended to. */
		if (line_is_for(line, len, output) &&
			sscanf(line, "%llu\t%llu\t", &start, &end) == 2 && end >= start) {
			*duration_ms = end - start;
			found = true;
		}
		line += len + (line[len] == '\n');
	}
	return found;
}
