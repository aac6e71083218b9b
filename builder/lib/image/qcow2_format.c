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
	H_LENGTH_V2 = 72,
	EXTENSIONS_MAX = 4096, /* what Lima's Go reader takes */
};

static const unsigned char magic[4] = {'Q', 'F', 'I', 0xfb};

void qcow2_header_encode(const struct qcow2_header *h, unsigned char data[QCOW2_HEADER_SIZE])
{
	memset(data, 0, QCOW2_HEADER_SIZE);
	memcpy(data, magic, sizeof(magic));
	qcow2_put32(data + H_VERSION, 3);
	qcow2_put32(data + H_CLUSTER_BITS, h->cluster_bits);
	qcow2_put64(data + H_SIZE, h->size_bytes);
	qcow2_put32(data + H_L1_ENTRIES, h->l1_entries);
	qcow2_put64(data + H_L1_OFFSET, h->l1_offset);
	qcow2_put64(data + H_REFTABLE_OFFSET, h->reftable_offset);
	qcow2_put32(data + H_REFTABLE_CLUSTERS, h->reftable_clusters);
	if (h->compression != QCOW2_DEFLATE)
		qcow2_put64(data + H_INCOMPATIBLE, 1u << 3);
	qcow2_put32(data + H_REFCOUNT_ORDER, 4);
	qcow2_put32(data + H_LENGTH, QCOW2_HEADER_SIZE);
	data[H_COMPRESSION] = (unsigned char)h->compression;
}

uint64_t qcow2_compressed_entry(uint64_t offset, size_t len_bytes, unsigned cluster_bits)
{
	uint64_t more_sectors = (offset % QCOW2_SECTOR_SIZE + len_bytes - 1) / QCOW2_SECTOR_SIZE;

	return QCOW2_COMPRESSED | more_sectors << QCOW2_CSIZE_SHIFT(cluster_bits) | offset;
}

/* A file's first cluster, or the 64 KiB of it that are looked at. */
struct head {
	const unsigned char *data;
	size_t len;  /* of what is there */
	size_t full; /* and would be in a whole file */
	enum qcow2_rule rule;
	unsigned version;
	unsigned cluster_bits;
};

static int unsupported(const struct head *head, const char *what, struct err *e)
{
	if (head->rule == QCOW2_RULE_LOOK)
		return 0;
	if (head->rule == QCOW2_RULE_LIMA)
		return err_set(e, ERR_UNSUPPORTED,
			"%s: not allowed in an image for Lima; convert it with "
			"'qemu-img convert -O raw' and compress that",
			what);
	return err_set(e, ERR_UNSUPPORTED,
		"%s: not read here; if you trust the image, flatten it with "
		"'qemu-img convert -O qcow2' first",
		what);
}

/* The same for what only limekiln's own rule forbids. */
static int against_rule(const struct head *head, const char *what, struct err *e)
{
	if (head->rule != QCOW2_RULE_LIMA)
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		"%s: not allowed in an image for Lima; 'kiln-qcow2 compress' makes one of it, and "
		"'verify --rule=qemu' asks only for what qemu needs",
		what);
}

static int malformed(const char *what, struct err *e)
{
	return err_set(e, ERR_FORMAT, "malformed qcow2: %s", what);
}

/* Something reaches beyond the bytes there are. */
static int ends_early(const struct head *head, const char *what, struct err *e)
{
	if (head->len < head->full)
		return err_set(e, ERR_INTEGRITY, "cut off: ends within the %s", what);
	return err_set(e, ERR_FORMAT, "malformed qcow2: %s too long", what);
}

/* Feature bits ("incompatible_features", "compatible_features", "autoclear_features"): those of
 * the first kind must be known, the others may be ignored. */
static int check_features(const struct head *head, struct err *e)
{
	static const struct {
		unsigned field, bit;
		const char *what;
		bool readable;
	} named[] = {
		{H_INCOMPATIBLE, 0, "dirty refcounts (the image was not closed)", false},
		{H_INCOMPATIBLE, 1, "marked as corrupt", false},
		{H_INCOMPATIBLE, 2, "external data file", false},
		{H_INCOMPATIBLE, 3, "compression type other than deflate (zstd)", true},
		{H_INCOMPATIBLE, 4, "extended L2 entries", false},
		{H_COMPATIBLE, 0, "lazy refcounts", true},
		{H_AUTOCLEAR, 0, "bitmaps", true},
		{H_AUTOCLEAR, 1, "raw external data file", false},
	};

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (!(qcow2_get64(head->data + named[i].field) >> named[i].bit & 1))
			continue;
		if (!named[i].readable)
			return unsupported(head, named[i].what, e);
		if (against_rule(head, named[i].what, e) < 0)
			return -1;
	}
	if (qcow2_get64(head->data + H_INCOMPATIBLE) & ~0x1full)
		return unsupported(head, "unknown feature bits", e);
	if (qcow2_get64(head->data + H_INCOMPATIBLE) | qcow2_get64(head->data + H_COMPATIBLE) |
		qcow2_get64(head->data + H_AUTOCLEAR))
		return against_rule(head, "unknown feature bits", e);
	return 0;
}

