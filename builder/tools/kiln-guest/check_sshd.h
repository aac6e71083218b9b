/* Asking the guest's own sshd what its configuration comes to. */
#ifndef KILN_GUEST_CHECK_SSHD_H
#define KILN_GUEST_CHECK_SSHD_H

#include "appliance/appliance.h"
#include "base/err.h"
#include "base/progress.h"
#include "guest/facts.h"
#include "guest/guest.h"

struct sshd_answer {
	char *settings; /* what sshd -T printed; NULL: it was not asked, or failed */
	char *source;   /* how it was asked, or why not */
	char *fault;    /* why it failed; NULL: it did not */
};

/* Run sshd -T in an appliance on the guest's disk, which is only read, unless the answer is
 * remembered (guest/sshd_memory.h). A guest of another
 * architecture, and a host that cannot start an appliance, are answers without settings. Errors:
 * those of appliance_start() but ERR_UNSUPPORTED. Release in any case. */
int sshd_answer_get(struct sshd_answer *a, struct guest *g, const struct facts *f,
	enum progress_mode progress, struct err *e);
/* The same in an appliance that runs and has the guest mounted. Errors: ERR_INTERNAL when the
 * appliance is gone. */
int sshd_answer_run(struct sshd_answer *a, struct appliance *appliance, struct err *e);
void sshd_answer_release(struct sshd_answer *a);
#define cleanup_sshd_answer __attribute__((cleanup(sshd_answer_release)))

#endif
