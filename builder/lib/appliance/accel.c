#include "appliance/accel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/accel_probe.h"
#include "base/buf.h"
#include "base/cachedir.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/proc.h"

#define KVM_DEVICE "/dev/kvm"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define MEMORY_MAX 1024 /* bytes of the remembered answer */

const char *accel_name(enum accel accel)
{
	return accel == ACCEL_KVM ? "kvm" : "tcg";
}

static void decide(struct accel_choice *out, enum accel accel, const char *reason)
{
	out->accel = accel;
	out->remembered = false;
	snprintf(out->reason, sizeof(out->reason), "%s", reason);
}

/* The answer is three lines: the boot it holds for, the accelerator, the reason. */
static char *memory_path(struct err *e)
{
	cleanup_free char *base = cachedir_base(e);

	return base ? mem_printf(e, "%s/accel", base) : NULL;
}

static bool read_boot_id(char *id, size_t size)
{
	cleanup_buf struct buf text = {0};

	if (io_read_file(BOOT_ID, size - 1, &text, NULL) < 0)
		return false;
	snprintf(id, size, "%.*s", (int)strcspn(buf_str(&text), "\n"), buf_str(&text));
	return *id != 0;
}

static bool parse_memory(char *text, const char *boot_id, struct accel_choice *out)
{
	char *rest = text;
	const char *id = strsep(&rest, "\n");
	const char *name = strsep(&rest, "\n");
	const char *reason = strsep(&rest, "\n");

	if (!reason || !rest || *rest || strcmp(id, boot_id) != 0)
		return false;
	for (const char *c = reason; *c; c++) {
		if ((unsigned char)*c < ' ')
			return false;
	}
	if (strcmp(name, "kvm") != 0 && strcmp(name, "tcg") != 0)
		return false;
	decide(out, strcmp(name, "kvm") == 0 ? ACCEL_KVM : ACCEL_TCG, reason);
	out->remembered = true;
	return true;
}

static bool recall(struct accel_choice *out)
{
	char boot_id[64];
	cleanup_free char *path = memory_path(NULL);
	cleanup_buf struct buf text = {0};

	/* What cannot be read or understood is found out again. */
	if (!path || !read_boot_id(boot_id, sizeof(boot_id)) ||
		io_read_file(path, MEMORY_MAX, &text, NULL) < 0 ||
		strlen(buf_str(&text)) != text.len || text.len == 0)
		return false;
	return parse_memory(text.data, boot_id, out);
}

/* A cache that cannot be written costs another probe, nothing else. */
static void remember(const struct accel_choice *choice)
{
	char boot_id[64];
	cleanup_free char *dir = cachedir_base(NULL);
	cleanup_free char *path = memory_path(NULL);
	cleanup_buf struct buf text = {0};

	if (!dir || !path || !read_boot_id(boot_id, sizeof(boot_id)) ||
		buf_printf(&text, NULL, "%s\n%s\n%s\n", boot_id, accel_name(choice->accel),
			choice->reason) < 0 ||
		io_mkdirs(dir, NULL) < 0)
		return;
	outfile_write(path, 0644, text.data, text.len, NULL);
}

void accel_distrust_kvm(const char *reason)
{
	struct accel_choice choice;

	decide(&choice, ACCEL_TCG, reason);
	remember(&choice);
}

static void probe(struct accel_choice *out)
{
	char why[ACCEL_REASON_SIZE - 40];
	char reason[ACCEL_REASON_SIZE];

	if (accel_probe(ACCEL_KVM, ACCEL_PROBE_S, why, sizeof(why))) {
		decide(out, ACCEL_KVM, KVM_DEVICE " runs a guest");
	} else {
		snprintf(reason, sizeof(reason), KVM_DEVICE " does not run a guest (%s)", why);
		decide(out, ACCEL_TCG, reason);
	}
	remember(out);
}

static void find_out(struct accel_choice *out)
{
	char reason[ACCEL_REASON_SIZE];

	if (access(KVM_DEVICE, F_OK) < 0) {
		decide(out, ACCEL_TCG, "there is no " KVM_DEVICE);
	} else if (access(KVM_DEVICE, R_OK | W_OK) < 0) {
		decide(out, ACCEL_TCG,
			"this user may not open " KVM_DEVICE " (join its group to use it)");
	} else if (!accel_qemu() || !proc_exists(accel_qemu())) {
		snprintf(reason, sizeof(reason), "%s is not installed",
			accel_qemu() ? accel_qemu() : "a known qemu");
		decide(out, ACCEL_TCG, reason);
	} else if (!recall(out)) {
		probe(out);
	}
}

int accel_choose(struct accel_choice *out, const char *name, struct err *e)
{
	const char *variable = getenv("LIMEKILN_ACCEL");
	const char *what = name ? "--accel" : "LIMEKILN_ACCEL";

	if (!name)
		name = variable && *variable ? variable : "auto";
	if (strcmp(name, "tcg") == 0) {
		decide(out, ACCEL_TCG, "asked for");
		return 0;
	}
	if (strcmp(name, "auto") != 0 && strcmp(name, "kvm") != 0)
		return err_set(e, ERR_USAGE, "%s: '%s' is not auto, kvm or tcg", what, name);
	find_out(out);
	if (strcmp(name, "kvm") == 0 && out->accel != ACCEL_KVM)
		return err_set(e, ERR_UNSUPPORTED, "KVM is asked for, but %s; use %s=tcg",
			out->reason, what);
	return 0;
}
