#include "image/qcow2_info.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "image/qcow2_codec.h"
#include "image/qcow2_map.h"
#include "options.h"
#include "json/json.h"

enum { FEATURES_MAX = 10 };

/* The names of the header's features; returns their number. */
static size_t feature_names(const struct qcow2_header *h, const char *names[FEATURES_MAX])
{
	const struct {
		uint64_t field, bit;
		const char *name;
	} known[] = {
		{h->incompatible, QCOW2_INCOMPATIBLE_DIRTY, "dirty"},
		{h->incompatible, QCOW2_INCOMPATIBLE_CORRUPT, "corrupt"},
		{h->incompatible, QCOW2_INCOMPATIBLE_DATA_FILE, "external-data-file"},
		{h->incompatible, QCOW2_INCOMPATIBLE_COMPRESSION, "compression-type"},
		{h->incompatible, QCOW2_INCOMPATIBLE_EXTENDED_L2, "extended-l2"},
		{h->incompatible, ~0x1full, "unknown-incompatible"},
		{h->compatible, QCOW2_COMPATIBLE_LAZY_REFCOUNTS, "lazy-refcounts"},
		{h->autoclear, QCOW2_AUTOCLEAR_BITMAPS, "bitmaps"},
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].field & known[i].bit)
			names[n++] = known[i].name;
	}
	return n;
}

static const char *encryption_name(unsigned encryption)
{
	static const char *const names[] = {"none", "aes", "luks"};

	return encryption < sizeof(names) / sizeof(names[0]) ? names[encryption] : "unknown";
}

/* Names are any bytes: escaped they are text, and safe on a terminal. */
static int add_name(struct json *j, const char *key, const char *name, struct err *e)
{
	cleanup_buf struct buf text = {0};

	if (buf_put_escaped(&text, name, strlen(name), e) < 0)
		return -1;
	return json_set_text(j, key, buf_str(&text), e);
}

/* Bytes of the guest for one of the host, in hundredths; 0 when nothing is compressed. */
static uint64_t ratio(const struct qcow2_info *info)
{
	if (!info->usage.compressed)
		return 0;
	return info->guest_clusters[QCOW2_KIND_COMPRESSED] * 100 / info->usage.compressed;
}

static int add_snapshots(struct json *j, const struct qcow2_snapshots *s, struct err *e)
{
	cleanup_json struct json *list = json_new_array(e);

	if (!list)
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		const struct qcow2_snapshot *one = &s->list[i];
		cleanup_json struct json *item = json_new_object(e);

		if (!item || add_name(item, "id", one->id, e) < 0 ||
			add_name(item, "name", one->name, e) < 0 ||
			json_set_int(item, "seconds", one->seconds, e) < 0 ||
			json_set_int(item, "virtual_size", (int64_t)one->size_bytes, e) < 0 ||
			json_set_int(item, "vm_state_size",
				(int64_t)(one->vm_state_bytes & INT64_MAX), e) < 0 ||
			json_add(list, steal_ptr(&item), e) < 0)
			return -1;
	}
	return json_set(j, "snapshots", steal_ptr(&list), e);
}

static int add_features(struct json *j, const struct qcow2_header *h, struct err *e)
{
	const char *names[FEATURES_MAX];
	size_t n = feature_names(h, names);
	cleanup_json struct json *list = json_new_array(e);

	if (!list)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (json_add(list, json_new_text(names[i], e), e) < 0)
			return -1;
	}
	return json_set(j, "features", steal_ptr(&list), e);
}

static int add_clusters(struct json *j, const struct qcow2_info *info, struct err *e)
{
	cleanup_json struct json *guest = json_new_object(e);
	cleanup_json struct json *host = json_new_object(e);
	const struct qcow2_usage *u = &info->usage;

	if (!guest || !host)
		return -1;
	for (unsigned kind = 0; kind < QCOW2_KINDS; kind++) {
		if (json_set_int(guest, qcow2_kind_name((enum qcow2_kind)kind),
			    (int64_t)info->guest_clusters[kind], e) < 0)
			return -1;
	}
	if (json_set_int(host, "all", (int64_t)u->clusters, e) < 0 ||
		json_set_int(host, "compressed", (int64_t)u->compressed, e) < 0 ||
		json_set_int(host, "leaked", (int64_t)u->leaked, e) < 0 ||
		json_set_int(host, "metadata", (int64_t)u->metadata, e) < 0 ||
		json_set_int(host, "plain", (int64_t)u->plain, e) < 0 ||
		json_set_int(host, "unused", (int64_t)u->unused, e) < 0 ||
		json_set_int(host, "wrong_refcounts", (int64_t)u->wrong, e) < 0 ||
		json_set(j, "guest_clusters", steal_ptr(&guest), e) < 0 ||
		json_set_int(j, "compression_percent", (int64_t)ratio(info), e) < 0)
		return -1;
	return json_set(j, "host_clusters", steal_ptr(&host), e);
}

/* What stands in the way, or nothing. */
static int add_reason(struct json *j, const char *key, const struct err *reason, struct err *e)
{
	return reason->kind == ERR_NONE ? 0 : json_set_text(j, key, reason->msg, e);
}

