#include "base/epoch.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int epoch_parse(const char *text, const char *what, int64_t *epoch_s, struct err *e)
{
	int64_t value = 0;

	for (const char *p = text; *p || p == text; p++) {
		if (*p < '0' || *p > '9')
			goto bad;
		value = value * 10 + (*p - '0');
		if (value > UINT32_MAX)
			goto bad;
	}
	*epoch_s = value;
	return 0;
bad:
	return err_set(e, ERR_USAGE, "%s: '%s' is not a number of seconds from 0 to %u", what, text,
		UINT32_MAX);
}

int epoch_from_env(int64_t fallback_s, int64_t *epoch_s, struct err *e)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");

	if (!text || !*text) {
		*epoch_s = fallback_s;
		return 0;
	}
	return epoch_parse(text, "SOURCE_DATE_EPOCH", epoch_s, e);
}

void epoch_format(int64_t epoch_s, char text[EPOCH_TEXT_SIZE])
{
	time_t t = (time_t)epoch_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, EPOCH_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
