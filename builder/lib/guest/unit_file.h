/* systemd's unit files: names and the [Install] section. systemd.unit(5), systemd.syntax(7).
 * Drop-ins are not looked at. Pure functions. */
#ifndef KILN_GUEST_UNIT_FILE_H
#define KILN_GUEST_UNIT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"

/* The settings of an [Install] section, specifiers not expanded. */
struct unit_section {
	struct strv wanted_by;
	struct strv required_by;
	struct strv upheld_by;
	struct strv alias;
	struct strv also;
	struct strv default_instance; /* none or one */
};

/* Read the section; unknown keys and other sections are passed over. Release in any case. */
int unit_section_parse(struct unit_section *s, const char *text, size_t len, struct err *e);
void unit_section_release(struct unit_section *s);
/* True when the section says nothing. */
bool unit_section_is_empty(const struct unit_section *s);

/* True for "NAME.TYPE", "NAME@.TYPE", "NAME@INSTANCE.TYPE" of a type that systemd has. */
bool unit_name_is_valid(const char *name);
/* The name with ".service" behind it when it has no type. The caller frees. */
char *unit_name_complete(const char *name, struct err *e);
/* True for "NAME@.TYPE". */
bool unit_name_is_template(const char *name);
/* True for "NAME@INSTANCE.TYPE". */
bool unit_name_is_instance(const char *name);
/* The template of an instance. The caller frees. */
char *unit_name_template(const char *name, struct err *e);
/* The instance `instance` of a template. The caller frees. */
char *unit_name_instantiate(const char *name, const char *instance, struct err *e);

/* Expand %i, %j, %n, %N, %p and %% in text for the unit name. Others are ERR_UNSUPPORTED. The
 * caller frees. */
char *unit_name_expand(const char *text, const char *name, struct err *e);

#endif
