/* What a partition holds, told by signatures. */
#ifndef KILN_IMAGE_CONTENT_H
#define KILN_IMAGE_CONTENT_H

#include "base/err.h"
#include "image/parts.h"

/* Set content, fs_uuid and fs_label of the part, from what lies at its start in fd. */
int content_identify(int fd, struct part *part, struct err *e);

#endif
