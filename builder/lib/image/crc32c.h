/* CRC-32C (Castagnoli), as ext4's metadata_csum uses it: neither started nor ended by inversion. */
#ifndef KILN_IMAGE_CRC32C_H
#define KILN_IMAGE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continue crc over len bytes. ext4 starts with ~0. Any thread. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
