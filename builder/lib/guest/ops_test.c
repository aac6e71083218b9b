#include "guest/ops.h"

#include "unit.h"

static int parse(struct ops *ops, const char *text, struct err *e)
{
	*e = (struct err){0};
	return ops_parse(ops, text, strlen(text), "dir/ops.yaml", e);
}

static void test_every_kind(void)
{
	static const char text[] =
		"- write: {path: /etc/motd, content: \"hello\\n\", mode: \"0640\", owner: "
		"root:adm}\n"
		"- append-line: {path: /etc/x, line: \"a\\tb\"}\n"
		"- copy-in: {source: files, path: /}\n"
		"- tar-in: {source: /x.tar, path: /opt}\n"
		"- upload: {source: f, path: /p, mode: \"755\"}\n"
		"- mkdir: /var/lib/x\n"
		"- delete: /etc/motd\n"
		"- move: {from: /a, to: /ab}\n"
		"- link: {path: /l, target: ../x}\n"
		"- chmod: {path: /p, mode: \"4755\"}\n"
		"- chown: {path: /, owner: 10:10}\n"
		"- truncate: /var/log/x\n"
		"- edit: {path: /e, match: \"a\\nb\", replace: \"\", count: 0}\n"
		"- hostname: box-1.example\n"
		"- timezone: America/Argentina/Buenos_Aires\n"
		"- group: {name: builders, gid: 800, system: true}\n"
		"- user: {name: lin, uid: 1500, gid: 100, groups: [adm, sudo], home: /h/lin,\n"
		"    shell: /bin/sh, comment: \"L I N\", system: false}\n"
		"- ssh-inject: {user: lin, key: \"ssh-ed25519 AAAAC3Nz lin@x\"}\n"
		"- lock-password: root\n"
		"- enable: [ssh, getty@tty1.service, \"crond:boot\"]\n"
		"- disable: [cron]\n"
		"- install: [g++, libc6-dev]\n"
		"- uninstall: [nano]\n"
		"- run: {script: \"echo $A\", timeout: 5, env: {A: b, N: 1}}\n"
		"- firstboot: {name: grow, source: grow.sh}\n";
	struct ops ops = {0};
	struct err e;

	unit_about("every kind");
	CHECK(parse(&ops, text, &e) == 0);
	CHECK_STR(e.msg, "");
	CHECK(ops.n == OP_FIRSTBOOT + 1);
	for (size_t i = 0; i < ops.n; i++)
		CHECK(ops.items[i].kind == (enum op_kind)i);
	CHECK_STR(ops.items[OP_WRITE].content, "hello\n");
	CHECK(ops.items[OP_WRITE].mode == 0640 && ops.items[OP_WRITE].line == 1);
	CHECK_STR(ops.items[OP_WRITE].owner, "root:adm");
	CHECK_STR(ops.items[OP_COPY_IN].source, "dir/files");
	CHECK_STR(ops.items[OP_TAR_IN].source, "/x.tar");
	CHECK(ops.items[OP_UPLOAD].mode == 0755 && !ops.items[OP_UPLOAD].owner);
	CHECK(ops.items[OP_MKDIR].mode == OP_NO_ID && ops.items[OP_MKDIR].line == 6);
	CHECK_STR(ops.items[OP_MOVE].source, "/a");
	CHECK(ops.items[OP_EDIT].count == 0);
	CHECK(ops.items[OP_GROUP].gid == 800 && ops.items[OP_GROUP].system);
	CHECK(ops.items[OP_USER].id == 1500 && ops.items[OP_USER].gid == 100);
	CHECK(ops.items[OP_USER].names.n == 2 && !ops.items[OP_USER].system);
	CHECK_STR(ops.items[OP_USER].target, "/bin/sh");
	CHECK_STR(ops.items[OP_ENABLE].names.items[2], "crond:boot");
	CHECK(ops.items[OP_RUN].timeout_s == 5);
	CHECK_STR(ops.items[OP_RUN].names.items[1], "N=1");
	CHECK_STR(ops.items[OP_FIRSTBOOT].source, "dir/grow.sh");
	CHECK(parse(&ops, "- run: echo hi\n", &e) == 0 && ops.n == OP_FIRSTBOOT + 2);
	CHECK_STR(ops.items[ops.n - 1].content, "echo hi");
	ops_release(&ops);
	CHECK(ops.n == 0 && ops.items == NULL);
}

