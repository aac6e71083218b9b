#include "guest/sysprep.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "guest/sysprep_find.h"
#include "guest/sysprep_rules.h"

#define EDIT_MAX ((size_t)1024 * 1024)

void sysprep_plan_release(struct sysprep_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->items[i].path);
		free(p->items[i].contents);
	}
	free(p->items);
	*p = (struct sysprep_plan){0};
}

const char *sysprep_operation(size_t i, const char **summary, bool *by_default)
{
	if (i >= n_sysprep_operations)
		return NULL;
	*summary = sysprep_operations[i].summary;
	*by_default = sysprep_operations[i].by_default;
	return sysprep_operations[i].name;
}

/* A plan being made. */
struct planner {
	struct sysprep_plan *plan;
	struct guest *g;
	struct sysprep_nodes homes;
	const struct sysprep_operation *operation;
	const struct sysprep_rule *rule;
};

/* The new item, so that the caller can add to it. */
static struct sysprep_item *add_item(
	struct planner *p, const struct tree_node *n, enum sysprep_action action, struct err *e)
{
	struct sysprep_plan *plan = p->plan;
	struct sysprep_item *items = mem_resize(plan->items, plan->n + 1, sizeof(*items), e);
	const struct sysprep_rule *rule = p->rule;
	cleanup_buf struct buf path = {0};
	struct sysprep_item *item;

	if (!items)
		return NULL;
	plan->items = items;
	if (guest_path(n, &path, e) < 0)
		return NULL;
	item = &items[plan->n];
	*item = (struct sysprep_item){.path = buf_steal(&path, e),
		.on_esp = rule->pattern[0] == 'e',
		.action = action,
		.operation = p->operation->name,
		.reason = rule->reason ? rule->reason : p->operation->reason};
	if (!item->path)
		return NULL;
	plan->n++;
	return item;
}

static int plan_below(struct planner *p, const struct tree_node *top, bool files, struct err *e)
{
	for (const struct tree_node *n = top; n; n = sysprep_next_below(top, n)) {
		if ((!files || S_ISREG(n->inode->mode)) && !add_item(p, n, SYSPREP_DELETE, e))
			return -1;
	}
	return 0;
}

/* The edit of the same file that another operation has planned, or NULL. */
static struct sysprep_item *find_edit(
	const struct planner *p, const struct tree_node *n, struct err *e)
{
	cleanup_buf struct buf path = {0};

	if (guest_path(n, &path, e) < 0)
		return NULL;
	for (size_t i = 0; i < p->plan->n; i++) {
		struct sysprep_item *item = &p->plan->items[i];

		if (item->action == SYSPREP_EDIT && strcmp(item->path, buf_str(&path)) == 0)
			return item;
	}
	return NULL;
}

static int plan_edit(struct planner *p, const struct tree_node *n, struct err *e)
{
	cleanup_buf struct buf before = {0}, after = {0};
	struct sysprep_item *item = find_edit(p, n, e);

	if (item ? buf_append(&before, item->contents, item->contents_len, e) < 0
		 : guest_read_inode(n->inode, EDIT_MAX, &before, e) < 0)
		return -1;
	if (p->rule->edit(buf_str(&before), before.len, p->g->epoch_s, &after, e) < 0)
		return -1;
	if (before.len == after.len && memcmp(buf_str(&before), buf_str(&after), after.len) == 0)
		return 0;
	if (!item && !(item = add_item(p, n, SYSPREP_EDIT, e)))
		return -1;
	free(item->contents);
	item->contents_len = after.len;
	item->contents = buf_steal(&after, e);
	return item->contents ? 0 : -1;
}

/* PEP 552: bit 0 of the flags, which follow the magic number, says that the file holds the hash of
 * its source, not the time. */
static int plan_pyc(struct planner *p, const struct tree_node *n, struct err *e)
{
	unsigned char header[8];
	size_t got;

	if (guest_pread_inode(n->inode, header, sizeof(header), 0, &got, e) < 0)
		return -1;
	if (got == sizeof(header) && (header[4] & 1))
		return 0;
	return add_item(p, n, SYSPREP_DELETE, e) ? 0 : -1;
}

static int plan_node(struct planner *p, const struct tree_node *n, struct err *e)
{
	bool is_file = S_ISREG(n->inode->mode);

	switch (p->rule->what) {
	case RULE_DELETE:
		return plan_below(p, n, false, e);
	case RULE_FILES:
		return plan_below(p, n, true, e);
	case RULE_FILE:
		return is_file && !add_item(p, n, SYSPREP_DELETE, e) ? -1 : 0;
	case RULE_EMPTY:
		return is_file && n->inode->size > 0 && !add_item(p, n, SYSPREP_EMPTY, e) ? -1 : 0;
	case RULE_EDIT:
		return is_file ? plan_edit(p, n, e) : 0;
	case RULE_PYC:
		return is_file ? plan_pyc(p, n, e) : 0;
	}
	return err_set(e, ERR_INTERNAL, "a rule of no kind");
}

