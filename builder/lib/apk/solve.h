/* Which packages of an index make up a system that has what was asked for. */
#ifndef KILN_APK_SOLVE_H
#define KILN_APK_SOLVE_H

#include <stddef.h>

#include "apk/index.h"
#include "base/strv.h"

/* Find the packages that the wanted atoms need, with all that these depend on and those whose
 * install_if they fulfil. *chosen gets their places in the index, sorted by name; the caller frees.
 *
 * The rules are apk's own. Of several packages that would do, the one that provides the newest
 * version of the name is taken, then the one with the higher provider_priority, then the one of the
 * first repository, then the first in its index. A name that is provided without a version chooses
 * nothing by itself: one of its providers must be wanted, or have a provider_priority. Where apk
 * gives up, an older version may still be found here. ERR_FORMAT when there is no such system; the
 * message says what needs what. The result depends on nothing but the index and the wanted atoms.
 */
int apk_solve(size_t **chosen, size_t *n, const struct apk_index *index, const struct strv *wanted,
	struct err *e);

#endif
