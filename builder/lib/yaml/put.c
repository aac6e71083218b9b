/* Writing YAML scalars. */
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "yaml/ynode.h"

/* Words that one reader or another takes for a boolean or a null (YAML 1.1 has many). */
static bool is_special_word(const char *text)
{
	static const char *const words[] = {
		"null", "true", "false", "yes", "no", "on", "off", "y", "n"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* A letter or slash first keeps clear of all numbers, dates and indicators. */
static bool is_plain(const char *text)
{
	if (*text != '/' && !((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z'))
		return false;
	for (const char *c = text; *c; c++) {
		if (!(*c >= '0' && *c <= '9') && !((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z') &&
			!strchr("/._-+@", *c))
			return false;
	}
	return !is_special_word(text);
}

/* One character of n bytes inside double quotes. YAML's own line separators and whatever does
 * not print are escaped, so that no reader folds or refuses them. */
static int put_char(struct buf *out, const char *c, size_t n, struct err *e)
{
	unsigned char first = (unsigned char)c[0];

	if (first == '"' || first == '\\')
		return buf_printf(out, e, "\\%c", first);
	if (first == '\n')
		return buf_puts(out, "\\n", e);
	if (first == '\t')
		return buf_puts(out, "\\t", e);
	if (first < 0x20 || first == 0x7f)
		return buf_printf(out, e, "\\x%02x", first);
	if (n == 2 && first == 0xc2 && (unsigned char)c[1] < 0xa0)
		return buf_printf(out, e, "\\x%02x", (unsigned char)c[1]);
	if (n == 3 && (memcmp(c, "\xe2\x80\xa8", 3) == 0 || memcmp(c, "\xe2\x80\xa9", 3) == 0))
		return buf_printf(out, e, "\\u20%02x", (unsigned char)c[2] - 0x80);
	if (n == 3 && memcmp(c, "\xef\xbb\xbf", 3) == 0)
		return buf_puts(out, "\\ufeff", e);
	if (n == 3 && first == 0xef && (unsigned char)c[1] == 0xbf && (unsigned char)c[2] >= 0xbe)
		return buf_printf(out, e, "\\uff%02x", (unsigned char)c[2] + 0x40);
	return buf_append(out, c, n, e);
}

int ynode_put_scalar(struct buf *out, const char *text, struct err *e)
{
	size_t len = strlen(text);

	if (!utf8_valid(text, len))
		return err_set(e, ERR_FORMAT, "'%s' is not UTF-8", text);
	if (is_plain(text))
		return buf_puts(out, text, e);
	if (buf_putc(out, '"', e) < 0)
		return -1;
	while (len > 0) {
		size_t n = utf8_char_len(text, len);

		if (put_char(out, text, n, e) < 0)
			return -1;
		text += n;
		len -= n;
	}
	return buf_putc(out, '"', e);
}
