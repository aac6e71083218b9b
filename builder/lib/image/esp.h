/* An EFI system partition from a file tree. */
#ifndef KILN_IMAGE_ESP_H
#define KILN_IMAGE_ESP_H

#include <stddef.h>

#include "base/err.h"
#include "image/contents.h"
#include "image/fat.h"
#include "image/tree.h"

/* Write a FAT32 file system with the tree's files to its place on the disk in fd. Owners, modes,
 * times and attributes of the tree are passed over; its contents may be of any origin and get
 * places in a temporary file in memory. layers are those of TREE_LAYER.
 *
 * Errors: ERR_FORMAT for what FAT does not hold and too many bytes; as fat_write(). */
int esp_write(int fd, const struct fat_options *opt, struct tree *t,
	const struct contents_layer *layers, size_t n_layers, struct err *e);

#endif
