#include "http/http.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/mem.h"

#define MAX_ATTEMPTS 5  /* of one file that bring nothing */
#define MAX_RESUMES 100 /* of one file, however much they bring */
#define MAX_REDIRECTS 5
#define FIRST_PAUSE_MS 250 /* doubled at each attempt */
#define MAX_PAUSE_MS 20000 /* that a server may ask for */
#define MIN_SPEED 1024     /* bytes a second */
#define MIN_AVERAGE 16384  /* bytes a second, over a whole attempt */
#define RETRY_BUDGET 256   /* of all files together */

struct transfer {
	struct http *http;
	struct http_get *get;
	CURL *easy;
	struct transfer *next;
	struct err why; /* of a callback, or of the last attempt */
	char curl_error[CURL_ERROR_SIZE];
	char range[64];      /* "N-" */
	char got_range[128]; /* the answer's Content-Range */
	uint64_t offset;     /* bytes that are there */
	uint64_t began_at;   /* offset at the start of this attempt */
	int64_t resume_at_ms;
	unsigned attempts; /* since something came */
	unsigned resumes;
	bool in_multi;
	bool answered; /* the answer's head was looked at */
	bool other_size;
	bool finished;
	enum http_outcome outcome;
};

struct http {
	struct http_options options;
	CURLM *multi;
	struct transfer *transfers;
	size_t n;
	unsigned retries;
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int http_new(struct http **out, const struct http_options *options, struct err *e)
{
	struct http *h = mem_zalloc(sizeof(*h), e);

	*out = NULL;
	if (!h)
		return -1;
	h->options = *options;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		h->multi = curl_multi_init();
	if (!h->multi) {
		free(h);
		return err_set(e, ERR_INTERNAL, "libcurl cannot be started");
	}
	curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)options->connections);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)options->connections);
	*out = h;
	return 0;
}

static void transfer_free(struct transfer *t)
{
	if (t->in_multi)
		curl_multi_remove_handle(t->http->multi, t->easy);
	curl_easy_cleanup(t->easy);
	free(t);
}

void http_free(struct http *h)
{
	if (!h)
		return;
	while (h->transfers) {
		struct transfer *t = h->transfers;

		h->transfers = t->next;
		transfer_free(t);
	}
	curl_multi_cleanup(h->multi);
	curl_global_cleanup();
	free(h);
}

size_t http_active(const struct http *h)
{
	return h->n;
}

/* Take a decimal number and the character after it off text. */
static bool take_number(const char **text, char end, uint64_t *value)
{
	const char *c = *text;

	for (*value = 0; *c >= '0' && *c <= '9'; c++) {
		if (!mem_mul_u64(*value, 10, value) ||
			!mem_add_u64(*value, (uint64_t)(*c - '0'), value))
			return false;
	}
	if (c == *text || *c != end)
		return false;
	*text = end ? c + 1 : c;
	return true;
}

/* The server told the whole file's size: learn it, or hold it against what is known. */
static bool size_fits(struct transfer *t, uint64_t size_bytes)
{
	if (t->get->size_bytes == 0 && size_bytes <= t->get->max_bytes)
		t->get->size_bytes = size_bytes;
	return t->get->size_bytes == size_bytes;
}

/* The answer's Content-Range must be "bytes <offset>-<last>/<size>" (RFC 9110, 14.4). */
static bool range_fits(struct transfer *t)
{
	static const char unit[] = "bytes ";
	const char *text = t->got_range;
	uint64_t first, last, size;

	if (strncasecmp(text, unit, strlen(unit)) != 0)
		return false;
	text += strlen(unit);
	return take_number(&text, '-', &first) && take_number(&text, '/', &last) &&
	       take_number(&text, 0, &size) && first == t->offset && size_fits(t, size);
}

