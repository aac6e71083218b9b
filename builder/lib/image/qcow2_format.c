#include "image/qcow2_format.h"

/* Offsets in the header ("Header", docs/interop/qcow2.txt). */
enum {
	H_VERSION = 4,
	H_BACKING_OFFSET = 8,
	H_BACKING_LEN = 16,
	H_CLUSTER_BITS = 20,
	H_SIZE = 24,
	H_CRYPT = 32,
	H_L1_ENTRIES = 36,
	H_L1_OFFSET = 40,
	H_REFTABLE_OFFSET = 48,
	H_REFTABLE_CLUSTERS = 56,
	H_SNAPSHOTS = 60,
	H_SNAPSHOTS_OFFSET = 64,
	H_INCOMPATIBLE = 72,
	H_COMPATIBLE = 80,
	H_AUTOCLEAR = 88,
	H_REFCOUNT_ORDER = 96,
	H_LENGTH = 100,
	H_COMPRESSION = 104,
	H_LENGTH_MIN = 104,
	EXTENSIONS_MAX = 4096, /* what Lima's Go reader takes */
};

static const unsigned char magic[4] = {'Q', 'F', 'I', 0xfb};

void qcow2_header_encode(const struct qcow2_header *h, unsigned char data[QCOW2_HEADER_SIZE])
{
	memset(data, 0, QCOW2_HEADER_SIZE);
	memcpy(data, magic, sizeof(magic));
	qcow2_put32(data + H_VERSION, 3);
	qcow2_put32(data + H_CLUSTER_BITS, 16);
	qcow2_put64(data + H_SIZE, h->size_bytes);
	qcow2_put32(data + H_L1_ENTRIES, h->l1_entries);
	qcow2_put64(data + H_L1_OFFSET, h->l1_offset);
	qcow2_put64(data + H_REFTABLE_OFFSET, h->reftable_offset);
	qcow2_put32(data + H_REFTABLE_CLUSTERS, h->reftable_clusters);
	qcow2_put32(data + H_REFCOUNT_ORDER, 4);
	qcow2_put32(data + H_LENGTH, QCOW2_HEADER_SIZE);
}

uint64_t qcow2_compressed_entry(uint64_t offset, size_t len_bytes)
{
	uint64_t more_sectors = (offset % QCOW2_SECTOR_SIZE + len_bytes - 1) / QCOW2_SECTOR_SIZE;

	return QCOW2_COMPRESSED | more_sectors << QCOW2_CSIZE_SHIFT | offset;
}

static int unsupported(const char *what, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED,
		"%s: not allowed in an image for Lima; convert it with "
		"'qemu-img convert -O raw' and compress that",
		what);
}

static int malformed(const char *what, struct err *e)
{
	return err_set(e, ERR_FORMAT, "malformed qcow2: %s", what);
}

/* Something reaches beyond the len bytes there are of the first cluster. */
static int ends_early(size_t len, const char *what, struct err *e)
{
	if (len < QCOW2_CLUSTER_SIZE)
		return err_set(e, ERR_INTEGRITY, "cut off: ends within the %s", what);
	return err_set(e, ERR_FORMAT, "malformed qcow2: %s too long", what);
}

/* Feature bits ("incompatible_features", "compatible_features", "autoclear_features"). */
static int check_features(const unsigned char *data, struct err *e)
{
	static const struct {
		unsigned field, bit;
		const char *what;
	} named[] = {
		{H_INCOMPATIBLE, 0, "dirty refcounts (the image was not closed)"},
		{H_INCOMPATIBLE, 1, "marked as corrupt"},
		{H_INCOMPATIBLE, 2, "external data file"},
		{H_INCOMPATIBLE, 3, "compression type other than deflate (zstd)"},
		{H_INCOMPATIBLE, 4, "extended L2 entries"},
		{H_COMPATIBLE, 0, "lazy refcounts"},
		{H_AUTOCLEAR, 0, "bitmaps"},
		{H_AUTOCLEAR, 1, "raw external data file"},
	};

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (qcow2_get64(data + named[i].field) >> named[i].bit & 1)
			return unsupported(named[i].what, e);
	}
	if (qcow2_get64(data + H_INCOMPATIBLE) | qcow2_get64(data + H_COMPATIBLE) |
		qcow2_get64(data + H_AUTOCLEAR))
		return unsupported("unknown feature bits", e);
	return 0;
}

static int check_kind(const unsigned char *data, struct err *e)
{
	uint32_t version = qcow2_get32(data + H_VERSION);
	uint32_t cluster_bits = qcow2_get32(data + H_CLUSTER_BITS);

	if (version == 2)
		return unsupported("version 2", e);
	if (version != 3)
		return err_set(e, ERR_UNSUPPORTED, "qcow2 version %u", version);
	if (cluster_bits < 9 || cluster_bits > 21)
		return malformed("cluster size out of range", e);
	if (cluster_bits != 16)
		return unsupported("clusters of another size than 64 KiB", e);
	if (qcow2_get64(data + H_BACKING_OFFSET) || qcow2_get32(data + H_BACKING_LEN))
		return unsupported("backing file", e);
	if (qcow2_get32(data + H_CRYPT))
		return unsupported("encryption", e);
	if (qcow2_get32(data + H_SNAPSHOTS) || qcow2_get64(data + H_SNAPSHOTS_OFFSET))
		return unsupported("snapshots", e);
	return 0;
}