static void test_yaml_refused(void)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "dir/ops.yaml:1:1: operations must be a list"},
		{"a: 1\n", "1:1: operations must be a list"},
		{"- x\n", "1:3: an operation must be a map with one key"},
		{"- {hostname: a, run: b}\n", "1:3: an operation must be a map with one key"},
		{"- fly: away\n", "1:3: there is no operation 'fly'"},
		{"- write: /x\n", "1:10: write must be a map, found string"},
		{"- write: {path: /x}\n", "write: key 'content' is missing"},
		{"- write: {path: /x, content: a, mod: b}\n", "1:33: unknown key 'mod' in write"},
		{"- write: {path: x, content: a}\n", "1:17: path 'x' must be absolute"},
		{"- write: {path: /a/../b, content: a}\n", "path '/a/../b' must be absolute"},
		{"- write: {path: /a//b, content: a}\n", "path '/a//b' must be absolute"},
		{"- write: {path: /a/, content: a}\n", "path '/a/' must be absolute"},
		{"- write: {path: /, content: a}\n", "path '/' must be absolute"},
		{"- write: {path: \"/a\\nb\", content: a}\n", "has a control character"},
		{"- write: {path: /x, content: 5}\n", "content must be text, found integer"},
		{"- write: {path: /x, content: a, mode: 644}\n", "mode must be text in quotes"},
		{"- write: {path: /x, content: a, mode: \"0648\"}\n", "mode '0648' is no mode"},
		{"- write: {path: /x, content: a, mode: \"44\"}\n", "mode '44' is no mode"},
		{"- write: {path: /x, content: a, mode: \"00644\"}\n", "is no mode"},
		{"- write: {path: /x, content: a, owner: \"a b\"}\n", "is no USER or USER:GROUP"},
		{"- write: {path: /x, content: a, owner: \"a:\"}\n", "is no USER or USER:GROUP"},
		{"- write: {path: /x, content: a, owner: \"a:b:c\"}\n", "is no USER"},
		{"- append-line: {path: /x, line: \"a\\nb\"}\n", "has a control character"},
		{"- copy-in: {source: \"\", path: /}\n", "source '' is empty"},
		{"- delete: /\n", "path '/' must be absolute"},
		{"- delete: [/a]\n", "path must be text, found list"},
		{"- move: {from: /a, to: /a/b}\n", "move: cannot move /a into itself"},
		{"- chmod: {path: /a}\n", "chmod: key 'mode' is missing"},
		{"- link: {path: /a, target: \"\\x1b[2J\"}\n", "has a control character"},
		{"- edit: {path: /a, match: \"\", replace: x}\n", "match '' is empty"},
		{"- edit: {path: /a, match: a, replace: x, count: -1}\n",
			"count '-1' is no number"},
		{"- edit: {path: /a, match: a, replace: x, count: 1000001}\n", "is above 1000000"},
		{"- hostname: -a\n", "name '-a' is no host name"},
		{"- hostname: a..b\n", "is no host name"},
		{"- hostname: \"a\\nb\"\n", "is no host name"},
		{"- hostname: a_b\n", "is no host name"},
		{"- timezone: ../../etc/passwd\n", "is no time zone"},
		{"- timezone: /etc/passwd\n", "is no time zone"},
		{"- timezone: \"a b\"\n", "is no time zone"},
		{"- group: {name: Root}\n", "name 'Root' is no name of a user or group"},
		{"- group: {name: a, gid: many}\n", "gid must be a number, found string"},
		{"- group: {name: a, gid: 4294967295}\n", "gid '4294967295' is no number"},
		{"- group: {name: a, system: 1}\n", "system must be true or false"},
		{"- user: {name: \"a:b\"}\n", "is no name of a user"},
		{"- user: {name: \"a;reboot\"}\n", "is no name of a user"},
		{"- user: {name: a, groups: adm}\n", "groups must be a list, found string"},
		{"- user: {name: a, groups: [x, x]}\n", "groups: 'x' stands twice"},
		{"- user: {name: a, home: x}\n", "home 'x' must be absolute"},
		{"- user: {name: a, comment: \"x:y\"}\n", "comment 'x:y' has a colon"},
		{"- user: {name: a, comment: \"x\\ny\"}\n", "has a control character"},
		{"- ssh-inject: {user: a}\n", "ssh-inject: needs exactly one of key and file"},
		{"- ssh-inject: {user: a, key: \"ssh-rsa AAAA\", file: b}\n", "exactly one"},
		{"- ssh-inject: {user: a, key: hello}\n", "key 'hello' is no public SSH key"},
		{"- ssh-inject: {user: a, key: \"x AAAA\"}\n", "is no public SSH key"},
		{"- ssh-inject: {user: a, key: \"ssh-rsa AAAA\\nssh-rsa AAAA\"}\n", "one line"},
		{"- enable: []\n", "enable: services: none are named"},
		{"- enable: {services: []}\n", "enable: services: none are named"},
		{"- enable: ssh\n", "services must be a list, found string"},
		{"- enable: [../x]\n", "is no name of a service"},
		{"- enable: [\"a b\"]\n", "is no name of a service"},
		{"- enable: [-x]\n", "is no name of a service"},
		{"- install: [\"--force\"]\n", "is no name of a package"},
		{"- install: [a=1]\n", "is no name of a package"},
		{"- install: [\"$(x)\"]\n", "is no name of a package"},
		{"- run: \"\"\n", "script '' is empty"},
		{"- run: {script: a, timeout: 0}\n", "timeout '0' is not from 1 to 86400"},
		{"- run: {script: a, env: {\"A-B\": c}}\n", "env 'A-B=c' is no variable"},
		{"- run: {script: a, env: {\"A=B\": c}}\n", "is no name of a variable"},
		{"- run: {script: a, env: {1A: c}}\n", "is no variable"},
		{"- run: {script: a, env: {A: \"b\\nc\"}}\n", "has a control character"},
		{"- run: {script: a, env: {A: [b]}}\n", "A must be text, found list"},
		{"- run: {script: a, env: [A]}\n", "env must be a map, found list"},
		{"- firstboot: {name: ../x, script: a}\n", "name '../x' is no name"},
		{"- firstboot: {name: x}\n", "needs exactly one of script and source"},
		{"- hostname: a\n- hostname: a\n  run: b\n", "2:3: an operation must be a map"},
	};

	unit_about("YAML refused");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ops ops = {0};
		struct err e;

		CHECK(parse(&ops, cases[i].text, &e) == -1 && e.kind == ERR_FORMAT);
		if (!CHECK(strncmp(e.msg, "dir/ops.yaml:", 13) == 0 &&
			    strstr(e.msg, cases[i].says)))
			printf("# %s# %s\n", cases[i].text, e.msg);
		ops_release(&ops);
	}
}