/* Look at the head of the answer once, before its first byte. Returns -1 to stop. */
static int take_head(struct transfer *t)
{
	long status = 0;
	curl_off_t length = -1;

	if (t->answered)
		return 0;
	t->answered = true;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (status == 206) {
		t->other_size = !range_fits(t);
		return t->other_size ? -1 : 0;
	}
	if (t->offset > 0) {
		if (t->get->restart(t->get->arg, &t->why) < 0)
			return -1;
		t->offset = 0;
		t->began_at = 0;
	}
	t->other_size = length >= 0 && !size_fits(t, (uint64_t)length);
	return t->other_size ? -1 : 0;
}

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;

	if (take_head(t) < 0)
		return CURL_WRITEFUNC_ERROR;
	if (len > (t->get->size_bytes ? t->get->size_bytes : t->get->max_bytes) - t->offset) {
		t->other_size = true;
		return CURL_WRITEFUNC_ERROR;
	}
	if (t->get->write(t->get->arg, data, len, &t->why) < 0)
		return CURL_WRITEFUNC_ERROR;
	t->offset += len;
	return len;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	static const char name[] = "content-range:";
	struct transfer *t = arg;
	size_t len = size * n;

	if (len > 5 && memcmp(data, "HTTP/", 5) == 0)
		t->got_range[0] = 0;
	if (len > strlen(name) && strncasecmp(data, name, strlen(name)) == 0) {
		const char *value = data + strlen(name);
		size_t left = len - strlen(name);

		while (left > 0 && *value == ' ') {
			value++;
			left--;
		}
		while (left > 0 && (unsigned char)value[left - 1] <= ' ')
			left--;
		snprintf(t->got_range, sizeof(t->got_range), "%.*s", (int)left, value);
	}
	return len;
}

static void set_proxy(struct transfer *t)
{
	const struct http_options *o = &t->http->options;
	const char *proxy =
		strncasecmp(t->get->url, "https:", 6) == 0 ? o->https_proxy : o->http_proxy;

	/* apt's word for no proxy; curl wants an empty one, else it asks the environment. */
	if (proxy)
		curl_easy_setopt(
			t->easy, CURLOPT_PROXY, strcasecmp(proxy, "DIRECT") == 0 ? "" : proxy);
	if (o->ca_file)
		curl_easy_setopt(t->easy, CURLOPT_CAINFO, o->ca_file);
}

static void set_options(struct transfer *t)
{
	CURL *c = t->easy;
	long timeout_s = (long)t->http->options.timeout_s;

	curl_easy_setopt(c, CURLOPT_URL, t->get->url);
	curl_easy_setopt(c, CURLOPT_PRIVATE, t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->curl_error);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "limekiln/" KILN_VERSION);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 262144L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, timeout_s);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)MIN_SPEED);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, timeout_s);
	uint64_t most = t->get->size_bytes ? t->get->size_bytes : t->get->max_bytes;
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 10 * timeout_s + (long)(most / MIN_AVERAGE));
	set_proxy(t);
}

/* Start the next attempt, from where the file stands. */
static int attempt(struct transfer *t)
{
	if (t->get->begin(t->get->arg, &t->offset, &t->why) < 0)
		return -1;
	t->began_at = t->offset;
	t->answered = false;
	t->other_size = false;
	t->curl_error[0] = 0;
	t->got_range[0] = 0;
	snprintf(t->range, sizeof(t->range), "%" PRIu64 "-", t->offset);
	curl_easy_setopt(t->easy, CURLOPT_RANGE, t->offset > 0 ? t->range : NULL);
	if (curl_multi_add_handle(t->http->multi, t->easy) != CURLM_OK)
		return err_set(&t->why, ERR_INTERNAL, "libcurl takes no more transfers");
	t->in_multi = true;
	return 0;
}

int http_start(struct http *h, struct http_get *get, struct err *e)
{
	struct transfer *t = mem_zalloc(sizeof(*t), e);

	if (!t)
		return -1;
	t->http = h;
	t->get = get;
	t->easy = curl_easy_init();
	if (!t->easy) {
		free(t);
		return err_nomem(e);
	}
	set_options(t);
	t->next = h->transfers;
	h->transfers = t;
	h->n++;
	return 0;
}

static void finish(struct transfer *t, enum http_outcome outcome)
{
	t->finished = true;
	t->outcome = outcome;
}

static bool worth_another_try(CURLcode code, long status)
{
	switch (code) {
	case CURLE_HTTP_RETURNED_ERROR:
		return status == 408 || status == 416 || status == 425 || status == 429 ||
		       status >= 500;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_OK: /* it ended early without a length that would have told */
		return true;
	default:
		return false;
	}
}

