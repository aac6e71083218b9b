#include "image/fat.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/strv.h"

#define SECTOR_SIZE 512
#define RESERVED_SECTORS 32
#define N_FATS 2
#define CLUSTERS_MIN 65525
#define EPOCH_1980 315532800

static const char remedy[] = "install dosfstools and mtools (just setup)";

static uint64_t count_clusters(uint64_t size_bytes, unsigned cluster_sectors)
{
	uint64_t sectors = size_bytes / SECTOR_SIZE;
	/* Entries of 4 bytes, for all sectors: a few more than there can be. */
	uint64_t fat = (sectors / cluster_sectors + 2) * 4 / SECTOR_SIZE + 1;
	uint64_t used = RESERVED_SECTORS + N_FATS * fat;

	return sectors > used ? (sectors - used) / cluster_sectors : 0;
}

unsigned fat_cluster_sectors(uint64_t size_bytes)
{
	/* Some firmware counts a few clusters wrongly: keep clear of the limit. */
	const uint64_t wanted = CLUSTERS_MIN + 16;

	for (unsigned sectors = 8; sectors > 0; sectors /= 2) {
		if (count_clusters(size_bytes, sectors) >= wanted)
			return sectors;
	}
	return 0;
}

/* The times that mtools writes, and nothing of the user's settings for it. */
struct fat_env {
	char epoch[48];
	const char *vars[9];
};

static void fill_env(struct fat_env *env, int64_t epoch_s)
{
	snprintf(env->epoch, sizeof(env->epoch), "SOURCE_DATE_EPOCH=%lld",
		(long long)(epoch_s < EPOCH_1980 ? EPOCH_1980 : epoch_s));
	env->vars[0] = env->epoch;
	env->vars[1] = "MTOOLSRC=/dev/null";
	env->vars[2] = "MTOOLS_SKIP_CHECK=1";
	env->vars[3] = "MTOOLS_FAT_COMPATIBILITY=0";
	env->vars[4] = "MTOOLS_LOWER_CASE=0";
	env->vars[5] = "MTOOLS_NO_VFAT=0";
	env->vars[6] = "MTOOLS_DOTTED_DIR=0";
	env->vars[7] = "MTOOLS_NAME_NUMERIC_TAIL=1";
	env->vars[8] = NULL;
}

static int run(const struct strv *argv, const struct fat_env *env, struct err *e)
{
	cleanup_buf struct buf out = {0};
	struct proc_options opt = {
		.out = &out, .env = env->vars, .hide_stderr = true, .remedy = remedy};

	if (proc_run(argv->items, &opt, NULL, e) == 0)
		return 0;
	/* The programs were given a good size and good names: what is left is space. */
	if (e && e->kind == ERR_CHECK)
		e->kind = ERR_IO;
	return -1;
}

/* A name for the file behind fd that a child can open. */
static int add_fd_path(struct strv *argv, int fd, struct err *e)
{
	return strv_addf(argv, e, "/proc/%d/fd/%d", (int)getpid(), fd);
}

static int add_words(struct strv *argv, const char *const *words, struct err *e)
{
	for (; *words; words++) {
		if (strv_add(argv, *words, e) < 0)
			return -1;
	}
	return 0;
}

static int format(int fd, const struct fat_options *opt, const struct fat_env *env, struct err *e)
{
	static const char *const words[] = {
		"mkfs.fat", "--invariant", "-F32", "-S512", "-f2", "-R32", "--mbr=n", "-n", NULL};
	cleanup_strv struct strv argv = {0};
	unsigned cluster_sectors = fat_cluster_sectors(opt->size_bytes);

	if (cluster_sectors == 0)
		return err_set(e, ERR_FORMAT,
			"%llu MiB is too small for FAT32; the EFI system partition needs 34 MiB",
			(unsigned long long)(opt->size_bytes >> 20));
	if (ftruncate(fd, (off_t)opt->size_bytes) < 0)
		return err_set_errno(e, ERR_IO, "set the size");
	if (add_words(&argv, words, e) < 0 || strv_add(&argv, opt->label, e) < 0 ||
		strv_addf(&argv, e, "-s%u", cluster_sectors) < 0 ||
		strv_addf(&argv, e, "-i%08x", opt->serial) < 0 ||
		strv_addf(&argv, e, "-h%llu",
			(unsigned long long)(opt->offset_bytes / SECTOR_SIZE)) < 0 ||
		add_fd_path(&argv, fd, e) < 0 ||
		strv_addf(&argv, e, "%llu", (unsigned long long)(opt->size_bytes / 1024)) < 0)
		return -1;
	return run(&argv, env, e);
}

