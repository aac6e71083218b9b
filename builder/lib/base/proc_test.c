#include "base/proc.h"

#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static int shell(const char *script, struct proc_options opt, int *status, struct err *e)
{
	char sh[] = "sh", c[] = "-c";
	char *text = strdup(script);
	char *argv[] = {sh, c, text, NULL};
	int rc = proc_run(argv, &opt, status, e);

	free(text);
	return rc;
}

static void test_missing(void)
{
	static const struct proc_options opt = {.remedy = "apt install no-such-package"};
	char name[] = "kiln-no-such-program", path[] = "./no/such/program";
	char *by_name[] = {name, NULL};
	char *by_path[] = {path, NULL};
	struct err e = {0};

	unit_about("missing program");
	CHECK(proc_run(by_name, &opt, NULL, &e) == -1 && e.kind == ERR_UNSUPPORTED);
	CHECK(strstr(e.msg, name) && strstr(e.msg, "apt install no-such-package"));
	err_clear(&e);
	CHECK(proc_run(by_path, &opt, NULL, &e) == -1 && e.kind == ERR_UNSUPPORTED);
	CHECK(proc_exists("sh") && !proc_exists(name));
	CHECK(proc_exists("/bin/sh") && !proc_exists("/bin/no-such"));

	cleanup_free char *found = NULL;
	CHECK(proc_find(&found, "/bin/sh", NULL) == 0);
	CHECK_STR(found, "/bin/sh");
	free(found);
	CHECK(proc_find(&found, "sh", NULL) == 0 && found && found[0] == '/' &&
		strcmp(found + strlen(found) - 3, "/sh") == 0);
	free(found);
	CHECK(proc_find(&found, name, NULL) == 0 && !found);
}

static void test_output(void)
{
	static const char *const env[] = {"KILN_X=a b", "TZ=Asia/Tokyo", NULL};
	cleanup_buf struct buf out = {0};
	struct err e = {0};
	int status = -1;

	unit_about("output");
	CHECK(shell("printf 'one\\ntwo'", (struct proc_options){.out = &out}, &status, &e) == 0);
	CHECK(status == 0);
	CHECK_STR(buf_str(&out), "one\ntwo");
	buf_release(&out);

	const char *script = "echo \"$KILN_X/$LC_ALL/$TZ\"; cat";
	CHECK(shell(script, (struct proc_options){.out = &out, .env = env}, NULL, &e) == 0);
	CHECK_STR(buf_str(&out), "a b/C.UTF-8/Asia/Tokyo\n");
	buf_release(&out);

	/* Both streams larger than a pipe, at once. */
	script = "i=0; while [ $i -lt 2000 ]; do "
		 "printf '%0100d\\n' $i; printf '%0100d\\n' $i >&2; i=$((i+1)); done";
	struct proc_options both = {.out = &out, .hide_stderr = true};
	CHECK(shell(script, both, NULL, &e) == 0 && out.len == 202000);
	buf_release(&out);

	struct proc_options bounded = {.out = &out, .max_out = 100000};
	CHECK(shell("yes", bounded, NULL, &e) == -1 && e.kind == ERR_FORMAT);
}

static void test_status(void)
{
	static const struct proc_options hide = {.hide_stderr = true};
	struct err e = {0};
	int status = 0;

	unit_about("exit status");
	CHECK(shell("echo first >&2; echo last >&2; exit 3", hide, &status, &e) == -1);
	CHECK(status == 3 && e.kind == ERR_CHECK);
	CHECK_STR(e.msg, "sh failed with exit status 3: last");
	CHECK(shell("exit 127", hide, &status, &e) == -1 && e.kind == ERR_CHECK && status == 127);
	CHECK_STR(e.msg, "sh failed with exit status 127");
	CHECK(shell("exit 255", hide, &status, &e) == -1 && status == 255);
	CHECK_STR(e.msg, "sh failed with exit status 255");
	CHECK(shell("kill -KILL $$", hide, &status, &e) == -1 && status == 137);
	CHECK(e.kind == ERR_CHECK);
	CHECK_STR(e.msg, "sh was ended by signal 9");
}

/* The child gets standard streams only. */
static void test_descriptors(void)
{
	cleanup_buf struct buf out = {0};

	unit_about("descriptors");
	CHECK(shell("ls /proc/$$/fd", (struct proc_options){.out = &out}, NULL, NULL) == 0);
	CHECK(strncmp(buf_str(&out), "0\n1\n2\n", 6) == 0);
	CHECK(strstr(buf_str(&out), "\n3\n") == NULL && strstr(buf_str(&out), "\n4\n") == NULL);
}

int main(void)
{
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	test_missing();
	test_output();
	test_status();
	test_descriptors();
	return unit_done();
}
