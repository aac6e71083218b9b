#include <stdlib.h>

#include "base/mem.h"
#include "tmpl/tmpl.h"
#include "unit.h"

static struct err err;

/* The text of a template with data from YAML; NULL with err set. The caller frees. */
static char *render(const char *source, const char *yaml)
{
	cleanup_tmpl struct tmpl *t = NULL;
	cleanup_ynode struct ynode *data = NULL;
	cleanup_buf struct buf out = {0};

	err_clear(&err);
	if (tmpl_parse(&t, source, strlen(source), "t", &err) < 0 ||
		(yaml && ynode_parse(&data, yaml, strlen(yaml), "data", &err) < 0) ||
		tmpl_render(t, data, &out, &err) < 0)
		return NULL;
	return buf_steal(&out, NULL);
}

static bool gives(const char *source, const char *yaml, const char *want)
{
	cleanup_free char *got = render(source, yaml);

	if (got && strcmp(got, want) == 0)
		return true;
	printf("# got: %s\n", got ? got : err.msg);
	return false;
}

static bool refused(const char *source, const char *yaml, const char *message)
{
	cleanup_free char *got = render(source, yaml);

	if (!got && err.kind == ERR_FORMAT && strcmp(err.msg, message) == 0)
		return true;
	printf("# got: %s\n", got ? got : err.msg);
	return false;
}

/* Bytes against Ruby's are the oracle's task (tests/cli/kiln-render); here is what only C sees. */
static void test_render(void)
{
	unit_about("render");
	CHECK(gives("", NULL, ""));
	CHECK(gives("a<%= 1 %>b", NULL, "a1b"));
	CHECK(gives(
		"<% xs.each do |x| -%>\n<%= x %>,\n<%- end -%>\n", "xs: [a, 2, ~]", "a,\n2,\n,\n"));
	CHECK(gives("<%= a == b %>", "{a: [1, {x: y, z: w}], b: [1, {z: w, x: y}]}", "true"));
	CHECK(refused("<%= x %>", NULL,
		"t:1:5: undefined name 'x'; give it in a data file or with --set"));
	CHECK(refused("<%= x %>", "[x]",
		"t:1:5: undefined name 'x'; give it in a data file or with --set"));
	CHECK(refused("<%= render('x') %>", NULL, "t:1:12: partials need a template file"));
	CHECK(refused("a\n  <% if", NULL, "t:2:3: this tag has no '%>'"));
}

static void test_output(void)
{
	cleanup_tmpl struct tmpl *t = NULL;
	cleanup_buf struct buf out = {0};
	static const char source[] = "abc<%= x %>";

	unit_about("output");
	CHECK(tmpl_parse(&t, source, strlen(source), "t", &err) == 0);
	CHECK(buf_puts(&out, "old", &err) == 0);
	CHECK(tmpl_render(t, NULL, &out, &err) < 0);
	CHECK_STR(buf_str(&out), "old");

	cleanup_ynode struct ynode *data = ynode_new_map(&err);
	CHECK(ynode_set(data, "x", ynode_new_string("!", &err), &err) == 0);
	CHECK(tmpl_render(t, data, &out, &err) == 0);
	CHECK(tmpl_render(t, data, &out, &err) == 0);
	CHECK_STR(buf_str(&out), "oldabc!abc!");
}

/* n times piece between the two ends */
static char *repeat(const char *start, const char *piece, size_t n, const char *end)
{
	struct buf b = {0};
	bool ok = buf_puts(&b, start, NULL) == 0;

	while (ok && n-- > 0)
		ok = buf_puts(&b, piece, NULL) == 0;
	if (!ok || buf_puts(&b, end, NULL) < 0)
		abort();
	return b.data;
}

static void test_bounds(void)
{
	unit_about("bounds");
	cleanup_free char *parts = repeat("<%= ", "!", 198, "t %>");
	CHECK(gives(parts, "t: true", "true"));
	cleanup_free char *more_parts = repeat("<%= ", "(", 201, "t %>");
	CHECK(refused(more_parts, NULL, "t:1:205: more than 200 words and signs in one tag"));
	cleanup_free char *blocks = repeat("", "<% if true %>", 65, "");
	CHECK(refused(blocks, NULL, "t:1:836: more than 64 blocks inside each other"));
	cleanup_free char *elsifs = repeat("<% if false %>", "<% elsif nil %>", 20000, "<% end %>");
	CHECK(gives(elsifs, NULL, ""));
	cleanup_free char *list = repeat("xs: [", "x,", 2000, "]");
	CHECK(refused("<% xs.each do |a| %><% xs.each do |b| %><% xs.each do |c| %>"
		      "<% end %><% end %><% end %>",
		list, "t:1:47: the template does too much work"));
	CHECK(refused("<% xs.each do |a| %><%= xs.join(xs.join).empty? %><% end %>", list,
		"t:1:28: the template does too much work"));
}

int main(void)
{
	test_render();
	test_output();
	test_bounds();
	return unit_done();
}
