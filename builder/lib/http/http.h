/* Downloads over HTTP, many at once (libcurl behind; no other module includes it).
 *
 * One thread owns everything here and drives it with http_step(). Servers are not trusted: sizes
 * or bounds are known beforehand and nothing past them is taken; redirects, idle time, total time
 * and retries have bounds; only http and https are spoken; no credentials are sent. */
#ifndef KILN_HTTP_HTTP_H
#define KILN_HTTP_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct http_options {
	unsigned connections;    /* at once, to all servers */
	unsigned timeout_s;      /* a connection that brings nothing for so long is given up */
	const char *http_proxy;  /* for http addresses; NULL: from the environment */
	const char *https_proxy; /* for https addresses */
	const char *ca_file;     /* certificates of authorities; NULL: the system's */
};

/* One file to get. It must stay as it is until it is handed back. */
struct http_get {
	const char *url;
	uint64_t size_bytes; /* of the whole file; 0: not known, set as soon as the server tells */
	uint64_t max_bytes;  /* for a file whose size is not known; larger is HTTP_OTHER_SIZE */
	/* Before each attempt: *offset is how much is there already, less than a known size. */
	int (*begin)(void *arg, uint64_t *offset, struct err *e);
	/* The server starts from the first byte: forget what is there. */
	int (*restart)(void *arg, struct err *e);
	/* The next bytes. */
	int (*write)(void *arg, const void *data, size_t len, struct err *e);
	void *arg;
};

enum http_outcome {
	HTTP_DONE,       /* all bytes were written */
	HTTP_GONE,       /* the server does not have it: 404 or 410 */
	HTTP_OTHER_SIZE, /* the server has a file of another size, or a too large one */
	HTTP_FAILED,     /* for any other reason, in *e: ERR_NETWORK, or what a callback said */
};

struct http;

/* options' strings must outlive the object. Not for two threads at once (curl_global_init). */
int http_new(struct http **out, const struct http_options *options, struct err *e);

/* Give everything up and release. NULL is fine. */
void http_free(struct http *h);

static inline void http_cleanup(struct http **h)
{
	http_free(*h);
}
#define cleanup_http __attribute__((cleanup(http_cleanup)))

/* Start getting a file. */
int http_start(struct http *h, struct http_get *get, struct err *e);

/* Files started and not handed back. */
size_t http_active(const struct http *h);

/* Let time pass, at most timeout_ms, and hand back a file that is finished: *get with *outcome and,
 * unless that is HTTP_DONE, the reason in *e. *get is NULL when none is finished. Connections that
 * broke and servers that are busy (408, 425, 429, 5xx) are tried again, with pauses, from where the
 * file stopped. Returns -1 when nothing can go on. */
int http_step(struct http *h, int timeout_ms, struct http_get **get, enum http_outcome *outcome,
	struct err *e);

#endif