static int write_json(const struct qcow2_info *info, struct buf *out, struct err *e)
{
	const struct qcow2_header *h = &info->header;
	cleanup_json struct json *j = json_new_object(e);

	if (!j || json_set_bool(j, "backing_file", h->backing_file, e) < 0 ||
		json_set_int(j, "cluster_size", (int64_t)1 << h->cluster_bits, e) < 0 ||
		json_set_text(j, "compression_type", qcow2_compression_name(h->compression), e) <
			0 ||
		json_set_text(j, "encryption", encryption_name(h->encryption), e) < 0 ||
		add_features(j, h, e) < 0 ||
		json_set_int(j, "file_size", (int64_t)info->file_size, e) < 0 ||
		json_set_int(j, "refcount_bits", h->refcount_bits, e) < 0 ||
		add_snapshots(j, &info->snapshots, e) < 0 ||
		json_set_int(j, "version", h->version, e) < 0 ||
		json_set_int(j, "virtual_size", (int64_t)h->size_bytes, e) < 0 ||
		(info->walked && add_clusters(j, info, e) < 0) ||
		add_reason(j, "unreadable", &info->unreadable, e) < 0 ||
		add_reason(j, "not_lima", &info->not_lima, e) < 0)
		return -1;
	return json_write(j, out, e);
}

static int write_header(const struct qcow2_info *info, struct buf *out, struct err *e)
{
	const struct qcow2_header *h = &info->header;
	const char *names[FEATURES_MAX];
	size_t n = feature_names(h, names);

	if (buf_printf(out, e,
		    "format            qcow2 version %u\n"
		    "virtual size      %" PRIu64 "\n"
		    "file size         %" PRIu64 "\n"
		    "cluster size      %u\n"
		    "compression type  %s\n"
		    "refcount bits     %u\n"
		    "encryption        %s\n"
		    "backing file      %s\n"
		    "features         ",
		    h->version, h->size_bytes, info->file_size, 1u << h->cluster_bits,
		    qcow2_compression_name(h->compression), h->refcount_bits,
		    encryption_name(h->encryption), h->backing_file ? "yes" : "none") < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (buf_printf(out, e, " %s", names[i]) < 0)
			return -1;
	}
	return buf_puts(out, n ? "\n" : " none\n", e);
}

static int write_snapshots(const struct qcow2_info *info, struct buf *out, struct err *e)
{
	if (buf_printf(out, e, "snapshots         %u\n", info->header.snapshots) < 0)
		return -1;
	for (size_t i = 0; i < info->snapshots.n; i++) {
		const struct qcow2_snapshot *one = &info->snapshots.list[i];

		if (buf_puts(out, "  ", e) < 0 ||
			buf_put_escaped(out, one->id, strlen(one->id), e) < 0 ||
			buf_puts(out, " ", e) < 0 ||
			buf_put_escaped(out, one->name, strlen(one->name), e) < 0 ||
			buf_printf(out, e, ", %" PRIu64 " bytes\n", one->size_bytes) < 0)
			return -1;
	}
	return 0;
}

static int write_clusters(const struct qcow2_info *info, struct buf *out, struct err *e)
{
	const struct qcow2_usage *u = &info->usage;

	if (buf_puts(out, "guest clusters\n", e) < 0)
		return -1;
	for (unsigned kind = 0; kind < QCOW2_KINDS; kind++) {
		uint64_t n = info->guest_clusters[kind];

		if (buf_printf(out, e, "  %-15s %-10" PRIu64 " %" PRIu64 " bytes\n",
			    qcow2_kind_name((enum qcow2_kind)kind), n,
			    n << info->header.cluster_bits) < 0)
			return -1;
	}
	const struct {
		const char *name;
		uint64_t n;
	} rows[] = {{"metadata", u->metadata}, {"plain", u->plain}, {"compressed", u->compressed},
		{"unused", u->unused}, {"leaked", u->leaked}, {"wrong refcounts", u->wrong}};
	if (buf_puts(out, "host clusters\n", e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (buf_printf(out, e, "  %-15s %-10" PRIu64 " %" PRIu64 " bytes\n", rows[i].name,
			    rows[i].n, rows[i].n << info->header.cluster_bits) < 0)
			return -1;
	}
	return buf_printf(out, e, "compression       %" PRIu64 ".%02u\n", ratio(info) / 100,
		(unsigned)(ratio(info) % 100));
}

static int write_reason(const char *label, const struct err *reason, struct buf *out, struct err *e)
{
	return buf_printf(out, e, "%-17s %s%s\n", label, reason->kind == ERR_NONE ? "yes" : "no: ",
		reason->kind == ERR_NONE ? "" : reason->msg);
}

static int write_text(const struct qcow2_info *info, struct buf *out, struct err *e)
{
	if (write_header(info, out, e) < 0 || write_snapshots(info, out, e) < 0 ||
		(info->walked && write_clusters(info, out, e) < 0) ||
		write_reason("readable", &info->unreadable, out, e) < 0)
		return -1;
	return write_reason("for Lima", &info->not_lima, out, e);
}

int info_run(void *opts, char **operands, size_t n, struct err *e)
{
	const struct qcow2_cli *o = opts;
	cleanup_buf struct buf out = {0};
	struct qcow2_info info;

	(void)n;
	cleanup_close int fd = io_open_read(operands[0], e);
	if (fd < 0)
		return -1;
	int rc = qcow2_info_read(&info, fd, e);
	if (rc < 0)
		err_prefix(e, "%s", operands[0]);
	else
		rc = (o->json ? write_json : write_text)(&info, &out, e);
	qcow2_info_release(&info);
	return rc < 0 ? -1 : io_write_full(STDOUT_FILENO, out.data, out.len, e);
}