/* Note why, and set the time of the next attempt, or end. */
static void fail_attempt(struct transfer *t, CURLcode code, long status)
{
	curl_off_t asked_s = 0;
	int64_t pause_ms = FIRST_PAUSE_MS;

	err_set(&t->why, ERR_NETWORK, "%s: %s (%" PRIu64 " of %" PRIu64 " bytes are there)",
		t->get->url,
		code == CURLE_OK   ? "the server ended early"
		: t->curl_error[0] ? t->curl_error
				   : curl_easy_strerror(code),
		t->offset, t->get->size_bytes);
	/* No such range: what is there cannot be the start of what the server has. */
	if (status == 416 && t->get->restart(t->get->arg, &t->why) < 0) {
		finish(t, HTTP_FAILED);
		return;
	}
	t->attempts = t->offset > t->began_at ? 1 : t->attempts + 1;
	if (!worth_another_try(code, status) || t->attempts >= MAX_ATTEMPTS ||
		++t->resumes > MAX_RESUMES || ++t->http->retries > RETRY_BUDGET) {
		finish(t, HTTP_FAILED);
		return;
	}
	pause_ms <<= t->attempts - 1;
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &asked_s);
	if (asked_s > 0)
		pause_ms = asked_s > MAX_PAUSE_MS / 1000 ? MAX_PAUSE_MS : asked_s * 1000;
	t->resume_at_ms = now_ms() + pause_ms;
}

static void take_result(struct transfer *t, CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_multi_remove_handle(t->http->multi, t->easy);
	t->in_multi = false;
	/* An answer without a body has not been looked at yet. */
	if (code == CURLE_OK && take_head(t) < 0)
		code = CURLE_WRITE_ERROR;
	if (code == CURLE_OK && (t->offset == t->get->size_bytes || t->get->size_bytes == 0)) {
		finish(t, HTTP_DONE);
	} else if (t->other_size) {
		err_set(&t->why, ERR_NETWORK, "%s: the server has a file of another size",
			t->get->url);
		finish(t, HTTP_OTHER_SIZE);
	} else if (code == CURLE_HTTP_RETURNED_ERROR && (status == 404 || status == 410)) {
		err_set(&t->why, ERR_NETWORK, "%s: the server says %ld", t->get->url, status);
		finish(t, HTTP_GONE);
	} else if (code == CURLE_WRITE_ERROR) {
		finish(t, HTTP_FAILED);
	} else {
		fail_attempt(t, code, status);
	}
}

static void take_messages(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		char *private;

		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
		take_result((struct transfer *)(void *)private, code);
	}
}

/* Start what is due; returns how long until something else is, at most timeout_ms. */
static int start_due(struct http *h, int timeout_ms)
{
	int64_t now = now_ms();

	for (struct transfer *t = h->transfers; t; t = t->next) {
		if (t->finished || t->in_multi)
			continue;
		if (t->resume_at_ms > now) {
			if (t->resume_at_ms - now < timeout_ms)
				timeout_ms = (int)(t->resume_at_ms - now);
		} else if (attempt(t) < 0) {
			finish(t, HTTP_FAILED);
		}
	}
	return timeout_ms;
}

/* Hand back a finished transfer, if there is one. */
static bool pop_finished(
	struct http *h, struct http_get **get, enum http_outcome *outcome, struct err *e)
{
	for (struct transfer **at = &h->transfers; *at; at = &(*at)->next) {
		struct transfer *t = *at;

		if (!t->finished)
			continue;
		*at = t->next;
		h->n--;
		*get = t->get;
		*outcome = t->outcome;
		if (e && t->outcome != HTTP_DONE)
			*e = t->why;
		transfer_free(t);
		return true;
	}
	return false;
}

int http_step(struct http *h, int timeout_ms, struct http_get **get, enum http_outcome *outcome,
	struct err *e)
{
	int running;

	*get = NULL;
	timeout_ms = start_due(h, timeout_ms);
	if (pop_finished(h, get, outcome, e))
		return 0;
	if (curl_multi_perform(h->multi, &running) != CURLM_OK)
		return err_set(e, ERR_INTERNAL, "libcurl cannot go on");
	take_messages(h);
	if (pop_finished(h, get, outcome, e))
		return 0;
	if (curl_multi_poll(h->multi, NULL, 0, timeout_ms, NULL) != CURLM_OK)
		return err_set(e, ERR_INTERNAL, "libcurl cannot wait");
	return 0;
}
