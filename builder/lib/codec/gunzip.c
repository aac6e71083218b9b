#include "codec/gunzip.h"

#include <libdeflate.h>

#include "base/mem.h"

MEM_DEFINE_CLEANUP(decompressor, struct libdeflate_decompressor *, libdeflate_free_decompressor)

/* libdeflate wants room for all; a member tells its length only behind its end, which is not known
 * beforehand. So room is doubled until it suffices. */
int gunzip_member(const void *data, size_t len, size_t max_bytes, struct buf *out, size_t *used,
	struct err *e)
{
	MEM_CLEANUP(decompressor)
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t room = 4 * len < max_bytes ? 4 * len : max_bytes;

	if (!d)
		return err_nomem(e);
	for (;;) {
		size_t got;

		if (buf_reserve(out, room, e) < 0)
			return -1;
		switch (libdeflate_gzip_decompress_ex(
			d, data, len, out->data + out->len, room, used, &got)) {
		case LIBDEFLATE_SUCCESS:
			out->len += got;
			out->data[out->len] = 0;
			return 0;
		case LIBDEFLATE_INSUFFICIENT_SPACE:
			break;
		default:
			return err_set(
				e, ERR_INTEGRITY, "gzip data is malformed, damaged or cut off");
		}
		if (room == max_bytes)
			return err_set(
				e, ERR_FORMAT, "gzip data holds more than %zu bytes", max_bytes);
		room = room < max_bytes / 2 ? 2 * room + 4096 : max_bytes;
		if (room > max_bytes)
			room = max_bytes;
	}
}
