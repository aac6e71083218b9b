/* Text templates: a strict subset of ERB (trim mode "-").
 *
 * What is accepted renders to the bytes that Ruby's own ERB gives; what is not in the subset is an
 * error with file:line:column (ERR_FORMAT), columns counted in characters.
 *
 *   <%= e %>  <%# comment %>  <%% (a literal <%)  <%- and -%> trim blanks before, a newline after
 *   <% if e %> <% elsif e %> <% else %> <% unless e %> <% e.each do |x| %> <% end %>
 *
 * Expressions: names, true, false, nil, integers, 'single' and "double" quoted strings without
 * interpolation, e["key"], e[0], ! == != && ||, parentheses, .empty? .include?(e) .join .join(e)
 * .to_json, and render("path") for the text of another template. Stricter than Ruby: an absent
 * key or index is an error, not nil; only lists can be walked; lists and maps have no text of
 * their own (use .join or .to_json); a line break inside a tag must follow an operator.
 *
 * Depth, work and output (64 MiB) are bounded, so that no template can hang or fill the memory. */
#ifndef KILN_TMPL_TMPL_H
#define KILN_TMPL_TMPL_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "yaml/ynode.h"

struct tmpl;

/* Parse one template of at most 4 MiB. name is for messages. Partials are not looked up: to render
 * a template that calls render() it must come from tmpl_load(). */
int tmpl_parse(struct tmpl **out, const char *data, size_t len, const char *name, struct err *e);

/* Read and parse the template at path and, recursively, every partial it names, also those that
 * its conditions never reach. A partial's path is relative to the folder of the template that
 * names it. root confines them: absolute paths, "..", and symbolic links that lead out of it are
 * refused, as are cycles and more than 16 levels (ERR_FORMAT). NULL: the folder of path.
 * A file that cannot be read is ERR_IO. */
int tmpl_load(struct tmpl **out, const char *path, const char *root, struct err *e);

/* Free the template with its partials; NULL is fine. */
void tmpl_free(struct tmpl *t);

static inline void tmpl_cleanup(struct tmpl **t)
{
	tmpl_free(*t);
}
#define cleanup_tmpl __attribute__((cleanup(tmpl_cleanup)))

/* Append the text to *out. data is a map (or NULL for none); its keys are the names that the
 * template and all partials see. After -1 *out is as it was. May be called from several threads
 * at once for one template. */
int tmpl_render(const struct tmpl *t, const struct ynode *data, struct buf *out, struct err *e);

#endif
