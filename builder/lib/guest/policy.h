/* The guest policy: named checks on what is in an image. */
#ifndef KILN_GUEST_POLICY_H
#define KILN_GUEST_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "guest/facts.h"
#include "guest/guest.h"

enum policy_severity {
	POLICY_NOTE,
	POLICY_WARNING, /* reported, does not fail the image */
	POLICY_ERROR,
};

enum policy_status {
	POLICY_PASSED,
	POLICY_FAILED,
	POLICY_BROKEN,  /* could not run: counts as failed */
	POLICY_SKIPPED, /* does not concern this guest; why is in found */
};

/* What a check is. */
struct policy_check_info {
	const char *id; /* "SSH-01": stable */
	enum policy_severity severity;
	const char *title;  /* what holds when it passes */
	const char *remedy; /* when it does not */
};

struct policy_result {
	const struct policy_check_info *check;
	enum policy_status status;
	char *found; /* lines, each escaped; "" when passed with nothing to say */
};

struct policy_options {
	const char *allow_setuid; /* host files with a line an entry; NULL: nothing is allowed */
	const char *allow_units;
	const char *allow_sudoers;
	struct strv canaries; /* texts that must not be anywhere on the disk: tokens, build paths,
				 host names */
	/* What `sshd -T` printed in the guest, used beside the files; NULL: the files alone. */
	const char *sshd_settings;
	const char *sshd_source; /* for people: how sshd was asked, or why not; may be NULL */
	const char *sshd_fault;  /* why sshd -T failed in the guest; NULL: it did not */
	bool lima;               /* the image part of Lima's contract, too */
};

struct policy_report {
	struct policy_result *items; /* in the order of policy_check_at() */
	size_t n;
	size_t n_failed; /* errors that failed, and all that are broken */
	size_t n_warnings;
	size_t n_skipped;
};

/* The i-th check there is, NULL past the end. */
const struct policy_check_info *policy_check_at(size_t i);
/* "note", "warning", "error"; "passed", "failed", "broken", "skipped". */
const char *policy_severity_name(enum policy_severity severity);
const char *policy_status_name(enum policy_status status);

/* Run all checks. Only no memory and what cannot be read at all is an error; all else is a result.
 * Release in any case. */
int policy_run(struct policy_report *r, struct guest *g, const struct facts *f,
	const struct policy_options *opt, struct err *e);
void policy_report_release(struct policy_report *r);

/* Append the report: text for people, JSON, JUnit XML. image is the image's name. */
int policy_write_text(
	const struct policy_report *r, const char *image, bool all, struct buf *out, struct err *e);
int policy_write_json(
	const struct policy_report *r, const char *image, struct buf *out, struct err *e);
int policy_write_junit(
	const struct policy_report *r, const char *image, struct buf *out, struct err *e);

#endif
