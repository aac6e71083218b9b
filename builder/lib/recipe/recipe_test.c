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

#define SHA512                                                             \
	"849196e26640b33fb1f106d46cebdf341c715f7f49363564eacece8097464b6a" \
	"f7041618e94c4eb1a006394663252a86c0fb3158fee5d0ffb094899730679a71"
#define SHA256 "ffe6203da54deeb6db5d2a98a83f9ec8e55f149d3f7ba622e1abe5fa966ee3d6"

static const char based[] =
	"name: small\n"
	"description: From an image\n"
	"family: apk\n"
	"suite: v3.23\n"
	"archives:\n"
	"  - name: alpine\n"
	"    suites: [v3.23]\n"
	"    components: [main]\n"
	"    keys: recipes/x/keys\n"
	"    url: {x86_64: \"https://example.org/alpine\"}\n"
	"  - {name: images, url: \"http://example.org:8080/i\"}\n"
	"packages: [nix]\n"
	"arches:\n"
	"  x86_64:\n"
	"    base: {archive: alpine, path: v3.23/a+b.qcow2, digest: \"sha512:" SHA512 "\"}\n"
	"  aarch64:\n"
	"    base: {archive: images, path: b.raw, digest: \"sha256:" SHA256 "\", format: raw}\n"
	"disk: {size: 1GiB, esp: 64MiB, keep: true}\n"
	"customize: recipes/x/customize.yaml.erb\n"
	"lima: recipes/x/lima.yaml.erb\n";

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

static void test_based(void)
{
	cleanup_recipe struct recipe *r = NULL;
	struct err e = {0};

	unit_about("a recipe with a base");
	if (!CHECK(load(&r, based, &e) == 0)) {
		printf("# %s\n", e.msg);
		return;
	}
	const struct recipe_base *b = r->arches[0].base;
	CHECK(r->keep && b && b->kind == HASH_SHA512 && r->arches[0].n_esp == 0);
	CHECK_STR(r->customize, "recipes/x/customize.yaml.erb");
	CHECK_STR(b->archive, "alpine");
	CHECK_STR(b->path, "v3.23/a+b.qcow2");
	CHECK_STR(b->format, "qcow2");
	CHECK_STR(r->arches[1].base->format, "raw");
	CHECK_STR(r->archives[0].keys, "recipes/x/keys");
	CHECK_STR(recipe_archive_url(&r->archives[0], "x86_64"), "https://example.org/alpine");
	CHECK(!recipe_archive_url(&r->archives[0], "aarch64"));
	CHECK_STR(recipe_archive_url(&r->archives[1], "aarch64"), "http://example.org:8080/i");
	cleanup_free char *digest = recipe_base_digest(b, NULL);
	CHECK_STR(digest, "sha512:" SHA512);

	/* Another base is another input; another format of the same file is not. */
	cleanup_strv struct strv none = {0};
	char one[SHA256_HEX_SIZE], two[SHA256_HEX_SIZE];
	CHECK(recipe_lock_inputs(r, &r->arches[0], &none, one, NULL) == 0);
	r->arches[0].base->path[0] = 'w';
	CHECK(recipe_lock_inputs(r, &r->arches[0], &none, two, NULL) == 0);
	CHECK(strcmp(one, two) != 0);
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

/* Replace the first occurrence of from in a recipe. */
static char *altered(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	return at ? mem_printf(NULL, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from))
		  : NULL;
}

struct bad {
	const char *from, *to, *position, *message;
};

static void try_bad(const char *recipe, const struct bad *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *text = altered(recipe, cases[i].from, cases[i].to);
		cleanup_recipe struct recipe *r = NULL;
		struct err e = {0};
		bool refused = text && load(&r, text, &e) == -1 && e.kind == ERR_FORMAT;

		printf("# %s\n", e.msg);
		CHECK(refused && strstr(e.msg, "recipes/x/recipe.yaml:"));
		CHECK(strstr(e.msg, cases[i].position) && strstr(e.msg, cases[i].message));
	}
}

static void test_bad_base(void)
{
	static const struct bad cases[] = {
		{"customize: recipes/x/customize.yaml.erb\n", "",
			":1:1:", "'customize' is missing"},
		{"    base: {archive: images, path: b.raw, digest: \"sha256:" SHA256
		 "\", format: raw}\n",
			"    packages: []\n", ":14:3:", "all architectures have a base or none"},
		{"archive: images, path", "archive: pictures, path",
			":17:", "no archive 'pictures'"},
		{"format: raw", "format: vmdk", ":17:", "neither qcow2 nor raw"},
		{"path: b.raw", "path: ../b.raw", ":17:", "without '.' and '..'"},
		{"path: b.raw", "path: /b.raw", ":17:", "without '.' and '..'"},
		{"path: b.raw", "path: \"b;raw\"", ":17:", "not a path of letters"},
		{"sha256:ffe", "sha256:FFE", ":17:", "sha256: or sha512:"},
		{"sha256:ffe", "sha512:ffe", ":17:", "sha256: or sha512:"},
		{"sha256:ffe", "md5:ffe", ":17:", "sha256: or sha512:"},
		{", digest: \"sha256:" SHA256 "\"", "", ":17:", "'digest' is missing"},
		{"https://example.org/alpine", "ftp://example.org/alpine", ":10:", "http:// or"},
		{"https://example.org/alpine", "https://a:b@example.org", ":10:", "plain address"},
		{"https://example.org/alpine", "https://example.org/", ":10:", "plain address"},
		{"https://example.org/alpine", "https:///alpine", ":10:", "plain address"},
		{"https://example.org/alpine", "https://example.org/?a", ":10:", "plain address"},
		{"{x86_64: \"https", "{sparc: \"https", ":10:", "unknown key 'sparc'"},
		{"    keys: recipes/x/keys\n", "", ":6:5:", "needs keys"},
		{"    keys: recipes/x/keys\n", "    keyring: /usr/k.gpg\n", ":6:5:", "family deb"},
		{"    suites: [v3.23]\n", "", ":6:5:", "needs suites and components"},
		{"    suites: [v3.23]\n    components: [main]\n", "",
			":6:3:", "no archive has suites"},
	};

	unit_about("a bad base");
	try_bad(based, cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_bad(void)
{
	static const struct bad cases[] = {
		{"lima: recipes", "customize: recipes/a\nlima: recipes", ":24:12:", "have a base"},
		{"esp: 64MiB", "esp: 64MiB, keep: true", ":17:7:", "no base to keep"},
		{"family: deb", "family: apk", ":7:5:", "needs keys"},
		{"default: true", "pack: gz", ":3:7:", "there are: xz, zst"},
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
	try_bad(good, cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
	if (!mkdtemp(root))
		return 1;
	test_good();
	test_based();
	test_inputs();
	test_unknown();
	test_bad();
	test_bad_base();

	cleanup_free char *file = mem_printf(NULL, "%s/recipes/x/recipe.yaml", root);
	unlink(file);
	cleanup_free char *folder = mem_printf(NULL, "%s/recipes/x", root);
	rmdir(folder);
	folder[strlen(folder) - 2] = 0;
	rmdir(folder);
	rmdir(root);
	return unit_done();
}
