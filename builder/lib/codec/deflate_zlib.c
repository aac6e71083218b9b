#include "codec/deflate_zlib.h"

#include <limits.h>
#include <stdlib.h>
/* For next_in to be a pointer to const. */
#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"

struct deflate_zlib {
	z_stream stream;
};

int deflate_zlib_new(struct deflate_zlib **out, unsigned level, struct err *e)
{
	cleanup_free struct deflate_zlib *z = mem_zalloc(sizeof(*z), e);

	*out = NULL;
	if (!z)
		return -1;
	/* 9: the memory level that qemu gives. */
	if (deflateInit2(&z->stream, (int)level, Z_DEFLATED, -DEFLATE_ZLIB_WINDOW_BITS, 9,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		return err_nomem(e);
	*out = steal_ptr(&z);
	return 0;
}

size_t deflate_zlib_encode(
	struct deflate_zlib *z, const void *in, size_t in_len, void *out, size_t out_max)
{
	z_stream *s = &z->stream;

	if (in_len > UINT_MAX || deflateReset(s) != Z_OK)
		return 0;
	s->next_in = in;
	s->avail_in = (uInt)in_len;
	s->next_out = out;
	s->avail_out = out_max > UINT_MAX ? UINT_MAX : (uInt)out_max;
	return deflate(s, Z_FINISH) == Z_STREAM_END ? s->total_out : 0;
}

void deflate_zlib_free(struct deflate_zlib *z)
{
	if (!z)
		return;
	deflateEnd(&z->stream);
	free(z);
}

const char *deflate_zlib_library(void)
{
	return "zlib " ZLIB_VERSION;
}
