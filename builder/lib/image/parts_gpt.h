/* Reads a GUID partition table. Specification: UEFI 2.10, chapter 5. */
#ifndef KILN_IMAGE_PARTS_GPT_H
#define KILN_IMAGE_PARTS_GPT_H

#include "image/parts.h"

/* Fill in the table, the disk's identifier and the partitions' numbers, places, types, identifiers
 * and names; errors as for parts_read(). Nothing is checked that concerns more than one of them. */
int parts_gpt_read(int fd, uint64_t size_bytes, struct parts *p, struct err *e);

#endif
