#include "inspect.h"

#include <string.h>

#include "json/json.h"

/* Text that may be any bytes becomes UTF-8. */
static int set_text(struct json *j, const char *key, const char *text, struct err *e)
{
	cleanup_buf struct buf escaped = {0};

	if (buf_put_escaped(&escaped, text, strlen(text), e) < 0)
		return -1;
	return json_set_text(j, key, buf_str(&escaped), e);
}

/* What the document is made from. */
struct source {
	const struct guest *g;
	const struct facts *f;
};

static struct json *part_json(const struct source *s, size_t i, struct err *e)
{
	const struct guest *g = s->g;
	const struct part *p = &g->parts.items[i];
	cleanup_json struct json *j = json_new_object(e);

	if (!j || json_set_int(j, "number", p->number, e) < 0 ||
		json_set_int(j, "start", (int64_t)p->start_bytes, e) < 0 ||
		json_set_int(j, "size", (int64_t)p->size_bytes, e) < 0 ||
		json_set_text(j, "type", p->type, e) < 0 ||
		json_set_text(j, "uuid", p->uuid, e) < 0 || set_text(j, "name", p->name, e) < 0 ||
		json_set_text(j, "content", parts_content_name(p->content), e) < 0 ||
		json_set_text(j, "fs_uuid", p->fs_uuid, e) < 0 ||
		set_text(j, "fs_label", p->fs_label, e) < 0)
		return NULL;
	if (p == g->root_part && json_set_text(j, "role", "root", e) < 0)
		return NULL;
	if (p == g->esp_part && json_set_text(j, "role", "esp", e) < 0)
		return NULL;
	return steal_ptr(&j);
}

static struct json *kernel_json(const struct source *s, size_t i, struct err *e)
{
	const struct facts_kernel *k = &s->f->kernels[i];
	cleanup_json struct json *j = json_new_object(e);

	if (!j || set_text(j, "version", k->version, e) < 0 ||
		set_text(j, "image", k->image, e) < 0 ||
		(k->initramfs && set_text(j, "initramfs", k->initramfs, e) < 0))
		return NULL;
	return steal_ptr(&j);
}

static struct json *user_json(const struct source *s, size_t i, struct err *e)
{
	const struct facts_user *u = &s->f->users[i];
	cleanup_json struct json *j = json_new_object(e);

	if (!j || set_text(j, "name", u->name, e) < 0 || json_set_int(j, "uid", u->uid, e) < 0 ||
		json_set_int(j, "gid", u->gid, e) < 0 || set_text(j, "home", u->home, e) < 0 ||
		set_text(j, "shell", u->shell, e) < 0)
		return NULL;
	return steal_ptr(&j);
}

static struct json *group_json(const struct source *s, size_t i, struct err *e)
{
	const struct facts_group *g = &s->f->groups[i];
	cleanup_json struct json *j = json_new_object(e);

	if (!j || set_text(j, "name", g->name, e) < 0 || json_set_int(j, "gid", g->gid, e) < 0 ||
		set_text(j, "members", g->members, e) < 0)
		return NULL;
	return steal_ptr(&j);
}

static struct json *service_json(const struct source *s, size_t i, struct err *e)
{
	const struct facts_service *v = &s->f->services[i];
	cleanup_json struct json *j = json_new_object(e);

	if (!j || set_text(j, "name", v->name, e) < 0 || set_text(j, "target", v->target, e) < 0)
		return NULL;
	return steal_ptr(&j);
}

static struct json *package_json(const struct source *s, size_t i, struct err *e)
{
	const struct facts_package *p = &s->f->packages[i];
	cleanup_json struct json *j = json_new_object(e);

	if (!j || set_text(j, "name", p->name, e) < 0 ||
		set_text(j, "version", p->version, e) < 0 || set_text(j, "arch", p->arch, e) < 0 ||
		set_text(j, "source", p->source, e) < 0 || set_text(j, "status", p->status, e) < 0)
		return NULL;
	return steal_ptr(&j);
}

static int set_system(struct json *j, const struct guest *g, const struct facts *f, struct err *e)
{
	cleanup_json struct json *os = json_new_object(e);

	if (!os || set_text(os, "id", f->id, e) < 0 ||
		set_text(os, "version_id", f->version_id, e) < 0 ||
		set_text(os, "name", f->name, e) < 0 || json_set(j, "os", steal_ptr(&os), e) < 0)
		return -1;
	if (json_set_text(j, "arch", f->arch, e) < 0 ||
		json_set_text(j, "init", inspect_init_name(f->init), e) < 0 ||
		json_set_text(j, "packager", inspect_packager_name(f->packager), e) < 0 ||
		set_text(j, "hostname", f->hostname, e) < 0 ||
		json_set_int(j, "size", (int64_t)g->size_bytes, e) < 0 ||
		json_set_text(j, "partition_table", inspect_table_name(g->parts.table), e) < 0)
		return -1;
	return json_set_text(j, "uuid", g->parts.disk_uuid, e);
}

typedef struct json *item_maker(const struct source *s, size_t i, struct err *e);

static int set_array(struct json *j, const char *key, const struct source *s, size_t n,
	item_maker *make, struct err *e)
{
	cleanup_json struct json *array = json_new_array(e);

	if (!array)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (json_add(array, make(s, i, e), e) < 0)
			return -1;
	}
	return json_set(j, key, steal_ptr(&array), e);
}

int inspect_write_json(const char *image, const struct guest *g, const struct facts *f,
	struct buf *out, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);
	const struct source s = {g, f};

	if (!j || set_text(j, "image", image, e) < 0 || set_system(j, g, f, e) < 0 ||
		set_array(j, "partitions", &s, g->parts.n, part_json, e) < 0 ||
		set_array(j, "kernels", &s, f->n_kernels, kernel_json, e) < 0 ||
		set_array(j, "users", &s, f->n_users, user_json, e) < 0 ||
		set_array(j, "groups", &s, f->n_groups, group_json, e) < 0 ||
		set_array(j, "services", &s, f->n_services, service_json, e) < 0 ||
		set_array(j, "packages", &s, f->n_packages, package_json, e) < 0)
		return -1;
	return json_write(j, out, e);
}
