#include "recipe/recipe.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "recipe/recipe_read.h"
#include "unit.h"

static char root[] = "/tmp/recipe-test.XXXXXX";

static const char good[] =
	"name: agent-vm\n"
	"description: A machine\n"
	"default: true\n"
	"family: deb\n"
	"suite: trixie\n"
	"archives:\n"
	"  - {name: debian, suites: [trixie, trixie-updates], components: [main]}\n"
	"packages: [sudo, bash, libstdc++6]\n"
	"options:\n"
	"  containers: {description: Docker, packages: [docker.io]}\n"
	"  desktop: {description: A desktop, packages: [bash, xfce4]}\n"
	"arches:\n"
	"  x86_64:\n"
	"    packages: [linux-image-amd64]\n"
	"    esp:\n"
	"      - {path: /EFI/BOOT/BOOTX64.EFI, from: /usr/lib/shim/shimx64.efi.signed}\n"
	"disk: {size: 3GiB, esp: 64MiB}\n"
	"files:\n"
	"  - {path: /etc/fstab, template: recipes/x/files/fstab.erb, mode: \"0600\", gid: 5}\n"
	"  - {path: /etc/machine-id, content: \"\"}\n"
	"  - {path: /etc/a, symlink: ../b}\n"
	"  - {path: /srv, directory: true}\n"
	"delete: [/etc/x]\n"
	"lima: recipes/x/lima.yaml.erb\n"
	"vars: {colour: blue}\n"
	"allow: {setuid: recipes/x/allow/setuid}\n";

static int load(struct recipe **r, const char *text, struct err *e)
{
	cleanup_free char *folder = mem_printf(NULL, "%s/recipes/x", root);
	cleanup_free char *path = mem_printf(NULL, "%s/recipe.yaml", folder);

	if (io_mkdirs(folder, e) < 0 || outfile_write(path, 0644, text, strlen(text), e) < 0)
		return -1;
	return recipe_load(r, root, "x", e);
}

static void test_good(void)
{
	cleanup_recipe struct recipe *r = NULL;
	struct err e = {0};

	unit_about("a good recipe");
	if (!CHECK(load(&r, good, &e) == 0)) {
		printf("# %s\n", e.msg);
		return;
	}
	CHECK_STR(r->variant, "x");
	CHECK_STR(r->name, "agent-vm");
	CHECK(r->is_default);
	CHECK(r->disk_size_bytes == 3ULL << 30 && r->esp_size_bytes == 64 << 20);
	CHECK(r->n_archives == 1 && r->archives[0].suites.n == 2);
	CHECK(r->n_options == 2 && r->n_arches == 1 && r->n_files == 4);
	CHECK(r->files[0].mode == 0600 && r->files[0].gid == 5 && r->files[0].uid == 0);
	CHECK(r->files[1].mode == 0644 && r->files[1].content && !*r->files[1].content);
	CHECK_STR(r->files[2].symlink, "../b");
	CHECK(r->files[3].directory && r->files[3].mode == 0755);
	CHECK_STR(r->arches[0].esp[0].from, "/usr/lib/shim/shimx64.efi.signed");
	CHECK_STR(r->allow_files.items[0], "setuid=recipes/x/allow/setuid");
	CHECK(r->vars && r->vars->n == 1);
}

static void test_inputs(void)
{
	cleanup_recipe struct recipe *r = NULL;
	cleanup_strv struct strv none = {0};
	cleanup_strv struct strv both = {0};
	cleanup_strv struct strv swapped = {0};
	cleanup_strv struct strv packages = {0};
	char a[SHA256_HEX_SIZE];
	char b[SHA256_HEX_SIZE];
	char c[SHA256_HEX_SIZE];

	unit_about("inputs");
	if (!CHECK(load(&r, good, NULL) == 0))
		return;
	strv_add(&both, "containers", NULL);
	strv_add(&both, "desktop", NULL);
	strv_add(&swapped, "desktop", NULL);
	strv_add(&swapped, "containers", NULL);
	const struct recipe_arch *arch = recipe_find_arch(r, "x86_64", NULL);
	CHECK(recipe_lock_inputs(r, arch, &none, a, NULL) == 0);
	CHECK(recipe_lock_inputs(r, arch, &both, b, NULL) == 0);
	CHECK(recipe_lock_inputs(r, arch, &swapped, c, NULL) == 0);
	CHECK(strcmp(a, b) != 0);
	CHECK_STR(b, c);
	cleanup_free char *path = recipe_lock_path(".", r, arch, &swapped, NULL);
	CHECK_STR(path, "recipes/x/lock.x86_64+containers+desktop.json");
	cleanup_free char *plain = recipe_lock_path("/r", r, arch, &none, NULL);
	CHECK_STR(plain, "/r/recipes/x/lock.x86_64.json");
	CHECK(recipe_packages(&packages, r, arch, &both, NULL) == 0);
	CHECK(packages.n == 6); /* bash stands in two lists */
	CHECK_STR(packages.items[0], "bash");

	char other[] = "other";
	char x[] = "x";
	struct lock l = {.variant = x, .arch = arch->name, .inputs_sha256 = a};
	struct err e = {0};
	CHECK(recipe_check_lock(r, arch, &none, &l, &e) == 0);
	CHECK(recipe_check_lock(r, arch, &both, &l, &e) == -1 && e.kind == ERR_INTEGRITY);
	CHECK(strstr(e.msg, "just lock x") != NULL);
	l.variant = other;
	CHECK(recipe_check_lock(r, arch, &none, &l, &e) == -1);
}

