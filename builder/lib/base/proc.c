#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

struct stream {
	int fd; /* parent's end, -1 at its end */
	struct buf *buf;
	size_t max;
};

/* Runs in the child, after fork() in a process that may have threads: only calls that are safe
 * there until exec, but for setenv, which no thread of ours uses. */
static _Noreturn void exec_child(
	char *const argv[], const struct proc_options *opt, int out_fd, int err_fd, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	dup2(out_fd >= 0 ? out_fd : STDERR_FILENO, STDOUT_FILENO);
	if (err_fd >= 0)
		dup2(err_fd, STDERR_FILENO);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TZ", "UTC", 1);
	for (const char *const *v = opt->env; v && *v; v++)
		putenv(strdup(*v));
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Take what is there; returns -1 when more came than may. */
static int drain(struct stream *s, struct err *e)
{
	if (buf_reserve(s->buf, 65536, e) < 0)
		return -1;
	ssize_t n = read(s->fd, s->buf->data + s->buf->len, 65536);
	if (n < 0)
		return errno == EINTR ? 0 : err_set_errno(e, ERR_IO, "read from a program");
	if (n == 0) {
		close(s->fd);
		s->fd = -1;
		return 0;
	}
	s->buf->len += (size_t)n;
	s->buf->data[s->buf->len] = 0;
	if (s->buf->len > s->max)
		return err_set(e, ERR_FORMAT, "program printed more than %zu bytes", s->max);
	return 0;
}

static int collect(struct stream streams[2], struct err *e)
{
	while (streams[0].fd >= 0 || streams[1].fd >= 0) {
		struct pollfd fds[2] = {{.fd = streams[0].fd, .events = POLLIN},
			{.fd = streams[1].fd, .events = POLLIN}};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_set_errno(e, ERR_IO, "poll");
		for (int i = 0; i < 2; i++) {
			if (streams[i].fd >= 0 && fds[i].revents && drain(&streams[i], e) < 0)
				return -1;
		}
	}
	return 0;
}

/* The exit status, or 128+n for a signal; *signaled tells which. */
static int wait_for(pid_t pid, bool *signaled)
{
	int status;

	*signaled = false;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 126;
	}
	*signaled = WIFSIGNALED(status);
	return *signaled ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Where the last line of text starts; text loses its trailing newlines. */
static const char *last_line(struct buf *text)
{
	while (text->len > 0 && text->data[text->len - 1] == '\n')
		text->data[--text->len] = 0;
	const char *newline = strrchr(buf_str(text), '\n');
	return newline ? newline + 1 : buf_str(text);
}

static int report(const char *name, int status, bool signaled, const struct proc_options *opt,
	struct buf *stderr_text, struct err *e)
{
	const char *said = last_line(stderr_text);

	if (status == 0)
		return 0;
	if (status == 127 && !proc_exists(name))
		return err_set(e, ERR_UNSUPPORTED, "program '%s' is not installed%s%s", name,
			opt->remedy ? "; " : "", opt->remedy ? opt->remedy : "");
	if (signaled)
		return err_set(e, ERR_CHECK, "%s was ended by signal %d", name, status - 128);
	return err_set(e, ERR_CHECK, "%s failed with exit status %d%s%s", name, status,
		*said ? ": " : "", said);
}

static int make_pipe(bool wanted, int fds[2], struct err *e)
{
	if (wanted && pipe2(fds, O_CLOEXEC) < 0)
		return err_set_errno(e, ERR_IO, "pipe");
	return 0;
}

int proc_run(char *const argv[], const struct proc_options *opt, int *status, struct err *e)
{
	int out[2] = {-1, -1};
	int err[2] = {-1, -1};
	cleanup_buf struct buf own = {0};
	struct buf *errors = opt->errors ? opt->errors : &own;

	if (make_pipe(opt->out != NULL, out, e) < 0)
		return -1;
	if (make_pipe(opt->hide_stderr || opt->errors, err, e) < 0) {
		mem_close_fd(&out[0]);
		mem_close_fd(&out[1]);
		return -1;
	}
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0)
		exec_child(argv, opt, out[1], err[1], parent);
	mem_close_fd(&out[1]);
	mem_close_fd(&err[1]);

	struct stream streams[2] = {
		{out[0], opt->out, opt->max_out ? opt->max_out : (size_t)64 << 20},
		{err[0], errors, (size_t)64 << 20},
	};
	int rc = pid < 0 ? err_set_errno(e, ERR_IO, "start %s", argv[0]) : collect(streams, e);
	mem_close_fd(&streams[0].fd);
	mem_close_fd(&streams[1].fd);
	if (pid < 0)
		return rc;
	if (rc < 0)
		kill(pid, SIGTERM);
	bool signaled;
	int code = wait_for(pid, &signaled);
	if (status)
		*status = code;
	return rc < 0 ? -1 : report(argv[0], code, signaled, opt, errors, e);
}

void proc_die_of(int number)
{
	if (number) {
		signal(number, SIG_DFL);
		raise(number);
	}
}

int proc_find(char **path, const char *name, struct err *e)
{
	const char *dirs = getenv("PATH");

	*path = NULL;
	if (strchr(name, '/')) {
		if (access(name, X_OK) < 0)
			return 0;
		*path = mem_strdup(name, e);
		return *path ? 0 : -1;
	}
	for (const char *p = dirs ? dirs : "/usr/sbin:/usr/bin:/sbin:/bin"; *p;) {
		size_t len = strcspn(p, ":");
		cleanup_free char *full = mem_printf(e, "%.*s/%s", (int)len, p, name);

		if (!full)
			return -1;
		if (access(full, X_OK) == 0) {
			*path = steal_ptr(&full);
			return 0;
		}
		p += len;
		p += *p == ':';
	}
	return 0;
}

bool proc_exists(const char *name)
{
	cleanup_free char *path = NULL;

	return proc_find(&path, name, NULL) == 0 && path;
}
