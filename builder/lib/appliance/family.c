#include "appliance/family.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"

#define STAT_MAX 4096
#define CMDLINE_MAX 131072

/* /proc/PID/stat (proc_pid_stat(5)): "pid (name) state ppid pgrp ..."; the name may hold anything,
 * so its last parenthesis counts. */
static bool read_member(const char *pid, struct member *m)
{
	cleanup_buf struct buf text = {0};
	char path[64];
	char state;
	int parent, group;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	if (io_read_file(path, STAT_MAX, &text, NULL) < 0)
		return false;
	const char *rest = strrchr(buf_str(&text), ')');
	if (!rest || sscanf(rest + 1, " %c %d %d", &state, &parent, &group) != 3 || state == 'Z')
		return false;
	*m = (struct member){.pid = atoi(pid), .parent = parent, .group = group};
	return true;
}

static int add(struct family *f, const struct member *m, struct err *e)
{
	if (f->n == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 64;
		struct member *items = mem_resize(f->items, cap, sizeof(*items), e);

		if (!items)
			return -1;
		f->items = items;
		f->cap = cap;
	}
	f->items[f->n++] = *m;
	return 0;
}

static int read_all(struct family *all, struct err *e)
{
	DIR *dir = opendir("/proc");
	int rc = 0;

	if (!dir)
		return err_set_errno(e, ERR_IO, "/proc");
	for (struct dirent *d; rc == 0 && (d = readdir(dir));) {
		struct member m;

		if (d->d_name[0] >= '1' && d->d_name[0] <= '9' && read_member(d->d_name, &m))
			rc = add(all, &m, e);
	}
	closedir(dir);
	return rc;
}

static bool contains(const struct family *f, pid_t pid)
{
	for (size_t i = 0; f && i < f->n; i++) {
		if (f->items[i].pid == pid)
			return true;
	}
	return false;
}

int family_find(struct family *f, const struct family *known, struct err *e)
{
	struct family all = {0};
	int rc = read_all(&all, e);
	bool grew = true;

	f->n = 0;
	while (rc == 0 && grew) {
		grew = false;
		for (size_t i = 0; rc == 0 && i < all.n; i++) {
			const struct member *m = &all.items[i];

			if ((m->parent != getpid() && !contains(f, m->parent)) ||
				contains(f, m->pid) || contains(known, m->pid))
				continue;
			rc = add(f, m, e);
			grew = true;
		}
	}
	free(all.items);
	return rc;
}

void family_kill(const struct family *f)
{
	pid_t own = getpgrp();

	for (size_t i = 0; i < f->n; i++) {
		if (f->items[i].group != own)
			kill(-f->items[i].group, SIGKILL);
		kill(f->items[i].pid, SIGKILL);
	}
}

/* "...path=DIR/guestfsd.sock,..." among the arguments in text */
static char *find_socket_dir(const struct buf *text)
{
	static const char start[] = "path=";
	static const char end[] = "/guestfsd.sock";

	for (size_t at = 0; at < text->len; at += strlen(text->data + at) + 1) {
		const char *path = strstr(text->data + at, start);
		const char *stop = path ? strstr(path, end) : NULL;

		if (stop)
			return mem_printf(NULL, "%.*s", (int)(stop - path - (int)strlen(start)),
				path + strlen(start));
	}
	return NULL;
}

char *family_socket_dir(const struct family *f)
{
	for (size_t i = 0; i < f->n; i++) {
		cleanup_buf struct buf text = {0};
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/cmdline", f->items[i].pid);
		char *dir = io_read_file(path, CMDLINE_MAX, &text, NULL) == 0
				    ? find_socket_dir(&text)
				    : NULL;
		if (dir)
			return dir;
	}
	return NULL;
}
