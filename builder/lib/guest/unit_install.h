/* Enabling and disabling units offline, as `systemctl --root` does: which symbolic links below
 * /etc/systemd/system a unit's [Install] section asks for. systemd.unit(5), "[INSTALL] SECTION
 * OPTIONS". No program of the guest runs. */
#ifndef KILN_GUEST_UNIT_INSTALL_H
#define KILN_GUEST_UNIT_INSTALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#define UNIT_CONFIG_DIR "/etc/systemd/system"
#define UNIT_FILE_MAX ((size_t)1 << 20)

/* How to look into the guest. */
struct unit_root {
	/* Append the contents of a file of at most UNIT_FILE_MAX bytes; *found is false when there
	 * is none. */
	int (*read)(void *ctx, const char *path, struct buf *out, bool *found, struct err *e);
	/* Append the target of a symbolic link; *found is false when path is none. */
	int (*readlink)(
		void *ctx, const char *path, struct buf *target, bool *found, struct err *e);
	void *ctx;
};

struct unit_link {
	char *path;
	char *target;
};

struct unit_links {
	struct unit_link *items; /* sorted by path, none twice */
	size_t n;
};

/* The links that enable the unit (".service" may be left out) and those that it names in Also=.
 * Units that Also= names and that are not there are passed over. Release in any case. Errors:
 * ERR_CHECK when there is no such unit, it is masked, has no [Install] section, or is a template
 * that needs an instance; ERR_FORMAT for a section that names what is no unit; ERR_UNSUPPORTED. */
int unit_install_links(
	struct unit_links *out, const struct unit_root *root, const char *name, struct err *e);
void unit_links_release(struct unit_links *links);

/* The units to disable together with this one: itself, first, and what it names in Also=. */
int unit_install_names(
	struct strv *names, const struct unit_root *root, const char *name, struct err *e);

/* True when a link of this name and target below /etc/systemd/system enables the unit. */
bool unit_link_enables(const char *link_name, const char *target, const char *unit);

#endif
