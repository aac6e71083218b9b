#include "edge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int edge_open(struct edge *ed, const struct image *im, const char *stage, struct err *e)
{
	ed->image = im;
	ed->stage = stage;
	return key_new(&ed->key, stage, e);
}

void edge_release(struct edge *ed)
{
	strv_release(&ed->inputs);
	strv_release(&ed->outputs);
	buf_release(&ed->command);
	key_free(ed->key);
}

/* POSIX shell: single quotes, unless there is nothing to quote. */
static int put_shell_word(struct buf *out, const char *word, struct err *e)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "%+,-./:=@_";

	if (*word && !word[strspn(word, plain)])
		return buf_puts(out, word, e);
	if (buf_putc(out, '\'', e) < 0)
		return -1;
	for (const char *p = word; *p; p++) {
		if (*p == '\'' ? buf_puts(out, "'\\''", e) < 0 : buf_putc(out, *p, e) < 0)
			return -1;
	}
	return buf_putc(out, '\'', e);
}

int edge_word(struct edge *ed, const char *word, struct err *e)
{
	if (ed->command.len > 0 && buf_putc(&ed->command, ' ', e) < 0)
		return -1;
	return put_shell_word(&ed->command, word, e);
}

int edge_wordf(struct edge *ed, struct err *e, const char *fmt, ...)
{
	cleanup_free char *word = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&word, fmt, ap);
	va_end(ap);
	if (n < 0) {
		word = NULL;
		return err_nomem(e);
	}
	return edge_word(ed, word, e);
}

int edge_words(struct edge *ed, struct err *e, ...)
{
	const char *word;
	va_list ap;
	int rc = 0;

	va_start(ap, e);
	while (rc == 0 && (word = va_arg(ap, const char *)))
		rc = edge_word(ed, word, e);
	va_end(ap);
	return rc;
}

int edge_shell(struct edge *ed, const char *text, struct err *e)
{
	return buf_puts(&ed->command, text, e);
}

int edge_tool(struct edge *ed, const struct plan_paths *paths, const char *name, struct err *e)
{
	cleanup_free char *program = plan_tool(paths, name, e);

	if (!program || key_program(ed->key, program, e) < 0)
		return -1;
	return edge_word(ed, program, e);
}

int edge_input(struct edge *ed, const char *name, struct err *e)
{
	return strv_addf(&ed->inputs, e, "%s/%s", ed->image->work_dir, name);
}

int edge_output(struct edge *ed, const char *name, struct err *e)
{
	return strv_addf(&ed->outputs, e, "%s/%s", ed->image->work_dir, name);
}

/* In a list of paths ' ' and ':' have a meaning, in values only '$' has one. */
static int put_ninja(struct buf *out, const char *text, bool path, struct err *e)
{
	for (const char *p = text; *p; p++) {
		bool escape = *p == '$' || (path && (*p == ' ' || *p == ':'));

		if (*p == '\n' || *p == '\r' || (path && *p == '|'))
			return err_set(e, ERR_UNSUPPORTED,
				"'%s': ninja cannot take a path with a line break or '|'; rename "
				"the "
				"folder",
				text);
		if ((escape && buf_putc(out, '$', e) < 0) || buf_putc(out, *p, e) < 0)
			return -1;
	}
	return 0;
}

static int put_paths(struct buf *out, const struct strv *paths, struct err *e)
{
	for (size_t i = 0; i < paths->n; i++) {
		if (buf_putc(out, ' ', e) < 0 || put_ninja(out, paths->items[i], true, e) < 0)
			return -1;
	}
	return 0;
}

static int put_value(struct buf *out, const char *name, const char *value, struct err *e)
{
	if (buf_printf(out, e, "  %s = ", name) < 0 || put_ninja(out, value, false, e) < 0)
		return -1;
	return buf_putc(out, '\n', e);
}

int ninja_put_head(struct buf *out, const char *build_dir, struct err *e)
{
	cleanup_free char *failed = mem_printf(e, "%s/failed", build_dir);
	cleanup_buf struct buf word = {0};

	if (!failed || put_shell_word(&word, failed, e) < 0 ||
		buf_puts(out,
			"# Made by kiln-plan.\nninja_required_version = 1.8\nbuilddir = ", e) < 0 ||
		put_ninja(out, build_dir, false, e) < 0 || buf_puts(out, "\nfailed = ", e) < 0 ||
		put_ninja(out, buf_str(&word), false, e) < 0)
		return -1;
	/* ninja itself ends with 1 whatever a command ended with: the file keeps the exit code. */
	return buf_puts(out,
		"\n\n"
		"rule stage\n"
		"  command = : $key; { $cmd; } || { code=$$?; echo $$code >$failed; exit $$code; "
		"}\n"
		"  description = $label\n"
		"  restat = 1\n",
		e);
}

int ninja_put_edge(struct buf *out, struct edge *ed, struct err *e)
{
	char hex[SHA256_HEX_SIZE];
	cleanup_free char *label = mem_printf(
		e, "%s %s: %s", ed->image->recipe->variant, ed->image->arch->name, ed->stage);

	if (!label || key_finish(ed->key, hex, e) < 0 || buf_puts(out, "\nbuild", e) < 0 ||
		put_paths(out, &ed->outputs, e) < 0 || buf_puts(out, ": stage", e) < 0 ||
		put_paths(out, &ed->inputs, e) < 0 || buf_putc(out, '\n', e) < 0 ||
		put_value(out, "label", label, e) < 0 || put_value(out, "key", hex, e) < 0 ||
		put_value(out, "cmd", buf_str(&ed->command), e) < 0)
		return -1;
	return ed->pool ? put_value(out, "pool", ed->pool, e) : 0;
}

int ninja_put_phony(struct buf *out, const char *name, const struct strv *files, struct err *e)
{
	if (buf_printf(out, e, "\nbuild %s: phony", name) < 0 || put_paths(out, files, e) < 0)
		return -1;
	return buf_putc(out, '\n', e);
}
