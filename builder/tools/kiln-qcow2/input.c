#include "input.h"

#include <string.h>

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "image/qcow2_format.h"

enum raw_format input_format(const struct qcow2_cli *o, const char *path)
{
	static const char suffix[] = ".qcow2";
	size_t len = strlen(path);
	size_t suffix_len = strlen(suffix);

	if (o->format)
		return strcmp(o->format, "qcow2") == 0 ? RAW_FORMAT_QCOW2 : RAW_FORMAT_RAW;
	return len > suffix_len && strcmp(path + len - suffix_len, suffix) == 0 ? RAW_FORMAT_QCOW2
										: RAW_FORMAT_RAW;
}

int input_open(const char *path, enum raw_format format, struct err *e)
{
	unsigned char magic[4];
	size_t got;
	cleanup_close int fd = io_open_read(path, e);

	if (fd < 0)
		return -1;
	/* What cannot be read is the command's to tell. */
	if (format == RAW_FORMAT_RAW && io_pread(fd, magic, sizeof(magic), 0, &got, NULL) == 0 &&
		qcow2_has_magic(magic, got))
		log_warn("%s begins like a qcow2 image and is read as a raw disk; "
			 "--format=qcow2 reads the disk inside",
			path);
	return steal_fd(&fd);
}