static void test_unknown(void)
{
	cleanup_recipe struct recipe *r = NULL;
	struct err e = {0};

	unit_about("names that are not there");
	CHECK(load(&r, good, NULL) == 0);
	CHECK(!recipe_find_arch(r, "sparc", &e) && e.kind == ERR_UNSUPPORTED);
	CHECK(!recipe_find_option(r, "gold", &e) && e.kind == ERR_USAGE);
	CHECK(strstr(e.msg, "containers desktop") != NULL);
	cleanup_recipe struct recipe *none = NULL;
	CHECK(recipe_load(&none, root, "nope", &e) == -1 && e.kind == ERR_USAGE);
	CHECK(strstr(e.msg, "there is: x") != NULL);
	CHECK(recipe_load(&none, root, "../x", &e) == -1 && e.kind == ERR_USAGE);
}

/* Replace the first occurrence of from in the good recipe. */
static char *altered(const char *from, const char *to)
{
	const char *at = strstr(good, from);

	return at ? mem_printf(NULL, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from))
		  : NULL;
}

static void test_bad(void)
{
	static const struct {
		const char *from, *to, *position, *message;
	} cases[] = {
		{"default: true", "defualt: true", ":3:1:", "unknown key 'defualt'"},
		{"default: true", "default: yes", ":3:10:", "true or false"},
		{"name: agent-vm", "name: ../up", ":1:7:", "is no name"},
		{"name: agent-vm", "name: [a]", ":1:7:", "must be text, found list"},
		{"name: agent-vm\n", "", ":1:1:", "key 'name' is missing"},
		{"family: deb", "family: rpm", ":4:9:", "not known"},
		{"suite: trixie\n", "suite: 13\n", ":5:8:", "must be text"},
		{"components: [main]", "components: [../main]", ":7:", "no name of a suite"},
		{"[sudo, bash,", "[sudo, sudo,", ":8:18:", "stands twice"},
		{"[sudo, bash,", "[sudo, \"a b\",", ":8:18:", "is no package name"},
		{"[sudo, bash, libstdc++6]", "sudo", ":8:11:", "must be a list"},
		{"  containers:", "  Containers:", ":10:3:", "is no name"},
		{"x86_64:", "sparc:", ":13:3:", "unknown key 'sparc'"},
		{"from: /usr", "form: /usr", ":16:", "unknown key 'form'"},
		{"size: 3GiB", "size: 3GB", ":17:14:", "is not a size"},
		{"size: 3GiB", "size: 1000", ":17:14:", "multiple of 1 MiB"},
		{"esp: 64MiB", "esp: 4GiB", ":17:7:", "smaller than size"},
		{"/etc/fstab", "etc/fstab", ":19:12:", "must be absolute"},
		{"/etc/fstab", "/etc/../fstab", ":19:12:", "must be absolute"},
		{"/etc/fstab", "/etc//fstab", ":19:12:", "must be absolute"},
		{"/etc/fstab", "/srv", ":22:5:", "stands twice"},
		{"template: recipes/x", "template: /recipes/x", ":19:", "must be relative"},
		{"template: recipes/x", "template: recipes/../..", ":19:", "must be relative"},
		{"mode: \"0600\"", "mode: 600", ":19:", "octal"},
		{"mode: \"0600\"", "mode: \"0800\"", ":19:", "octal"},
		{"gid: 5", "gid: -1", ":19:", "0 to 65534"},
		{"content: \"\"", "content: \"\", symlink: a", ":20:5:", "exactly one of"},
		{", directory: true", "", ":22:5:", "exactly one of"},
		{"lima: recipes/x", "lima: ../x", ":24:7:", "must be relative"},
		{"vars: {colour: blue}", "vars: blue", ":25:7:", "must be a map"},
		{"{setuid:", "{setgid:", ":26:9:", "unknown key 'setgid'"},
	};

	unit_about("a bad recipe");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_free char *text = altered(cases[i].from, cases[i].to);
		cleanup_recipe struct recipe *r = NULL;
		struct err e = {0};
		bool refused = text && load(&r, text, &e) == -1 && e.kind == ERR_FORMAT;

		printf("# %s\n", e.msg);
		CHECK(refused && strstr(e.msg, "recipes/x/recipe.yaml:"));
		CHECK(strstr(e.msg, cases[i].position) && strstr(e.msg, cases[i].message));
	}
}

int main(void)
{
	if (!mkdtemp(root))
		return 1;
	test_good();
	test_inputs();
	test_unknown();
	test_bad();

	cleanup_free char *file = mem_printf(NULL, "%s/recipes/x/recipe.yaml", root);
	unlink(file);
	cleanup_free char *folder = mem_printf(NULL, "%s/recipes/x", root);
	rmdir(folder);
	folder[strlen(folder) - 2] = 0;
	rmdir(folder);
	rmdir(root);
	return unit_done();
}
