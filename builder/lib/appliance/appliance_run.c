#include <guestfs.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/appliance_private.h"
#include "base/strv.h"

#define ARGUMENT_MAX ((size_t)100 << 10) /* bytes; Linux takes 128 KiB in one */
#define SCRIPT_MAX ((size_t)1 << 20)     /* bytes; all arguments together are limited too */

/* Runs in the guest's tree, where /dev is the appliance's: what is written there never reaches the
 * disk. The arguments are the script in pieces; the environment stands between the two texts.
 * Whatever the script leaves running would hold the pipe and the file systems, so it is killed: all
 * that have this root but for this shell and the reader. One answer: the status in the first line,
 * then the output, without NUL bytes, which an answer cannot hold. */
static const char wrapper_start[] =
	"cd /\n"
	"umask 022\n"
	"d=/dev/shm/kiln.$$\n"
	"for c in env mkfifo tail tr; do\n"
	"	command -v $c >/dev/null || { echo \"the guest has no $c\" >&2; exit 1; }\n"
	"done\n"
	"mkdir -p $d && printf %s \"$@\" >$d/script && mkfifo $d/pipe || exit 1\n"
	"tail -c 1048576 <$d/pipe >$d/out &\n"
	"reader=$!\n"
	"env -i";
static const char wrapper_end[] =
	" /bin/sh $d/script </dev/null >$d/pipe 2>&1\n"
	"status=$?\n"
	"for p in /proc/[0-9]*; do\n"
	"	p=${p#/proc/}\n"
	"	[ $p = $$ ] || [ $p = $reader ] || { [ /proc/$p/root -ef / ] && kill -9 $p; }\n"
	"done 2>/dev/null\n"
	"wait $reader\n"
	"echo $status\n"
	"tr '\\000' '?' <$d/out\n"
	"rm -rf $d\n"
	"exit 0\n";

static const char *const fixed_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	"LANG=C.UTF-8",
	"TZ=UTC",
	NULL,
};

/* Each as a word for a shell: 'text', any quote in it as '\'' */
static int put_words(struct buf *out, const char *const *words, struct err *e)
{
	for (; words && *words; words++) {
		if (buf_puts(out, " '", e) < 0)
			return -1;
		for (const char *c = *words; *c; c++) {
			if ((*c == '\'' ? buf_puts(out, "'\\''", e) : buf_putc(out, *c, e)) < 0)
				return -1;
		}
		if (buf_putc(out, '\'', e) < 0)
			return -1;
	}
	return 0;
}

static int make_wrapper(struct strv *argv, const char *const *env, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (buf_puts(&text, wrapper_start, e) < 0 || put_words(&text, fixed_env, e) < 0 ||
		put_words(&text, env, e) < 0 || buf_puts(&text, wrapper_end, e) < 0)
		return -1;
	if (text.len > ARGUMENT_MAX)
		return err_set(e, ERR_USAGE, "the environment of a command is too large");
	return strv_add(argv, buf_str(&text), e);
}

static int make_command(
	struct strv *argv, const char *script, const char *const *env, struct err *e)
{
	size_t len = strlen(script);

	if (len > SCRIPT_MAX)
		return err_set(e, ERR_USAGE, "a script of more than %zu bytes; upload it instead",
			SCRIPT_MAX);
	if (strv_add(argv, "/bin/sh", e) < 0 || strv_add(argv, "-c", e) < 0 ||
		make_wrapper(argv, env, e) < 0 || strv_add(argv, "sh", e) < 0)
		return -1;
	for (size_t done = 0; done < len; done += ARGUMENT_MAX) {
		char *piece = mem_strndup(
			script + done, len - done < ARGUMENT_MAX ? len - done : ARGUMENT_MAX, e);

		if (!piece || strv_take(argv, piece, e) < 0)
			return -1;
	}
	return 0;
}

static int parse_answer(const char *answer, struct buf *out, int *status, struct err *e)
{
	char *end;
	long value = strtol(answer, &end, 10);

	if (end == answer || *end != '\n' || value < 0 || value > 255)
		return err_set(e, ERR_INTERNAL, "the guest's shell answers in an unknown way");
	*status = (int)value;
	return buf_puts(out, end + 1, e);
}

int appliance_run(struct appliance *a, const char *script, const char *const *env,
	unsigned timeout_s, struct buf *out, int *status, struct err *e)
{
	cleanup_strv struct strv argv = {0};

	if (make_command(&argv, script, env, e) < 0 || appliance_begin(a, timeout_s, e) < 0)
		return -1;
	cleanup_free char *answer = guestfs_command(a->g, argv.items);
	if (appliance_end(a, !answer, NULL, e) < 0)
		return err_prefix(e, "command");
	return parse_answer(answer, out, status, e);
}
