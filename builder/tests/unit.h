/* Unit tests: checks counted and printed as TAP. One test program includes this once. */
#ifndef KILN_TESTS_UNIT_H
#define KILN_TESTS_UNIT_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int unit_count;
static int unit_failed;
static const char *unit_group = "";

static inline bool unit_check(bool ok, const char *file, int line, const char *text)
{
	unit_count++;
	unit_failed += !ok;
	printf("%sok %d - %s: %s\n", ok ? "" : "not ", unit_count, unit_group, text);
	if (!ok)
		printf("# at %s:%d\n", file, line);
	return ok;
}

static inline bool unit_check_str(
	const char *got, const char *want, const char *file, int line, const char *text)
{
	bool ok = got && strcmp(got, want) == 0;

	unit_check(ok, file, line, text);
	if (!ok)
		printf("#  got: %s\n# want: %s\n", got ? got : "(null)", want);
	return ok;
}

/* A check that cannot be made here. */
static inline void unit_skip(const char *what, const char *why)
{
	unit_count++;
	printf("ok %d - %s: %s # SKIP %s\n", unit_count, unit_group, what, why);
}

/* Name what the checks that follow are about. */
static inline void unit_about(const char *group)
{
	unit_group = group;
}

#define CHECK(cond) unit_check((cond), __FILE__, __LINE__, #cond)
#define CHECK_STR(got, want) unit_check_str((got), (want), __FILE__, __LINE__, #got)

/* At the end of main: the plan, and the exit status. */
static inline int unit_done(void)
{
	printf("1..%d\n", unit_count);
	return unit_failed ? 1 : 0;
}

#endif
