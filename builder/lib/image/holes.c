#include "image/holes.h"

#include <errno.h>
#include <unistd.h>

void holes_init(struct holes *h, int fd, uint64_t size_bytes)
{
	*h = (struct holes){.fd = fd, .size_bytes = size_bytes};
}

/* Go to the first extent at or after h->stop; one of no length at the end of the file. */
static int next_extent(struct holes *h, struct err *e)
{
	uint64_t from = h->stop;

	h->start = h->size_bytes;
	h->stop = h->size_bytes;
	if (from >= h->size_bytes)
		return 0;
	off_t data = lseek(h->fd, (off_t)from, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		return 0;
	if (data < 0 && errno == EINVAL) {
		h->start = from;
		return 0;
	}
	off_t hole = data < 0 ? -1 : lseek(h->fd, data, SEEK_HOLE);
	if (hole < 0)
		return err_set_errno(e, ERR_IO, "look for holes");
	if ((uint64_t)data < h->size_bytes)
		h->start = (uint64_t)data;
	if ((uint64_t)hole < h->size_bytes)
		h->stop = (uint64_t)hole;
	return 0;
}

int holes_next(struct holes *h, struct holes_window *w, bool *found, struct err *e)
{
	*found = false;
	if (h->start == h->stop && next_extent(h, e) < 0)
		return -1;
	if (h->start == h->size_bytes)
		return 0;

	w->offset = h->start - h->start % HOLES_WINDOW;
	w->data_mask = 0;
	uint64_t end = w->offset + HOLES_WINDOW;
	while (h->start < end && h->start < h->size_bytes) {
		uint64_t stop = h->stop < end ? h->stop : end;
		uint64_t first = (h->start - w->offset) / HOLES_BLOCK;
		uint64_t last = (stop - 1 - w->offset) / HOLES_BLOCK;

		for (uint64_t i = first; i <= last; i++)
			w->data_mask |= 1u << i;
		h->start = stop;
		if (h->start == h->stop && next_extent(h, e) < 0)
			return -1;
	}
	*found = true;
	return 0;
}
