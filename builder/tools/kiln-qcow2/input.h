/* The disks that commands read. */
#ifndef KILN_QCOW2_INPUT_H
#define KILN_QCOW2_INPUT_H

#include "base/err.h"
#include "image/raw.h"
#include "options.h"

/* The format of the disk at path: what --format says, else qcow2 for names that end in ".qcow2" and
 * raw for all others. What is in the file is never asked: a guest could forge it. */
enum raw_format input_format(const struct qcow2_cli *o, const char *path);

/* Open path for reading; a raw disk that begins like a qcow2 image gets a warning. Returns the
 * descriptor, or -1: ERR_IO. */
int input_open(const char *path, enum raw_format format, struct err *e);

#endif
