#include "guest/file_caps.h"

#include <stdbool.h>
#include <stdint.h>

/* Layout: magic and effective flag, then permitted and inheritable for capabilities 0 to 31 and
 * for those from 32 on; version 3 has a user id behind. */
#define CAPS_VERSION_2 0x02000000u
#define CAPS_VERSION_3 0x03000000u
#define CAPS_VERSION_MASK 0xff000000u
#define CAPS_EFFECTIVE 1u

static const char *const names[] = {"cap_chown", "cap_dac_override", "cap_dac_read_search",
	"cap_fowner", "cap_fsetid", "cap_kill", "cap_setgid", "cap_setuid", "cap_setpcap",
	"cap_linux_immutable", "cap_net_bind_service", "cap_net_broadcast", "cap_net_admin",
	"cap_net_raw", "cap_ipc_lock", "cap_ipc_owner", "cap_sys_module", "cap_sys_rawio",
	"cap_sys_chroot", "cap_sys_ptrace", "cap_sys_pacct", "cap_sys_admin", "cap_sys_boot",
	"cap_sys_nice", "cap_sys_resource", "cap_sys_time", "cap_sys_tty_config", "cap_mknod",
	"cap_lease", "cap_audit_write", "cap_audit_control", "cap_setfcap", "cap_mac_override",
	"cap_mac_admin", "cap_syslog", "cap_wake_alarm", "cap_block_suspend", "cap_audit_read",
	"cap_perfmon", "cap_bpf", "cap_checkpoint_restore"};

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Append the capabilities in set, joined by commas, and "=flags"; nothing for an empty set. */
static int put_set(struct buf *out, uint64_t set, const char *flags, struct err *e)
{
	const char *between = out->len > 0 ? " " : "";

	for (unsigned i = 0; i < 64; i++) {
		if (!(set >> i & 1))
			continue;
		int rc = i < sizeof(names) / sizeof(names[0])
				 ? buf_printf(out, e, "%s%s", between, names[i])
				 : buf_printf(out, e, "%s%u", between, i);
		if (rc < 0)
			return -1;
		between = ",";
	}
	return set ? buf_printf(out, e, "=%s", flags) : 0;
}

int file_caps_text(const unsigned char *value, size_t len, struct buf *out, struct err *e)
{
	struct buf text = {0};
	uint32_t magic = len >= 20 ? get32(value) : 0;
	uint32_t version = magic & CAPS_VERSION_MASK;

	if ((version != CAPS_VERSION_2 || len != 20) && (version != CAPS_VERSION_3 || len != 24))
		return err_set(e, ERR_FORMAT, "malformed file capabilities");
	bool effective = magic & CAPS_EFFECTIVE;
	uint64_t permitted = get32(value + 4) | (uint64_t)get32(value + 12) << 32;
	uint64_t inheritable = get32(value + 8) | (uint64_t)get32(value + 16) << 32;
	uint64_t both = permitted & inheritable;
	int rc = 0;

	if (put_set(&text, both, effective ? "eip" : "ip", e) < 0 ||
		put_set(&text, permitted & ~both, effective ? "ep" : "p", e) < 0 ||
		put_set(&text, inheritable & ~both, effective ? "ei" : "i", e) < 0 ||
		buf_puts(out, buf_str(&text), e) < 0)
		rc = -1;
	buf_release(&text);
	return rc;
}
