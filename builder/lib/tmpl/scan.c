#include "tmpl/scan.h"

#include <string.h>

/* "<%-" takes the blanks before it along when nothing else stands before them on the line. To ERB
 * a line also starts right behind the tag before. */
static size_t trim_blanks(const struct tmpl *t, size_t from, size_t end)
{
	size_t i = end;

	while (i > from && (t->source[i - 1] == ' ' || t->source[i - 1] == '\t'))
		i--;
	return i == from || t->source[i - 1] == '\n' ? i : end;
}

/* "-%>" takes the line's end along. */
static size_t skip_line_end(const struct tmpl *t, size_t pos)
{
	if (t->source[pos] == '\r' && t->source[pos + 1] == '\n')
		return pos + 2;
	return t->source[pos] == '\n' ? pos + 1 : pos;
}

/* Find the tag's end; quotes do not hide it, "%%>" does. */
static int scan_tag_end(const struct tmpl *t, size_t *pos, struct tmpl_piece *piece, struct err *e)
{
	size_t i = piece->code;

	while (i < t->len) {
		const char *s = t->source + i;

		if (strncmp(s, "%%>", 3) == 0) {
			i += 3;
			continue;
		}
		if (strncmp(s, "-%>", 3) == 0 || strncmp(s, "%>", 2) == 0) {
			piece->code_end = i;
			*pos = *s == '-' ? skip_line_end(t, i + 3) : i + 2;
			return 0;
		}
		i++;
	}
	return tmpl_error(t, piece->tag_pos, e, "this tag has no '%%>'");
}

int tmpl_scan(const struct tmpl *t, size_t *pos, struct tmpl_piece *piece, struct err *e)
{
	const char *tag = strstr(t->source + *pos, "<%");

	*piece = (struct tmpl_piece){.text = *pos, .text_end = t->len, .tag = TMPL_TAG_NONE};
	if (!tag) {
		*pos = t->len;
		return 0;
	}
	piece->tag_pos = (size_t)(tag - t->source);
	piece->text_end = piece->tag_pos;
	piece->code = piece->tag_pos + 3;
	switch (tag[2]) {
	case '%':
		piece->text_end += 2;
		*pos = piece->code;
		return 0;
	case '-':
		piece->tag = TMPL_TAG_CODE;
		piece->text_end = trim_blanks(t, piece->text, piece->tag_pos);
		break;
	case '=':
		piece->tag = TMPL_TAG_OUTPUT;
		break;
	case '#':
		piece->tag = TMPL_TAG_COMMENT;
		break;
	default:
		piece->tag = TMPL_TAG_CODE;
		piece->code--;
		break;
	}
	return scan_tag_end(t, pos, piece, e);
}