/* What FAT's long names hold and mtools takes literally. */
static int check_path(const char *path, struct err *e)
{
	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		if (*p < 0x20 || *p > 0x7e || strchr("\"*:<>?\\|[]", *p))
			return err_set(e, ERR_FORMAT,
				"%s: FAT names are plain ASCII without \" * : < > ? \\ | [ ]",
				path);
	}
	for (const char *p = path; (p = strchr(p, '/'));) {
		size_t len = strcspn(++p, "/");

		if (len == 0 && !*p)
			return 0;
		if (len == 0 || len > 255 || p[len - 1] == '.' || p[len - 1] == ' ')
			return err_set(e, ERR_FORMAT,
				"%s: a FAT name is 1 to 255 characters and does not end with a dot "
				"or space",
				path);
	}
	return 0;
}

/* Make the directories above path that are not among those made. */
static int make_parents(
	int fd, const char *path, struct strv *made, const struct fat_env *env, struct err *e)
{
	for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
		cleanup_strv struct strv argv = {0};
		cleanup_free char *dir = mem_strndup(path, (size_t)(slash - path), e);

		if (!dir)
			return -1;
		if (strv_contains(made, dir))
			continue;
		if (strv_add(made, dir, e) < 0 || strv_add(&argv, "mmd", e) < 0 ||
			strv_add(&argv, "-i", e) < 0 || add_fd_path(&argv, fd, e) < 0 ||
			strv_addf(&argv, e, "::%s", dir) < 0 || run(&argv, env, e) < 0)
			return -1;
	}
	return 0;
}

static int copy_file(
	int fd, const char *path, int content_fd, const struct fat_env *env, struct err *e)
{
	cleanup_strv struct strv argv = {0};

	if (strv_add(&argv, "mcopy", e) < 0 || strv_add(&argv, "-i", e) < 0 ||
		add_fd_path(&argv, fd, e) < 0 || add_fd_path(&argv, content_fd, e) < 0 ||
		strv_addf(&argv, e, "::%s", path) < 0)
		return -1;
	return run(&argv, env, e);
}

/* Take the file's clusters off what is left. */
static int reserve(
	const struct fat_options *opt, int content_fd, uint64_t *left_bytes, struct err *e)
{
	uint64_t cluster = (uint64_t)fat_cluster_sectors(opt->size_bytes) * SECTOR_SIZE;
	uint64_t size_bytes;

	if (io_size(content_fd, &size_bytes, e) < 0)
		return -1;
	/* Past the last cluster that can be left, rounding up cannot overflow. */
	if (size_bytes > *left_bytes ||
		(size_bytes + cluster - 1) / cluster * cluster > *left_bytes)
		return err_set(e, ERR_FORMAT,
			"the files do not fit into %llu MiB; set disk.esp in recipe.yaml to more",
			(unsigned long long)(opt->size_bytes >> 20));
	*left_bytes -= (size_bytes + cluster - 1) / cluster * cluster;
	return 0;
}

int fat_write(int fd, const struct fat_options *opt, const char *const *paths, size_t n,
	fat_opener *open_file, void *ctx, struct err *e)
{
	cleanup_strv struct strv made = {0};
	struct fat_env env;

	fill_env(&env, opt->epoch_s);
	if (format(fd, opt, &env, e) < 0)
		return -1;
	unsigned cluster_sectors = fat_cluster_sectors(opt->size_bytes);
	uint64_t left_bytes =
		count_clusters(opt->size_bytes, cluster_sectors) * cluster_sectors * SECTOR_SIZE;
	for (size_t i = 0; i < n; i++) {
		cleanup_close int content = -1;

		if (check_path(paths[i], e) < 0 || make_parents(fd, paths[i], &made, &env, e) < 0)
			return -1;
		if (paths[i][strlen(paths[i]) - 1] == '/')
			continue;
		if (open_file(ctx, i, &content, e) < 0)
			return -1;
		if (reserve(opt, content, &left_bytes, e) < 0 ||
			copy_file(fd, paths[i], content, &env, e) < 0)
			return err_prefix(e, "%s", paths[i]);
	}
	return 0;
}