static int plan_operation(struct planner *p, struct err *e)
{
	for (p->rule = p->operation->rules; p->rule->pattern; p->rule++) {
		cleanup_sysprep_nodes struct sysprep_nodes found = {0};

		if (sysprep_find(p->g, &p->homes, p->rule->pattern, &found, e) < 0)
			return -1;
		for (size_t n = 0; n < found.n; n++) {
			char path[TREE_PATH_TEXT];

			if (plan_node(p, found.items[n], e) < 0)
				return err_prefix(e, "%s", tree_node_path(found.items[n], path));
		}
	}
	return 0;
}

/* The same file by several rules: the first operation's stays. A file that is emptied or edited
 * and deleted is deleted. */
static int compare_items(const void *a, const void *b)
{
	const struct sysprep_item *x = a, *y = b;
	int order = x->on_esp != y->on_esp ? (x->on_esp ? 1 : -1) : strcmp(x->path, y->path);

	if (order == 0 && x->action != y->action)
		order = x->action < y->action ? -1 : 1;
	return order ? order : strcmp(x->operation, y->operation);
}

static void drop_repeated(struct sysprep_plan *p)
{
	size_t kept = 0;

	if (p->n > 1)
		qsort(p->items, p->n, sizeof(p->items[0]), compare_items);
	for (size_t i = 0; i < p->n; i++) {
		struct sysprep_item *item = &p->items[i];
		const struct sysprep_item *last = kept > 0 ? &p->items[kept - 1] : NULL;

		if (last && last->on_esp == item->on_esp && strcmp(last->path, item->path) == 0) {
			free(item->path);
			free(item->contents);
			continue;
		}
		p->items[kept++] = *item;
	}
	p->n = kept;
}

static int check_operations(const struct strv *operations, struct err *e)
{
	for (size_t i = 0; operations && i < operations->n; i++) {
		const char *name = operations->items[i] + (operations->items[i][0] == '-');
		cleanup_buf struct buf all = {0};
		size_t n = 0;

		while (n < n_sysprep_operations && strcmp(sysprep_operations[n].name, name) != 0)
			n++;
		if (n < n_sysprep_operations)
			continue;
		for (n = 0; n < n_sysprep_operations; n++) {
			if (buf_printf(&all, e, " %s", sysprep_operations[n].name) < 0)
				return -1;
		}
		return err_set(e, ERR_USAGE, "sysprep: there is no operation '%s'; there are:%s",
			name, buf_str(&all));
	}
	return 0;
}

static bool is_chosen(const struct strv *operations, const struct sysprep_operation *op)
{
	bool chosen = false, any = false;

	for (size_t i = 0; operations && i < operations->n; i++) {
		const char *name = operations->items[i];

		if (name[0] == '-' && strcmp(name + 1, op->name) == 0)
			return false;
		any = any || name[0] != '-';
		chosen = chosen || strcmp(name, op->name) == 0;
	}
	return any ? chosen : op->by_default;
}

int sysprep_plan(
	struct sysprep_plan *p, struct guest *g, const struct strv *operations, struct err *e)
{
	struct planner planner = {.plan = p, .g = g};
	int rc = check_operations(operations, e);

	*p = (struct sysprep_plan){0};
	if (rc == 0)
		rc = sysprep_find_homes(g, &planner.homes, e);
	for (size_t i = 0; rc == 0 && i < n_sysprep_operations; i++) {
		planner.operation = &sysprep_operations[i];
		if (is_chosen(operations, planner.operation))
			rc = plan_operation(&planner, e);
	}
	sysprep_nodes_release(&planner.homes);
	drop_repeated(p);
	return rc;
}

/* An inode of the tree becomes a file in memory. */
static int set_contents(
	struct tree *t, struct tree_inode *inode, const struct sysprep_item *item, struct err *e)
{
	inode->size = item->contents_len;
	inode->n_spans = 0;
	inode->origin = TREE_NOWHERE;
	if (item->contents_len == 0)
		return 0;
	inode->bytes = tree_strndup(t, item->contents, item->contents_len, e);
	inode->spans = tree_zalloc(t, sizeof(*inode->spans), e);
	if (!inode->bytes || !inode->spans)
		return -1;
	inode->origin = TREE_MEMORY;
	inode->spans[0].length = item->contents_len;
	inode->n_spans = 1;
	return 0;
}

static int apply_item(struct tree *t, const struct sysprep_item *item, struct err *e)
{
	struct tree_node *n;

	if (item->action == SYSPREP_DELETE)
		return tree_remove(t, item->path, e);
	if (tree_find(t, item->path, &n, e) < 0)
		return -1;
	return n ? set_contents(t, n->inode, item, e) : 0;
}

int sysprep_apply(const struct sysprep_plan *p, struct guest *g, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		if (apply_item(p->items[i].on_esp ? g->esp : g->root, &p->items[i], e) < 0)
			return -1;
	}
	return 0;
}
