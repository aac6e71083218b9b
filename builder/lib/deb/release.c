#include "deb/release.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "deb/deb822.h"

static const char months[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/* Narrow text to what is between the armour of a clear-signed file (RFC 9580, section 7). */
static void strip_armour(const char **text, size_t *len)
{
	static const char begin[] = "-----BEGIN PGP SIGNED MESSAGE-----";
	static const char end[] = "\n-----BEGIN PGP SIGNATURE-----";

	if (*len < strlen(begin) || memcmp(*text, begin, strlen(begin)) != 0)
		return;
	const char *body = memmem(*text, *len, "\n\n", 2);
	if (!body)
		return;
	body += 2;
	size_t left = *len - (size_t)(body - *text);
	const char *stop = memmem(body, left, end, strlen(end));
	*text = body;
	*len = stop ? (size_t)(stop - body) + 1 : left;
}

/* RFC 5322 dates as archives write them, in UTC, independent of the locale. */
static bool parse_date(const char *text, int64_t *date_s)
{
	char month[4];
	char zone[6];
	int end = 0;
	struct tm tm = {0};

	if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %5s%n", &tm.tm_mday, month,
		    &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone, &end) != 7 ||
		end == 0 || text[end])
		return false;
	if (strcmp(zone, "UTC") != 0 && strcmp(zone, "GMT") != 0 && strcmp(zone, "+0000") != 0)
		return false;
	tm.tm_mon = -1;
	for (int i = 0; i < 12; i++) {
		if (strcmp(months[i], month) == 0)
			tm.tm_mon = i;
	}
	if (tm.tm_mon < 0 || tm.tm_year < 1970 || tm.tm_year > 2106 || tm.tm_mday < 1 ||
		tm.tm_mday > 31 || tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 ||
		tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
		return false;
	tm.tm_year -= 1900;
	*date_s = timegm(&tm);
	return true;
}

int release_read_date(
	const char *text, size_t len, const char *name, int64_t *date_s, struct err *e)
{
	struct deb822_paragraph p;

	strip_armour(&text, &len);
	struct deb822_reader r = {.text = text, .len = len, .name = name};
	int found = deb822_next(&r, &p, e);
	if (found < 0)
		return -1;
	if (found == 0)
		return err_set(e, ERR_FORMAT, "%s: is empty", name);
	cleanup_free char *date = deb822_need(&p, "Date", e);
	if (!date)
		return -1;
	if (!parse_date(date, date_s))
		return err_set(e, ERR_FORMAT, "%s: Date '%s' is not a date in UTC", name, date);
	return 0;
}

void release_format_date(int64_t date_s, char text[RELEASE_DATE_SIZE])
{
	time_t t = (time_t)date_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(text, RELEASE_DATE_SIZE, "%s, %02d %s %d %02d:%02d:%02d UTC", days[tm.tm_wday],
		tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