static const struct op *add(struct ops *ops, const char *kind, const char *value)
{
	static const struct op none;
	struct err e = {0};

	if (!CHECK(ops_add(ops, kind, value, &e) == 0)) {
		printf("# %s\n", e.msg);
		return &none;
	}
	return &ops->items[ops->n - 1];
}

static void test_options(void)
{
	struct ops ops = {0};
	const struct op *op;

	unit_about("options");
	op = add(&ops, "write", "/etc/motd:a:b\n");
	CHECK_STR(op->path, "/etc/motd");
	CHECK_STR(op->content, "a:b\n");
	CHECK(op->line == 0 && !op->file);
	op = add(&ops, "append-line", "/etc/hosts:::1 localhost");
	CHECK_STR(op->content, "::1 localhost");
	op = add(&ops, "upload", "a:b:/c:/d/e");
	CHECK_STR(op->source, "a:b:/c");
	CHECK_STR(op->path, "/d/e");
	op = add(&ops, "copy-in", "dir:/");
	CHECK_STR(op->path, "/");
	op = add(&ops, "move", "/a:/b");
	CHECK_STR(op->source, "/a");
	op = add(&ops, "link", "../x:/b");
	CHECK_STR(op->target, "../x");
	CHECK_STR(op->path, "/b");
	op = add(&ops, "chmod", "0600:/b");
	CHECK(op->mode == 0600);
	op = add(&ops, "chown", "root:adm:/b:/c");
	CHECK_STR(op->owner, "root:adm");
	CHECK_STR(op->path, "/b:/c");
	op = add(&ops, "edit", "/x:a\\:b\\\\:c\\d");
	CHECK_STR(op->match, "a:b\\");
	CHECK_STR(op->content, "c\\d");
	CHECK(op->count == 1);
	op = add(&ops, "user", "lin");
	CHECK(op->id == OP_NO_ID);
	op = add(&ops, "user", "lin:1500");
	CHECK(op->id == 1500);
	op = add(&ops, "ssh-inject", "lin:string:ssh-rsa AAAAB3 x");
	CHECK_STR(op->content, "ssh-rsa AAAAB3 x");
	op = add(&ops, "ssh-inject", "lin:file:a:b");
	CHECK_STR(op->source, "a:b");
	op = add(&ops, "install", "a1,b2,c3");
	CHECK(op->names.n == 3);
	CHECK_STR(op->names.items[2], "c3");
	op = add(&ops, "run", "echo a:b");
	CHECK_STR(op->content, "echo a:b");
	op = add(&ops, "firstboot", "grow:./grow.sh");
	CHECK_STR(op->source, "./grow.sh");
	ops_release(&ops);
}