/* What both versions have. */
static int check_kind(struct head *head, struct err *e)
{
	const unsigned char *data = head->data;

	head->version = qcow2_get32(data + H_VERSION);
	head->cluster_bits = qcow2_get32(data + H_CLUSTER_BITS);
	if (head->version == 2 && against_rule(head, "version 2", e) < 0)
		return -1;
	if (head->version != 2 && head->version != 3)
		return err_set(e, ERR_UNSUPPORTED, "qcow2 version %u", head->version);
	if (head->cluster_bits < QCOW2_CLUSTER_BITS_MIN ||
		head->cluster_bits > QCOW2_CLUSTER_BITS_MAX)
		return malformed("cluster size out of range", e);
	if (head->cluster_bits != 16 &&
		against_rule(head, "clusters of another size than 64 KiB", e) < 0)
		return -1;
	if (head->full > 1u << head->cluster_bits)
		head->full = 1u << head->cluster_bits;
	if (head->len > head->full)
		head->len = head->full;
	if (qcow2_get64(data + H_BACKING_OFFSET) || qcow2_get32(data + H_BACKING_LEN))
		return unsupported(head, "backing file", e);
	if (qcow2_get32(data + H_CRYPT))
		return unsupported(head, "encryption", e);
	if (qcow2_get32(data + H_SNAPSHOTS) || qcow2_get64(data + H_SNAPSHOTS_OFFSET))
		return against_rule(head, "snapshots", e);
	return 0;
}

static int check_compression(const struct head *head, struct err *e)
{
	unsigned type = head->data[H_COMPRESSION];
	bool marked = qcow2_get64(head->data + H_INCOMPATIBLE) >> 3 & 1;

	if (type && !marked)
		return malformed("compression type without its feature bit", e);
	if (!type && marked)
		return malformed("compression type that does not need its feature bit", e);
	return type > QCOW2_ZSTD ? err_set(e, ERR_UNSUPPORTED, "compression type %u", type) : 0;
}

/* What version 3 adds: lengths, refcount width, compression type. */
static int check_version3(const struct head *head, struct err *e)
{
	uint32_t header_len = qcow2_get32(head->data + H_LENGTH);
	uint32_t refcount_order = qcow2_get32(head->data + H_REFCOUNT_ORDER);

	if (refcount_order > 6)
		return malformed("refcount width out of range", e);
	if (refcount_order != 4 &&
		against_rule(head, "refcounts of another width than 16 bits", e) < 0)
		return -1;
	if (header_len < H_LENGTH_MIN || header_len % 8 || header_len > head->full)
		return malformed("header length out of range", e);
	if (header_len > head->len)
		return ends_early(head, "header", e);
	if (header_len == H_LENGTH_MIN)
		return qcow2_get64(head->data + H_INCOMPATIBLE) >> 3 & 1
			       ? malformed("header without the compression type", e)
			       : 0;
	if (check_compression(head, e) < 0)
		return -1;
	for (uint32_t i = H_COMPRESSION + 1; i < QCOW2_HEADER_SIZE; i++) {
		if (head->data[i])
			return against_rule(head, "unknown header fields", e);
	}
	return header_len > QCOW2_HEADER_SIZE ? against_rule(head, "unknown header fields", e) : 0;
}

static int check_extension(const struct head *head, uint32_t type, struct err *e)
{
	switch (type) {
	case 0xe2792aca: /* means nothing without a backing file */
		return against_rule(head, "backing file format", e);
	case 0x0537be77:
		return unsupported(head, "encryption header", e);
	case 0x23852875:
		return against_rule(head, "bitmaps", e);
	case 0x44415441:
		return unsupported(head, "external data file", e);
	default: /* a table of feature names, or one that may be ignored */
		return 0;
	}
}

/* "Header extensions": type, length, data padded to 8 bytes; type 0 ends them. */
static int check_extensions(const struct head *head, struct err *e)
{
	size_t start = head->version == 2 ? H_LENGTH_V2 : qcow2_get32(head->data + H_LENGTH);
	size_t at = start;

	for (;;) {
		if (head->len - at < 8)
			return ends_early(head, "header extensions", e);
		uint32_t type = qcow2_get32(head->data + at);
		uint32_t size = qcow2_get32(head->data + at + 4);
		if (type == 0)
			return size ? malformed("header extensions end badly", e) : 0;
		if (size > head->len - at - 8)
			return ends_early(head, "header extension", e);
		if (check_extension(head, type, e) < 0)
			return -1;
		at += 8 + ((size_t)size + 7) / 8 * 8;
		if (at > head->len)
			return ends_early(head, "header extensions", e);
		if (at - start > EXTENSIONS_MAX &&
			against_rule(head, "more than 4096 bytes of header extensions", e) < 0)
			return -1;
	}
}

