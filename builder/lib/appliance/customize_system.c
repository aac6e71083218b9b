#include <string.h>

#include "appliance/customize_private.h"
#include "base/mem.h"
#include "guest/text_edit.h"

static int set_hostname(struct customize *c, const char *name, struct err *e)
{
	cleanup_free char *line = mem_printf(e, "%s\n", name);
	cleanup_buf struct buf hosts = {0};
	bool there, changed;

	if (!line || customize_put(c, "/etc/hostname", line, strlen(line), 0644, e) < 0 ||
		customize_get(c, "/etc/hosts", &hosts, &there, e) < 0)
		return -1;
	if (!there)
		return 0;
	if (text_set_host(&hosts, name, &changed, e) < 0)
		return -1;
	return changed ? appliance_write(c->a, "/etc/hosts", buf_str(&hosts), hosts.len, e) : 0;
}

static int set_timezone(struct customize *c, const char *zone, struct err *e)
{
	cleanup_free char *path = mem_printf(e, "/usr/share/zoneinfo/%s", zone);
	cleanup_free char *line = mem_printf(e, "%s\n", zone);
	enum appliance_type type;
	bool tzdata;

	if (!path || !line || appliance_type(c->a, path, &type, e) < 0 ||
		customize_exists(c, "/usr/share/zoneinfo", &tzdata, e) < 0)
		return -1;
	if (!tzdata)
		return err_set(e, ERR_CHECK,
			"the guest has no time zones; install the package tzdata before this");
	if (type != APPLIANCE_FILE && type != APPLIANCE_LINK)
		return err_set(e, ERR_CHECK, "the guest has no time zone of that name");
	if (appliance_symlink(c->a, path, "/etc/localtime", e) < 0)
		return -1;
	if (c->opt->facts->packager != FACTS_DEB)
		return 0;
	return customize_put(c, "/etc/timezone", line, strlen(line), 0644, e);
}

int customize_op_system(struct customize *c, const struct op *op, struct err *e)
{
	return op->kind == OP_HOSTNAME ? set_hostname(c, op->name, e)
				       : set_timezone(c, op->name, e);
}
