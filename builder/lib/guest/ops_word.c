#include "guest/ops_word.h"

#include <string.h>

#include "recipe/recipe_read.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define BASE64 LOWER UPPER DIGITS "+/="

static bool has_only(const char *text, const char *allowed)
{
	return text[strspn(text, allowed)] == 0;
}

static bool has_control(const char *text, const char *allowed)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if ((*p < 0x20 || *p == 0x7f) && !strchr(allowed, *p))
			return true;
	}
	return false;
}

/* len bytes at text are a user's or group's name */
static bool is_user(const char *text, size_t len)
{
	if (len == 0 || len > 32 || !strchr(LOWER "_", text[0]))
		return false;
	size_t n = strspn(text, LOWER DIGITS "_-.");
	return n >= len || (n == len - 1 && text[n] == '$');
}

static bool is_user_or_id(const char *text, size_t len)
{
	if (is_user(text, len))
		return true;
	return len > 0 && len <= 9 && strspn(text, DIGITS) >= len;
}

static const char *owner_fault(const char *text)
{
	size_t len = strcspn(text, ":");
	const char *group = text[len] ? text + len + 1 : NULL;

	if (is_user_or_id(text, len) && (!group || is_user_or_id(group, strlen(group))))
		return NULL;
	return "is no USER or USER:GROUP";
}

static const char *hostname_fault(const char *text)
{
	static const char fault[] =
		"is no host name: letters, digits and '-' between dots, at most 64 characters";
	size_t all = strlen(text);

	if (all == 0 || all > 64 || !has_only(text, LOWER UPPER DIGITS "-."))
		return fault;
	for (const char *p = text;;) {
		size_t len = strcspn(p, ".");

		if (len == 0 || len > 63 || p[0] == '-' || p[len - 1] == '-')
			return fault;
		if (!p[len])
			return NULL;
		p += len + 1;
	}
}

static const char *zone_fault(const char *text)
{
	const char *why;

	if (strlen(text) <= 64 && has_only(text, LOWER UPPER DIGITS "_+-/") &&
		recipe_word_is_valid(WORD_REPO_PATH, text, &why))
		return NULL;
	return "is no time zone such as Europe/Berlin";
}

/* TYPE BASE64 [COMMENT], options before it allowed: a word that begins as every key's blob does,
 * after a type. */
static const char *key_fault(const char *text)
{
	static const char *const types[] = {"ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"};
	const char *blob = strstr(text, " AAAA");
	const char *type = blob;

	if (has_control(text, "") || strlen(text) > 16384)
		return "is not on one line";
	while (type && type > text && type[-1] != ' ')
		type--;
	for (size_t i = 0; blob && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strncmp(type, types[i], strlen(types[i])) == 0 &&
			strchr(" ", blob[1 + strspn(blob + 1, BASE64)]))
			return NULL;
	}
	return "is no public SSH key";
}

static const char *service_fault(const char *text)
{
	size_t len = strlen(text);

	if (len > 0 && len <= 255 && has_only(text, LOWER UPPER DIGITS ":_.@\\-") &&
		!strchr(".-:@", text[0]))
		return NULL;
	return "is no name of a service";
}

static const char *package_fault(const char *text)
{
	size_t len = strlen(text);

	if (len > 1 && len <= 128 && has_only(text, LOWER UPPER DIGITS "+._-") &&
		!strchr("+._-", text[0]))
		return NULL;
	return "is no name of a package";
}

static const char *env_fault(const char *text)
{
	size_t len = strspn(text, LOWER UPPER DIGITS "_");

	if (has_control(text, "\t"))
		return "has a control character";
	if (len > 0 && text[len] == '=' && !strchr(DIGITS, text[0]))
		return NULL;
	return "is no variable NAME=value";
}

static const char *path_fault(const char *text)
{
	const char *why;

	recipe_word_is_valid(WORD_IMAGE_PATH, text, &why);
	return why;
}

static const char *line_fault(const char *text)
{
	return has_control(text, "\t") ? "has a control character" : NULL;
}

static const char *find_fault(enum op_word word, const char *text)
{
	const char *why = NULL;

	switch (word) {
	case OPW_TEXT:
		return NULL;
	case OPW_NEEDED:
		return *text ? NULL : "is empty";
	case OPW_LINE:
		return line_fault(text);
	case OPW_PATH:
		return path_fault(text);
	case OPW_DIR:
		return strcmp(text, "/") == 0 ? NULL : path_fault(text);
	case OPW_SOURCE:
	case OPW_TARGET:
		if (!*text || strlen(text) > 4095)
			return *text ? "is too long" : "is empty";
		return has_control(text, "") ? "has a control character" : NULL;
	case OPW_OWNER:
		return owner_fault(text);
	case OPW_USER:
		return is_user(text, strlen(text)) ? NULL : "is no name of a user or group";
	case OPW_HOSTNAME:
		return hostname_fault(text);
	case OPW_ZONE:
		return zone_fault(text);
	case OPW_NAME:
		recipe_word_is_valid(WORD_NAME, text, &why);
		return why;
	case OPW_KEY:
		return key_fault(text);
	case OPW_COMMENT:
		return strchr(text, ':') ? "has a colon" : line_fault(text);
	case OPW_SERVICE:
		return service_fault(text);
	case OPW_PACKAGE:
		return package_fault(text);
	case OPW_ENV:
		return env_fault(text);
	case OPW_MODE:
		return has_only(text, "01234567") && (strlen(text) == 3 || strlen(text) == 4)
			       ? NULL
			       : "is no mode in octal digits such as \"0644\"";
	case OPW_ID:
	case OPW_COUNT:
	case OPW_TIMEOUT:
		return *text && has_only(text, DIGITS) && strlen(text) <= 9 ? NULL : "is no number";
	}
	return "is of no known kind";
}

int op_word_check(enum op_word word, const char *what, const char *text, struct err *e)
{
	const char *why = find_fault(word, text);

	return why ? err_set(e, ERR_FORMAT, "%s '%.200s' %s", what, text, why) : 0;
}

int op_word_number(
	enum op_word word, const char *what, const char *text, uint32_t *value, struct err *e)
{
	uint32_t base = word == OPW_MODE ? 8 : 10;
	uint32_t v = 0;

	if (op_word_check(word, what, text, e) < 0)
		return -1;
	for (const char *p = text; *p; p++)
		v = v * base + (uint32_t)(*p - '0');
	if (word == OPW_COUNT && v > 1000000)
		return err_set(e, ERR_FORMAT, "%s '%s' is above 1000000", what, text);
	if (word == OPW_TIMEOUT && (v < 1 || v > 86400))
		return err_set(e, ERR_FORMAT, "%s '%s' is not from 1 to 86400 seconds", what, text);
	*value = v;
	return 0;
}
