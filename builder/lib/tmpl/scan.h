/* From template text to pieces of text and tags, by ERB's rules for trim mode "-". */
#ifndef KILN_TMPL_SCAN_H
#define KILN_TMPL_SCAN_H

#include <stddef.h>

#include "base/err.h"
#include "tmpl/ast.h"

enum tmpl_tag {
	TMPL_TAG_NONE, /* the text ends here, or a <%% stood here */
	TMPL_TAG_CODE,
	TMPL_TAG_OUTPUT,
	TMPL_TAG_COMMENT,
};

/* Text followed by a tag, as offsets in the source. */
struct tmpl_piece {
	size_t text;
	size_t text_end;
	enum tmpl_tag tag;
	size_t tag_pos; /* of its "<%" */
	size_t code;
	size_t code_end; /* of its "%>" or "-%>" */
};

/* Read the piece at *pos and move *pos behind it; at the end of the source there is none left. */
int tmpl_scan(const struct tmpl *t, size_t *pos, struct tmpl_piece *piece, struct err *e);

#endif
