/* The qcow2 format (QEMU, docs/interop/qcow2.txt). What limekiln writes for Lima follows a rule:
 * version 3, 64 KiB clusters, 16-bit refcounts, compression type 0 (raw deflate), no optional
 * feature. For QEMU alone it writes compression type 1 (Zstandard) and larger clusters too, and
 * what others made is read. All numbers in the file are big-endian. "Host" is the qcow2 file,
 * "guest" the disk it holds. */
#ifndef KILN_IMAGE_QCOW2_FORMAT_H
#define KILN_IMAGE_QCOW2_FORMAT_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

#define QCOW2_CLUSTER_SIZE 65536u /* by the rule */
#define QCOW2_CLUSTER_BITS_MIN 9u
#define QCOW2_CLUSTER_BITS_MAX 21u
#define QCOW2_SECTOR_SIZE 512u
/* One L2 table maps 512 MiB of the guest, one refcount block counts 2 GiB of the host. */
#define QCOW2_L2_ENTRIES (QCOW2_CLUSTER_SIZE / 8)
#define QCOW2_L2_SPAN ((uint64_t)QCOW2_L2_ENTRIES * QCOW2_CLUSTER_SIZE)
#define QCOW2_REFBLOCK_ENTRIES (QCOW2_CLUSTER_SIZE / 2)
#define QCOW2_REFTABLE_ENTRIES (QCOW2_CLUSTER_SIZE / 8) /* in one cluster of the table */

/* QEMU's own bounds for the tables. */
#define QCOW2_L1_MAX (32u << 20 >> 3)
#define QCOW2_REFTABLE_MAX (8u << 20) /* in bytes */
#define QCOW2_SNAPSHOTS_MAX 65536u

/* A disk's size must be a multiple of this: Lima's Go reader and vz work in MiB. */
#define QCOW2_SIZE_UNIT (1ull << 20)

/* L1 and L2 entries ("L1 table entry", "L2 table entry"). */
#define QCOW2_COPIED (1ull << 63)
#define QCOW2_COMPRESSED (1ull << 62)
#define QCOW2_OFFSET_MASK 0x00fffffffffffe00ull
#define QCOW2_L2_ZERO 1ull

/* "Compressed Clusters Descriptor": 62 - (cluster_bits - 8) bits of host offset, then the number of
 * additional 512-byte sectors after the one that the offset lies in. By the rule: 54 and 8 bits. */
#define QCOW2_CSIZE_SHIFT(cluster_bits) (62u - ((cluster_bits)-8u))
#define QCOW2_CSIZE_MASK(cluster_bits) ((1ull << ((cluster_bits)-8u)) - 1)

#define QCOW2_HEADER_SIZE 112  /* as written: with the compression type */
#define QCOW2_HEAD_SIZE 65536u /* what is looked at of an image's first cluster */

/* What an image is held to. */
enum qcow2_rule {
	QCOW2_RULE_ANY,  /* what can be read as one disk */
	QCOW2_RULE_LIMA, /* limekiln's own rule: what every reader of Lima's takes */
	QCOW2_RULE_LOOK, /* any qcow2 image, of which nothing but tables may be readable */
};

/* Bits of the header's features. */
enum {
	QCOW2_INCOMPATIBLE_DIRTY = 1 << 0,
	QCOW2_INCOMPATIBLE_CORRUPT = 1 << 1,
	QCOW2_INCOMPATIBLE_DATA_FILE = 1 << 2,
	QCOW2_INCOMPATIBLE_COMPRESSION = 1 << 3,
	QCOW2_INCOMPATIBLE_EXTENDED_L2 = 1 << 4,
	QCOW2_COMPATIBLE_LAZY_REFCOUNTS = 1 << 0,
	QCOW2_AUTOCLEAR_BITMAPS = 1 << 0,
};

enum qcow2_compression {
	QCOW2_DEFLATE = 0,
	QCOW2_ZSTD = 1,
};

struct qcow2_header {
	unsigned version; /* 2 or 3; as written always 3 */
	unsigned cluster_bits;
	enum qcow2_compression compression;
	uint64_t size_bytes; /* of the guest */
	uint32_t l1_entries;
	uint64_t l1_offset;
	uint64_t reftable_offset;
	uint32_t reftable_clusters;
	/* What follows is not encoded: images of ours have none of it, and 16-bit refcounts. */
	unsigned refcount_bits;
	uint32_t snapshots;
	uint64_t snapshots_offset;
	uint64_t incompatible, compatible, autoclear; /* features; 0 in version 2 */
	unsigned encryption;                          /* 0: none, 1: AES, 2: LUKS */
	bool backing_file;
};

/* Write the header to data, whose remaining bytes are zero: no extensions. */
void qcow2_header_encode(const struct qcow2_header *h, unsigned char data[QCOW2_HEADER_SIZE]);

/* True when a file that begins with data says that it is a qcow2 image. */
bool qcow2_has_magic(const unsigned char *data, size_t len);

/* Parse the first len bytes of a file, up to 64 KiB of them, and hold the header and its extensions
 * to a rule. The offsets are held to their alignment, not to the file's size. Errors: ERR_FORMAT
 * (malformed), ERR_INTEGRITY (cut off), ERR_UNSUPPORTED (valid qcow2, but with a feature the rule
 * forbids, which is named). */
int qcow2_header_parse(struct qcow2_header *h, const unsigned char *data, size_t len,
	enum qcow2_rule rule, struct err *e);

/* The descriptor of len_bytes (at most a cluster) of compressed data at host offset, which is below
 * 1 << QCOW2_CSIZE_SHIFT(cluster_bits). */
uint64_t qcow2_compressed_entry(uint64_t offset, size_t len_bytes, unsigned cluster_bits);

static inline void qcow2_put16(unsigned char *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof(v));
}
static inline void qcow2_put32(unsigned char *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
}
static inline void qcow2_put64(unsigned char *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
}
static inline uint16_t qcow2_get16(const unsigned char *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}
static inline uint32_t qcow2_get32(const unsigned char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}
static inline uint64_t qcow2_get64(const unsigned char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

#endif
