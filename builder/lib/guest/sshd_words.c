#include "guest/sshd_words.h"

#include <string.h>

#include "base/buf.h"

#define BLANKS " \t\r\n"

/* Cut the first word off *at: it ends at a blank, or at the one '=' that may stand for blanks. */
static char *cut_word(char **at)
{
	char *word = *at;
	char *p = strpbrk(word, BLANKS "\"=");

	if (!p) {
		*at = word + strlen(word);
		return word;
	}
	if (*p == '"') {
		memmove(p, p + 1, strlen(p));
		p = strchr(p, '"');
		if (!p)
			return NULL;
		*p++ = 0;
		*at = p + strspn(p, BLANKS);
		return word;
	}
	bool equals = *p == '=';
	*p++ = 0;
	p += strspn(p, BLANKS);
	if (*p == '=' && !equals)
		p += 1 + strspn(p + 1, BLANKS);
	*at = p;
	return word;
}

char *sshd_words_keyword(char **line)
{
	size_t len = strlen(*line);

	while (len > 0 && strchr(BLANKS "\f", (*line)[len - 1]))
		(*line)[--len] = 0;
	char *word = cut_word(line);
	if (word && !*word)
		word = cut_word(line);
	return word && *word && *word != '#' ? word : NULL;
}

/* One word from *at on, appended to *word. */
static int take_word(const char **at, struct buf *word, struct err *e)
{
	const char *p = *at;
	char quote = 0;

	for (; *p && (quote || !strchr(" \t", *p)); p++) {
		if (*p == '\\' && p[1] && (strchr("'\"\\", p[1]) || (quote == 0 && p[1] == ' ')))
			p++;
		else if (quote == 0 && strchr("'\"", *p)) {
			quote = *p;
			continue;
		} else if (quote && *p == quote) {
			quote = 0;
			continue;
		}
		if (buf_putc(word, *p, e) < 0)
			return -1;
	}
	*at = p;
	return quote ? err_set(e, ERR_FORMAT, "quotes that do not end") : 0;
}

int sshd_words_split(const char *text, struct strv *words, struct err *e)
{
	for (const char *p = text; *p;) {
		cleanup_buf struct buf word = {0};

		p += strspn(p, " \t");
		if (!*p || *p == '#')
			break;
		if (take_word(&p, &word, e) < 0 || strv_add(words, buf_str(&word), e) < 0)
			return -1;
	}
	return 0;
}
