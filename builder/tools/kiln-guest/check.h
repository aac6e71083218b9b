/* Holding a guest to the policy, for check and for customize. */
#ifndef KILN_GUEST_CHECK_H
#define KILN_GUEST_CHECK_H

#include "base/err.h"
#include "check_sshd.h"
#include "guest/facts.h"
#include "guest/guest.h"
#include "options.h"

/* Errors: ERR_USAGE when both reports want standard output. */
int check_reports(const struct guest_cli *o, struct err *e);

/* Run the policy and write the reports that were asked for; path is the image's. The verdict is in
 * e: ERR_CHECK without a message when a check failed. */
int check_guest(const struct guest_cli *o, const char *path, struct guest *g, const struct facts *f,
	const struct sshd_answer *sshd, struct err *e);

#endif
