/* What each sysprep operation cleans: tables. */
#ifndef KILN_GUEST_SYSPREP_RULES_H
#define KILN_GUEST_SYSPREP_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "guest/sysprep_edit.h"

enum sysprep_what {
	RULE_DELETE, /* whatever it is, with all below */
	RULE_FILES,  /* regular files, it and those below; directories stay */
	RULE_FILE,   /* it, when it is a regular file */
	RULE_EMPTY,  /* make it empty, when it is a regular file */
	RULE_EDIT,   /* run edit on it, when it is a regular file */
	RULE_PYC,    /* it, when it is a compiled Python file that holds a time */
};

/* A pattern is an absolute path whose components may have '*' and '?', or be "**" for any number of
 * directories. "~/" is in every home directory, "esp:/" on the EFI system partition. */
struct sysprep_rule {
	const char *pattern;
	enum sysprep_what what;
	const char *reason; /* one line; NULL: the operation's */
	sysprep_editor *edit;
};

struct sysprep_operation {
	const char *name;
	bool by_default;
	const struct sysprep_rule *rules; /* ends with one without a pattern */
	const char *summary;              /* for the list of operations */
	const char *reason;               /* for its files */
};

/* All of them, sorted by name. */
extern const struct sysprep_operation sysprep_operations[];
extern const size_t n_sysprep_operations;

/* The tables that are long. */
extern const struct sysprep_rule sysprep_log_rules[];
extern const struct sysprep_rule sysprep_lima_rules[];
extern const struct sysprep_rule sysprep_cloud_init_rules[];

#endif
