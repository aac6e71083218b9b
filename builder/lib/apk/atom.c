#include "apk/atom.h"

#include <string.h>

#include "apk/version.h"

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define BLANKS " \t\n"

bool apk_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= APK_NAME_MAX && name[0] != '-' && name[0] != '.' &&
	       strspn(name, ALNUM "._+-") == len;
}

/* Names of all kinds: no character that would be something else in a list of atoms, none that
 * would do something on a terminal. */
static bool is_name(const char *name, size_t len)
{
	if (len == 0 || len > APK_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] <= ' ' || name[i] >= 0x7f || strchr("!<>=~@", name[i]))
			return false;
	}
	return true;
}

/* The characters between name and version. "><" is apk's check of a digest: not for us. */
static bool read_orders(struct apk_atom *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned order = text[i] == '<'   ? APK_LESS
				 : text[i] == '>' ? APK_GREATER
						  : APK_EQUAL;

		out->fuzzy = out->fuzzy || text[i] == '~';
		if ((out->orders & order) && !out->fuzzy)
			return false;
		out->orders |= order;
	}
	return len <= 2 && (out->orders & (APK_LESS | APK_GREATER)) != (APK_LESS | APK_GREATER);
}

static int parse(struct apk_atom *out, char *word, struct err *e)
{
	*out = (struct apk_atom){.conflict = *word == '!'};
	if (out->conflict)
		word++;
	size_t name_len = strcspn(word, "<>=~");
	size_t orders_len = strspn(word + name_len, "<>=~");
	char *version = word + name_len + orders_len;

	if (!is_name(word, name_len))
		return err_set(e, ERR_FORMAT, "a dependency has no valid name");
	if (orders_len > 0 && (!read_orders(out, word + name_len, orders_len) ||
				      !is_name(version, strlen(version))))
		return err_set(e, ERR_FORMAT, "the dependency on '%.*s' is malformed",
			(int)name_len, word);
	word[name_len] = 0;
	out->name = word;
	out->version = orders_len > 0 ? version : NULL;
	return 1;
}

int apk_atom_next(struct apk_atom *out, char **text, struct err *e)
{
	char *word = *text + strspn(*text, BLANKS);
	size_t len = strcspn(word, BLANKS);

	*text = word + len;
	if (len == 0)
		return 0;
	if (**text)
		*(*text)++ = 0;
	return parse(out, word, e);
}

bool apk_atom_fits(const struct apk_atom *a, const char *version)
{
	if (!a->version)
		return true;
	if (!version)
		return false;
	if (a->fuzzy && apk_version_begins_with(version, a->version))
		return a->orders & APK_EQUAL;
	int order = apk_version_compare(version, a->version);
	if (order == 0)
		return a->orders & APK_EQUAL;
	return a->orders & (order < 0 ? APK_LESS : APK_GREATER);
}