static void test_options_refused(void)
{
	static const struct {
		const char *kind, *value, *says;
	} cases[] = {
		{"fly", "x", "there is no operation 'fly'"},
		{"write", "/x", "--write: the argument must be PATH:CONTENT"},
		{"write", "x:y", "--write: path 'x' must be absolute"},
		{"upload", "a", "--upload: the argument must be SOURCE:PATH"},
		{"upload", "a:b", "--upload: path 'b' must be absolute"},
		{"chown", "root:x", "the argument must be OWNER:PATH"},
		{"chmod", "u+x:/a", "mode 'u+x' is no mode"},
		{"edit", "/x:a", "the argument must be PATH:TEXT:NEW"},
		{"edit", "/x::a", "match '' is empty"},
		{"edit", "/x:a\\:b", "the argument must be PATH:TEXT:NEW"},
		{"ssh-inject", "lin", "the argument must be USER:HOW"},
		{"ssh-inject", "lin:x", "USER:string:KEY or USER:file:FILE"},
		{"enable", "", "services '' is no name of a service"},
		{"install", "a1,,b2", "packages '' is no name of a package"},
		{"user", "lin:x", "uid 'x' is no number"},
		{"delete", "/", "must be absolute"},
		{"run", "", "script '' is empty"},
	};

	unit_about("options refused");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ops ops = {0};
		struct err e = {0};

		CHECK(ops_add(&ops, cases[i].kind, cases[i].value, &e) == -1 &&
			e.kind == ERR_USAGE && ops.n == 0);
		if (!CHECK(strstr(e.msg, cases[i].says)))
			printf("# %s\n", e.msg);
		ops_release(&ops);
	}
}

static void test_order(void)
{
	struct ops ops = {0};
	struct strv options = {0};
	struct err e = {0};

	unit_about("order");
	strv_add(&options, "run=a=b", NULL);
	strv_add(&options, "mkdir=/x", NULL);
	strv_add(&options, "run=c", NULL);
	CHECK(ops_add_options(&ops, &options, &e) == 0 && ops.n == 3);
	CHECK_STR(ops.items[0].content, "a=b");
	CHECK_STR(ops.items[1].path, "/x");
	strv_add(&options, "mkdir=", NULL);
	CHECK(ops_add_options(&ops, &options, &e) == -1 && e.kind == ERR_USAGE);
	strv_release(&options);
	ops_release(&ops);
}

static void test_prefix(void)
{
	struct ops ops = {0};
	struct err e;

	unit_about("messages");
	parse(&ops, "- hostname: a\n- append-line: {path: /etc/x, line: b}\n- run: c\n", &e);
	ops_add(&ops, "install", "a1,b2", NULL);
	err_set(&e, ERR_CHECK, "no");
	op_prefix(&ops.items[1], &e);
	CHECK_STR(e.msg, "dir/ops.yaml:2: append-line /etc/x: no");
	err_set(&e, ERR_CHECK, "no");
	op_prefix(&ops.items[2], &e);
	CHECK_STR(e.msg, "dir/ops.yaml:3: run: no");
	err_set(&e, ERR_CHECK, "no");
	op_prefix(&ops.items[3], &e);
	CHECK_STR(e.msg, "install a1: no");
	ops_release(&ops);
}

int main(void)
{
	test_every_kind();
	test_yaml_refused();
	test_options();
	test_options_refused();
	test_order();
	test_prefix();
	return unit_done();
}