static int check_tables(const struct head *head, const struct qcow2_header *h, struct err *e)
{
	uint64_t cluster_size = 1ull << h->cluster_bits;
	uint64_t l2_span = cluster_size / 8 * cluster_size;

	if (h->size_bytes == 0)
		return malformed("disk of no size", e);
	if (h->l1_entries == 0)
		return malformed("L1 table of no size", e);
	if (h->l1_entries > QCOW2_L1_MAX)
		return malformed("L1 table larger than 32 MiB", e);
	if (h->l1_entries < (h->size_bytes - 1) / l2_span + 1)
		return malformed("L1 table smaller than the disk needs", e);
	if (h->l1_offset == 0 || h->l1_offset % cluster_size)
		return malformed("L1 table not at a cluster boundary", e);
	if (h->reftable_clusters == 0 || h->reftable_clusters > QCOW2_REFTABLE_MAX / cluster_size)
		return malformed("refcount table's size out of range", e);
	if (h->reftable_offset == 0 || h->reftable_offset % cluster_size)
		return malformed("refcount table not at a cluster boundary", e);
	if (h->snapshots > QCOW2_SNAPSHOTS_MAX)
		return malformed("more than 65536 snapshots", e);
	if (h->snapshots && (h->snapshots_offset == 0 || h->snapshots_offset % cluster_size))
		return malformed("snapshot table not at a cluster boundary", e);
	if (h->size_bytes % QCOW2_SECTOR_SIZE)
		return unsupported(head, "disk size that is not a multiple of 512 bytes", e);
	if (h->size_bytes % QCOW2_SIZE_UNIT)
		return against_rule(head, "disk size that is not a multiple of 1 MiB", e);
	return 0;
}

bool qcow2_has_magic(const unsigned char *data, size_t len)
{
	return len >= sizeof(magic) && memcmp(data, magic, sizeof(magic)) == 0;
}

int qcow2_header_parse(struct qcow2_header *h, const unsigned char *data, size_t len,
	enum qcow2_rule rule, struct err *e)
{
	struct head head = {
		.data = data,
		.len = len < QCOW2_HEAD_SIZE ? len : QCOW2_HEAD_SIZE,
		.full = QCOW2_HEAD_SIZE,
		.rule = rule,
	};

	if (!qcow2_has_magic(data, len))
		return err_set(e, ERR_FORMAT, "not a qcow2 image");
	if (len < H_LENGTH_MIN)
		return ends_early(&head, "header", e);
	if (check_kind(&head, e) < 0)
		return -1;
	if (head.version == 3 && (check_features(&head, e) < 0 || check_version3(&head, e) < 0))
		return -1;
	if (check_extensions(&head, e) < 0)
		return -1;

	bool typed = head.version == 3 && qcow2_get32(data + H_LENGTH) > H_COMPRESSION;
	*h = (struct qcow2_header){
		.version = head.version,
		.cluster_bits = head.cluster_bits,
		.compression = typed && data[H_COMPRESSION] ? QCOW2_ZSTD : QCOW2_DEFLATE,
		.size_bytes = qcow2_get64(data + H_SIZE),
		.l1_entries = qcow2_get32(data + H_L1_ENTRIES),
		.l1_offset = qcow2_get64(data + H_L1_OFFSET),
		.reftable_offset = qcow2_get64(data + H_REFTABLE_OFFSET),
		.reftable_clusters = qcow2_get32(data + H_REFTABLE_CLUSTERS),
		.refcount_bits = 16,
		.snapshots = qcow2_get32(data + H_SNAPSHOTS),
		.snapshots_offset = qcow2_get64(data + H_SNAPSHOTS_OFFSET),
		.encryption = qcow2_get32(data + H_CRYPT),
		.backing_file = qcow2_get64(data + H_BACKING_OFFSET) != 0,
	};
	if (head.version == 3) {
		h->refcount_bits = 1u << qcow2_get32(data + H_REFCOUNT_ORDER);
		h->incompatible = qcow2_get64(data + H_INCOMPATIBLE);
		h->compatible = qcow2_get64(data + H_COMPATIBLE);
		h->autoclear = qcow2_get64(data + H_AUTOCLEAR);
	}
	return check_tables(&head, h, e);
}
