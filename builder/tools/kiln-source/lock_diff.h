/* What a new lock changes. */
#ifndef KILN_SOURCE_LOCK_DIFF_H
#define KILN_SOURCE_LOCK_DIFF_H

#include <stdbool.h>
#include <stdio.h>

#include "recipe/lock.h"

/* True when both ask for the same and hold the same packages from the same places. What is
 * in releases does not matter, as archives sign them anew without a change, but for apk's indices.
 */
bool lock_same_inputs(const struct lock *a, const struct lock *b);

/* Write a line for each package: "+ name version", "- name version", "~ name old -> new", the
 * base image likewise; then the totals. before is NULL for a first lock, which gets the totals
 * only. */
void lock_print_diff(const struct lock *before, const struct lock *after, FILE *f);

#endif
