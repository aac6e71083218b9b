#include "image/qcow2_info.h"

#include "base/io.h"
#include "base/mem.h"
#include "image/qcow2_map.h"

void qcow2_info_release(struct qcow2_info *info)
{
	qcow2_snapshots_release(&info->snapshots);
}

static bool tables_are_known(const struct qcow2_header *h)
{
	return !(h->incompatible &
		 ~(uint64_t)(QCOW2_INCOMPATIBLE_DIRTY | QCOW2_INCOMPATIBLE_CORRUPT |
			     QCOW2_INCOMPATIBLE_COMPRESSION));
}

static int count_kinds(const struct qcow2_image *img, uint64_t counts[QCOW2_KINDS], struct err *e)
{
	struct qcow2_map map;
	struct qcow2_run run;
	bool found = true;
	int rc = qcow2_map_init(&map, img, e);

	while (rc == 0 && (rc = qcow2_map_next(&map, &run, &found, e)) == 0 && found)
		counts[run.kind] += (run.len - 1) / img->cluster_size + 1;
	qcow2_map_release(&map);
	return rc;
}

static int walk(struct qcow2_info *info, int fd, struct err *e)
{
	struct qcow2_image img = {0};
	int rc = qcow2_image_open(&img, fd, QCOW2_RULE_LOOK, e);

	if (rc == 0)
		rc = qcow2_check_usage(&img, &info->usage, e);
	if (rc == 0)
		rc = count_kinds(&img, info->guest_clusters, e);
	info->walked = rc == 0;
	info->snapshots = img.snapshots;
	img.snapshots = (struct qcow2_snapshots){0};
	qcow2_image_release(&img);
	return rc;
}

/* Limekiln's own rule asks more of the tables than others do. */
static int check_lima(int fd, const unsigned char *head, size_t len, struct err *e)
{
	struct qcow2_image img = {0};
	struct qcow2_header header;
	int rc = -1;

	if (qcow2_header_parse(&header, head, len, QCOW2_RULE_LIMA, e) == 0 &&
		qcow2_image_open(&img, fd, QCOW2_RULE_LIMA, e) == 0)
		rc = qcow2_check_refcounts(&img, e);
	qcow2_image_release(&img);
	return rc;
}

int qcow2_info_read(struct qcow2_info *info, int fd, struct err *e)
{
	cleanup_free unsigned char *head = mem_zalloc(QCOW2_HEAD_SIZE, e);
	struct qcow2_header header;
	struct err walk_error = {0};
	size_t got;

	*info = (struct qcow2_info){0};
	if (!head || io_size(fd, &info->file_size, e) < 0 ||
		io_pread(fd, head, QCOW2_HEAD_SIZE, 0, &got, e) < 0 ||
		qcow2_header_parse(&info->header, head, got, QCOW2_RULE_LOOK, e) < 0)
		return -1;
	qcow2_header_parse(&header, head, got, QCOW2_RULE_ANY, &info->unreadable);
	if (!tables_are_known(&info->header)) {
		info->not_lima = info->unreadable;
		return 0;
	}
	if (walk(info, fd, &walk_error) < 0) {
		if (walk_error.kind == ERR_IO || walk_error.kind == ERR_INTERNAL) {
			if (e)
				*e = walk_error;
			return -1;
		}
		if (info->unreadable.kind == ERR_NONE)
			info->unreadable = walk_error;
	}
	check_lima(fd, head, got, &info->not_lima);
	return 0;
}