/* What version 3 adds: lengths, refcount width, compression type. */
static int check_version3(const unsigned char *data, size_t len, struct err *e)
{
	uint32_t header_len = qcow2_get32(data + H_LENGTH);
	uint32_t refcount_order = qcow2_get32(data + H_REFCOUNT_ORDER);

	if (refcount_order > 6)
		return malformed("refcount width out of range", e);
	if (refcount_order != 4)
		return unsupported("refcounts of another width than 16 bits", e);
	if (header_len < H_LENGTH_MIN || header_len % 8 || header_len > QCOW2_CLUSTER_SIZE)
		return malformed("header length out of range", e);
	if (header_len > len)
		return ends_early(len, "header", e);
	if (header_len == H_LENGTH_MIN)
		return 0;
	if (data[H_COMPRESSION])
		return malformed("compression type without its feature bit", e);
	for (uint32_t i = H_COMPRESSION + 1; i < QCOW2_HEADER_SIZE; i++) {
		if (data[i])
			return unsupported("unknown header fields", e);
	}
	return header_len > QCOW2_HEADER_SIZE ? unsupported("unknown header fields", e) : 0;
}

/* "Header extensions": type, length, data padded to 8 bytes; type 0 ends them. */
static int check_extensions(const unsigned char *data, size_t len, struct err *e)
{
	size_t start = qcow2_get32(data + H_LENGTH);
	size_t at = start;

	for (;;) {
		if (len - at < 8)
			return ends_early(len, "header extensions", e);
		uint32_t type = qcow2_get32(data + at);
		uint32_t size = qcow2_get32(data + at + 4);
		if (type == 0)
			return size ? malformed("header extensions end badly", e) : 0;
		if (size > len - at - 8)
			return ends_early(len, "header extension", e);
		switch (type) {
		case 0xe2792aca:
			return unsupported("backing file format", e);
		case 0x0537be77:
			return unsupported("encryption header", e);
		case 0x23852875:
			return unsupported("bitmaps", e);
		case 0x44415441:
			return unsupported("external data file", e);
		default: /* a table of feature names, or one that may be ignored */
			break;
		}
		at += 8 + ((size_t)size + 7) / 8 * 8;
		if (at > len || at - start > EXTENSIONS_MAX)
			return unsupported("more than 4096 bytes of header extensions", e);
	}
}

static int check_tables(const struct qcow2_header *h, struct err *e)
{
	if (h->size_bytes == 0)
		return malformed("disk of no size", e);
	if (h->l1_entries == 0)
		return malformed("L1 table of no size", e);
	if (h->l1_entries > QCOW2_L1_MAX)
		return malformed("L1 table larger than 32 MiB", e);
	if (h->l1_entries < (h->size_bytes - 1) / QCOW2_L2_SPAN + 1)
		return malformed("L1 table smaller than the disk needs", e);
	if (h->l1_offset == 0 || h->l1_offset % QCOW2_CLUSTER_SIZE)
		return malformed("L1 table not at a cluster boundary", e);
	if (h->reftable_clusters == 0 || h->reftable_clusters > QCOW2_REFTABLE_MAX_CLUSTERS)
		return malformed("refcount table's size out of range", e);
	if (h->reftable_offset == 0 || h->reftable_offset % QCOW2_CLUSTER_SIZE)
		return malformed("refcount table not at a cluster boundary", e);
	if (h->size_bytes % QCOW2_SIZE_UNIT)
		return unsupported("disk size that is not a multiple of 1 MiB", e);
	return 0;
}

int qcow2_header_parse(struct qcow2_header *h, const unsigned char *data, size_t len, struct err *e)
{
	if (len < sizeof(magic) || memcmp(data, magic, sizeof(magic)) != 0)
		return err_set(e, ERR_FORMAT, "not a qcow2 image");
	if (len < H_LENGTH_MIN)
		return ends_early(len, "header", e);
	if (len > QCOW2_CLUSTER_SIZE)
		len = QCOW2_CLUSTER_SIZE;
	if (check_kind(data, e) < 0 || check_features(data, e) < 0 ||
		check_version3(data, len, e) < 0 || check_extensions(data, len, e) < 0)
		return -1;

	*h = (struct qcow2_header){
		.size_bytes = qcow2_get64(data + H_SIZE),
		.l1_entries = qcow2_get32(data + H_L1_ENTRIES),
		.l1_offset = qcow2_get64(data + H_L1_OFFSET),
		.reftable_offset = qcow2_get64(data + H_REFTABLE_OFFSET),
		.reftable_clusters = qcow2_get32(data + H_REFTABLE_CLUSTERS),
	};
	return check_tables(h, e);
}
