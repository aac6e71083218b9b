/* Whatever a package holds, its control text is one bounded paragraph or an error. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "deb/deb.h"
#include "deb/deb822.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_buf struct buf control = {0};
	cleanup_close int fd = memfd_create("input", MFD_CLOEXEC);
	struct deb822_paragraph p;
	struct err e = {0};

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		return 0;
	if (deb_read_control(fd, "input", &control, &e) < 0) {
		if (e.kind != ERR_FORMAT || control.len > 0)
			abort();
		return 0;
	}
	struct deb822_reader r = {.text = control.data, .len = control.len, .name = "control"};
	if (control.len > ((size_t)1 << 20) + 1 || deb822_next(&r, &p, &e) != 1 ||
		deb822_next(&r, &p, &e) != 0)
		abort();
	return 0;
}
