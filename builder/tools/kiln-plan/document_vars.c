#include "documents.h"

#include <inttypes.h>

#include "base/mem.h"
#include "image/ident.h"
#include "yaml/ynode.h"

/* "key: text" at the outermost level. */
static int put_text(struct buf *out, const char *key, const char *text, struct err *e)
{
	if (buf_printf(out, e, "%s: ", key) < 0 || ynode_put_scalar(out, text, e) < 0)
		return -1;
	return buf_putc(out, '\n', e);
}

static int put_list(struct buf *out, const char *key, const struct strv *v, struct err *e)
{
	if (buf_printf(out, e, "%s: [", key) < 0)
		return -1;
	for (size_t i = 0; i < v->n; i++) {
		if ((i > 0 && buf_puts(out, ", ", e) < 0) ||
			ynode_put_scalar(out, v->items[i], e) < 0)
			return -1;
	}
	return buf_puts(out, "]\n", e);
}

static int put_node(struct buf *out, const struct ynode *n, struct err *e);

static int put_members(struct buf *out, const struct ynode *n, struct err *e)
{
	bool map = n->kind == YNODE_MAP;

	if (buf_putc(out, map ? '{' : '[', e) < 0)
		return -1;
	for (size_t i = 0; i < n->n; i++) {
		if (i > 0 && buf_puts(out, ", ", e) < 0)
			return -1;
		if (map && (ynode_put_scalar(out, n->keys[i], e) < 0 || buf_puts(out, ": ", e) < 0))
			return -1;
		if (put_node(out, n->items[i], e) < 0)
			return -1;
	}
	return buf_putc(out, map ? '}' : ']', e);
}

/* A value from the recipe in flow style. The depth is bounded by the parser. */
static int put_node(struct buf *out, const struct ynode *n, struct err *e)
{
	switch (n->kind) {
	case YNODE_NULL:
		return buf_puts(out, "null", e);
	case YNODE_BOOL:
		return buf_puts(out, n->num ? "true" : "false", e);
	case YNODE_INT:
		return buf_printf(out, e, "%" PRId64, n->num);
	case YNODE_STRING:
		return ynode_put_scalar(out, n->text, e);
	case YNODE_LIST:
	case YNODE_MAP:
		return put_members(out, n, e);
	}
	return err_set(e, ERR_INTERNAL, "a value of no kind");
}

static int put_identifiers(struct buf *out, const struct image *im, struct err *e)
{
	char root_uuid[UUID_TEXT_SIZE];
	char esp_uuid[IDENT_FAT_TEXT_SIZE];
	uint32_t serial;

	/* What the base brings is not known yet. */
	if (im->recipe->keep)
		return 0;
	if (ident_uuid_text(im->identity, IDENT_EXT4_UUID, root_uuid, e) < 0 ||
		ident_fat_serial(im->identity, &serial, esp_uuid, e) < 0)
		return -1;
	return buf_printf(out, e, "root_uuid: \"%s\"\nesp_uuid: \"%s\"\n", root_uuid, esp_uuid);
}

int document_vars(struct buf *out, const struct image *im, struct err *e)
{
	const struct recipe *r = im->recipe;
	cleanup_strv struct strv packages = {0};

	if (recipe_packages(&packages, r, im->arch, &im->options, e) < 0 ||
		put_text(out, "name", im->label, e) < 0 ||
		put_text(out, "variant", r->variant, e) < 0 ||
		put_text(out, "description", r->description, e) < 0 ||
		put_text(out, "arch", im->arch->name, e) < 0 ||
		put_text(out, "deb_arch", recipe_deb_arch(im->arch->name), e) < 0 ||
		put_text(out, "family", r->family, e) < 0 ||
		put_text(out, "suite", r->suite, e) < 0 ||
		buf_printf(out, e, "epoch: %" PRId64 "\n", im->lock->epoch_s) < 0 ||
		put_identifiers(out, im, e) < 0 ||
		buf_printf(out, e, "disk_size: %" PRIu64 "\n", r->disk_size_bytes) < 0 ||
		put_list(out, "options", &im->options, e) < 0 ||
		put_list(out, "packages", &packages, e) < 0 || buf_puts(out, "vars: ", e) < 0)
		return -1;
	if (r->vars ? put_node(out, r->vars, e) < 0 : buf_puts(out, "{}", e) < 0)
		return -1;
	return buf_putc(out, '\n', e);
}
