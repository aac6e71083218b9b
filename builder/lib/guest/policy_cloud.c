#include <fnmatch.h>
#include <string.h>

#include "guest/policy_check.h"

int policy_cloud_cfg(struct policy_ctx *c, struct buf *text, struct err *e)
{
	struct tree_node *dir;

	if (policy_read(c, "/etc/cloud/cloud.cfg", text, NULL, e) < 0 ||
		policy_lookup(c, "/etc/cloud/cloud.cfg.d", &dir, e) < 0)
		return -1;
	for (struct tree_node *n = dir ? dir->child : NULL; n; n = n->next) {
		char path[TREE_PATH_TEXT];

		if (fnmatch("*.cfg", n->name, 0) == 0 &&
			(buf_putc(text, '\n', e) < 0 ||
				policy_read(c, tree_node_path(n, path), text, NULL, e) < 0))
			return -1;
	}
	return 0;
}

const char *policy_cloud_value(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *value = NULL;

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, key, len) == 0 && p[len] == ':')
			value = p + len + 1 + strspn(p + len + 1, " \t");
	}
	return value;
}

bool policy_cloud_runs(const char *text, const char *module)
{
	size_t len = strlen(module);

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		const char *item = p + strspn(p, " \t");

		if (*item++ != '-')
			continue;
		item += strspn(item, " \t[\"'");
		if (strncmp(item, module, len) == 0 &&
			(!item[len] || strchr(" \t\r\n,]\"'", item[len])))
			return true;
	}
	return false;
}
