/* What operating system is in a guest, from its files alone. All texts are as the guest has them,
 * so they may hold any bytes but 0: escape them before printing (buf_put_escaped()). */
#ifndef KILN_GUEST_FACTS_H
#define KILN_GUEST_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "guest/guest.h"

enum facts_packager {
	FACTS_NONE,
	FACTS_DEB, /* /var/lib/dpkg/status */
	FACTS_APK, /* /lib/apk/db/installed */
};

enum facts_init {
	FACTS_INIT_NONE,
	FACTS_INIT_SYSTEMD,
	FACTS_INIT_OPENRC,
};

struct facts_package {
	char *name;
	char *version;
	char *arch;
	char *source;
	char *status; /* deb: "install ok installed"; apk: "installed" */
};

struct facts_kernel {
	char *version;   /* "6.12.43+deb13-amd64" */
	char *image;     /* path */
	char *initramfs; /* path, NULL: none */
};

struct facts_user {
	char *name;
	char *home;
	char *shell;
	char *password; /* field of shadow, or of passwd where there is no shadow entry */
	uint32_t uid;
	uint32_t gid;
};

struct facts_group {
	char *name;
	char *members; /* comma-separated, as in the file */
	uint32_t gid;
};

/* An enabled unit or service: what starts it. */
struct facts_service {
	char *name;   /* "ssh.service" */
	char *target; /* "multi-user.target.wants"; OpenRC: the runlevel */
};

struct facts {
	char *id;         /* os-release ID: "debian", "alpine"; "" when absent */
	char *version_id; /* "13", "3.20.3" */
	char *name;       /* PRETTY_NAME */
	char *arch; /* x86_64, aarch64...; "" when it cannot be told (from /bin/sh's ELF header) */
	char *hostname;
	enum facts_packager packager;
	enum facts_init init;
	struct facts_package *packages; /* sorted by name, arch */
	size_t n_packages;
	struct facts_kernel *kernels; /* sorted by version */
	size_t n_kernels;
	struct facts_user *users; /* in the order of the file */
	size_t n_users;
	struct facts_group *groups;
	size_t n_groups;
	struct facts_service *services; /* sorted by name, target */
	size_t n_services;
};

/* Gather them. A file that is malformed is ERR_FORMAT, named. The caller frees. */
int facts_load(struct facts **out, struct guest *g, struct err *e);
void facts_free(struct facts *f);

MEM_DEFINE_CLEANUP(facts, struct facts *, facts_free)
#define cleanup_facts MEM_CLEANUP(facts)

#endif
