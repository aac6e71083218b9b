#include <string.h>

#include "base/buf.h"
#include "guest/policy.h"
#include "json/json.h"

/* Append text with prefix before each of its lines. */
static int put_lines(struct buf *out, const char *prefix, const char *text, struct err *e)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (buf_puts(out, prefix, e) < 0 || buf_append(out, text, len, e) < 0 ||
			buf_putc(out, '\n', e) < 0)
			return -1;
		text += len + (text[len] == '\n');
	}
	return 0;
}

static bool is_fault(const struct policy_result *item)
{
	return item->status == POLICY_FAILED || item->status == POLICY_BROKEN;
}

static const char *verdict(const struct policy_result *item)
{
	if (item->status == POLICY_FAILED)
		return policy_severity_name(item->check->severity);
	return policy_status_name(item->status);
}

int policy_write_text(
	const struct policy_report *r, const char *image, bool all, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct policy_result *item = &r->items[i];

		if (!all && !is_fault(item))
			continue;
		if (buf_printf(out, e, "%-8s %-8s %s\n", item->check->id, verdict(item),
			    item->check->title) < 0 ||
			put_lines(out, "         ", item->found, e) < 0)
			return -1;
		if (is_fault(item) &&
			buf_printf(out, e, "         remedy: %s\n", item->check->remedy) < 0)
			return -1;
	}
	if (buf_put_escaped(out, image, strlen(image), e) < 0)
		return -1;
	return buf_printf(out, e, ": %zu checks, %zu failed, %zu warnings, %zu skipped\n", r->n,
		r->n_failed, r->n_warnings, r->n_skipped);
}

static struct json *found_json(const char *text, struct err *e)
{
	cleanup_json struct json *list = json_new_array(e);

	while (list && *text) {
		size_t len = strcspn(text, "\n");
		cleanup_free char *line = mem_strndup(text, len, e);

		if (!line || json_add(list, json_new_text(line, e), e) < 0)
			return NULL;
		text += len + (text[len] == '\n');
	}
	return steal_ptr(&list);
}

static struct json *result_json(const struct policy_result *item, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);

	if (!j || json_set_text(j, "id", item->check->id, e) < 0 ||
		json_set_text(j, "severity", policy_severity_name(item->check->severity), e) < 0 ||
		json_set_text(j, "status", policy_status_name(item->status), e) < 0 ||
		json_set_text(j, "title", item->check->title, e) < 0 ||
		json_set_text(j, "remedy", item->check->remedy, e) < 0 ||
		json_set(j, "found", found_json(item->found, e), e) < 0)
		return NULL;
	return steal_ptr(&j);
}

int policy_write_json(
	const struct policy_report *r, const char *image, struct buf *out, struct err *e)
{
	cleanup_json struct json *j = json_new_object(e);
	cleanup_json struct json *list = json_new_array(e);
	cleanup_buf struct buf name = {0};

	if (!j || !list || buf_put_escaped(&name, image, strlen(image), e) < 0)
		return -1;
	for (size_t i = 0; i < r->n; i++) {
		if (json_add(list, result_json(&r->items[i], e), e) < 0)
			return -1;
	}
	if (json_set(j, "results", steal_ptr(&list), e) < 0 ||
		json_set_text(j, "image", buf_str(&name), e) < 0 ||
		json_set_int(j, "checks", (int64_t)r->n, e) < 0 ||
		json_set_int(j, "failed", (int64_t)r->n_failed, e) < 0 ||
		json_set_int(j, "warnings", (int64_t)r->n_warnings, e) < 0 ||
		json_set_int(j, "skipped", (int64_t)r->n_skipped, e) < 0)
		return -1;
	return json_write(j, out, e);
}

/* Text that is UTF-8 without control characters but for newlines: XML 1.0, 2.2 and 2.4. */
static int put_xml(struct buf *out, const char *text, struct err *e)
{
	for (; *text; text++) {
		/* U+FFFE and U+FFFF are no characters of XML's. */
		if (strncmp(text, "\xef\xbf\xbe", 3) == 0 ||
			strncmp(text, "\xef\xbf\xbf", 3) == 0) {
			if (buf_puts(out, "&#xfffd;", e) < 0)
				return -1;
			text += 2;
			continue;
		}
		const char *entity = *text == '<'    ? "&lt;"
				     : *text == '>'  ? "&gt;"
				     : *text == '&'  ? "&amp;"
				     : *text == '"'  ? "&quot;"
				     : *text == '\n' ? "&#10;"
						     : NULL;
		int rc = entity ? buf_puts(out, entity, e) : buf_putc(out, *text, e);

		if (rc < 0)
			return -1;
	}
	return 0;
}

/* An element of a test case with a message of one line and the rest as its text. */
static int put_outcome(
	struct buf *out, const char *element, const char *message, const char *text, struct err *e)
{
	if (buf_printf(out, e, "      <%s message=\"", element) < 0 ||
		put_xml(out, message, e) < 0 || buf_puts(out, "\">", e) < 0 ||
		put_xml(out, text, e) < 0)
		return -1;
	return buf_printf(out, e, "</%s>\n", element);
}

static int put_case(struct buf *out, const struct policy_result *item, struct err *e)
{
	const struct policy_check_info *check = item->check;
	bool failure = item->status == POLICY_FAILED && check->severity == POLICY_ERROR;
	const char *element = item->status == POLICY_BROKEN    ? "error"
			      : failure                        ? "failure"
			      : item->status == POLICY_SKIPPED ? "skipped"
							       : NULL;
	int rc = 0;

	if (buf_printf(out, e, "    <testcase classname=\"%.*s\" name=\"%s ",
		    (int)strcspn(check->id, "-"), check->id, check->id) < 0 ||
		put_xml(out, check->title, e) < 0 || buf_puts(out, "\">\n", e) < 0)
		return -1;
	if (element)
		rc = put_outcome(out, element,
			item->status == POLICY_SKIPPED ? item->found : check->remedy,
			item->status == POLICY_SKIPPED ? "" : item->found, e);
	else if (item->found[0])
		rc = buf_puts(out, "      <system-out>", e) < 0 ||
				     put_xml(out, item->found, e) < 0 ||
				     buf_puts(out, "</system-out>\n", e) < 0
			     ? -1
			     : 0;
	return rc < 0 ? -1 : buf_puts(out, "    </testcase>\n", e);
}

int policy_write_junit(
	const struct policy_report *r, const char *image, struct buf *out, struct err *e)
{
	cleanup_buf struct buf name = {0};
	size_t n_broken = 0;

	for (size_t i = 0; i < r->n; i++)
		n_broken += r->items[i].status == POLICY_BROKEN;
	if (buf_put_escaped(&name, image, strlen(image), e) < 0 ||
		buf_puts(out,
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
			"  <testsuite name=\"",
			e) < 0 ||
		put_xml(out, buf_str(&name), e) < 0 ||
		buf_printf(out, e,
			"\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n", r->n,
			r->n_failed - n_broken, n_broken, r->n_skipped) < 0)
		return -1;
	for (size_t i = 0; i < r->n; i++) {
		if (put_case(out, &r->items[i], e) < 0)
			return -1;
	}
	return buf_puts(out, "  </testsuite>\n</testsuites>\n", e);
}
