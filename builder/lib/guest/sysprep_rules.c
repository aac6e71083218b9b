#include "guest/sysprep_rules.h"

#define DELETE(p)                                   \
	{                                           \
		.pattern = (p), .what = RULE_DELETE \
	}
#define FILES(p)                                   \
	{                                          \
		.pattern = (p), .what = RULE_FILES \
	}
#define ONE(p)                                    \
	{                                         \
		.pattern = (p), .what = RULE_FILE \
	}
#define EMPTY(p)                                   \
	{                                          \
		.pattern = (p), .what = RULE_EMPTY \
	}
#define EDIT(p, how)                                             \
	{                                                        \
		.pattern = (p), .what = RULE_EDIT, .edit = (how) \
	}

static const struct sysprep_rule abrt_data_rules[] = {
	DELETE("/var/spool/abrt/*"),
	{0},
};

static const struct sysprep_rule backup_files_rules[] = {
	ONE("/etc/**/*.bak"),
	ONE("/etc/**/*~"),
	ONE("/root/**/*.bak"),
	ONE("/root/**/*~"),
	ONE("/srv/**/*.bak"),
	ONE("/srv/**/*~"),
	ONE("/tmp/**/*.bak"),
	ONE("/tmp/**/*~"),
	ONE("/var/**/*.bak"),
	ONE("/var/**/*~"),
	ONE("/etc/**/*.dpkg-old"),
	ONE("/etc/**/*.dpkg-bak"),
	ONE("/etc/**/*.ucf-old"),
	ONE("/etc/**/*.apk-old"),
	ONE("/var/lib/dpkg/*-old"),
	ONE("/var/cache/debconf/*-old"),
	FILES("/var/backups/*"),
	{0},
};

static const struct sysprep_rule bash_history_rules[] = {
	ONE("~/.bash_history"),
	ONE("~/.ash_history"),
	ONE("~/.sh_history"),
	ONE("~/.zsh_history"),
	ONE("~/.history"),
	ONE("~/.python_history"),
	ONE("~/.sqlite_history"),
	ONE("~/.mysql_history"),
	ONE("~/.psql_history"),
	ONE("~/.lesshst"),
	ONE("~/.viminfo"),
	ONE("~/.wget-hsts"),
	ONE("~/.sudo_as_admin_successful"),
	{0},
};

static const struct sysprep_rule blkid_tab_rules[] = {
	ONE("/etc/blkid.tab"),
	ONE("/etc/blkid.tab.old"),
	ONE("/etc/blkid/blkid.tab"),
	ONE("/etc/blkid/blkid.tab.old"),
	ONE("/run/blkid.tab"),
	ONE("/run/blkid.tab.old"),
	ONE("/run/blkid/blkid.tab"),
	ONE("/run/blkid/blkid.tab.old"),
	ONE("/var/run/blkid.tab"),
	ONE("/var/run/blkid.tab.old"),
	{0},
};

static const struct sysprep_rule caches_rules[] = {
	FILES("/var/cache/man/*"),
	FILES("/var/cache/fontconfig/*"),
	FILES("/var/cache/ldconfig/*"),
	FILES("/var/lib/mlocate/*"),
	FILES("/var/lib/plocate/*"),
	FILES("/var/cache/PackageKit/*"),
	FILES("/var/cache/app-info/*"),
	DELETE("~/.cache/*"),
	{0},
};

static const struct sysprep_rule crash_data_rules[] = {
	DELETE("/var/crash/*"),
	DELETE("/var/log/dump/*"),
	DELETE("/var/lib/systemd/coredump/*"),
	DELETE("/var/lib/apport/coredump/*"),
	{0},
};

static const struct sysprep_rule cron_spool_rules[] = {
	EDIT("/var/spool/cron/atjobs/.SEQ", sysprep_edit_at_sequence),
	EDIT("/var/spool/at/.SEQ", sysprep_edit_at_sequence),
	EDIT("/var/spool/atjobs/.SEQ", sysprep_edit_at_sequence),
	ONE("/var/spool/cron/*"),
	ONE("/var/spool/cron/crontabs/*"),
	ONE("/var/spool/cron/tabs/*"),
	ONE("/var/spool/cron/atjobs/a*"),
	ONE("/var/spool/cron/atspool/a*"),
	ONE("/var/spool/at/a*"),
	ONE("/var/spool/at/spool/*"),
	ONE("/var/spool/atjobs/a*"),
	ONE("/var/spool/atspool/*"),
	{0},
};

static const struct sysprep_rule dhcp_client_state_rules[] = {
	FILES("/var/lib/dhclient/*"),
	FILES("/var/lib/dhcp/*"),
	FILES("/var/lib/dhcpcd/*"),
	FILES("/var/db/dhcpcd/*"),
	ONE("/etc/dhcpcd.duid"),
	ONE("/etc/dhcpcd.secret"),
	ONE("/var/lib/NetworkManager/*.lease"),
	ONE("/var/lib/NetworkManager/*.leases"),
	ONE("/var/lib/NetworkManager/timestamps"),
	ONE("/var/lib/NetworkManager/seen-bssids"),
	ONE("/var/lib/NetworkManager/secret_key"),
	FILES("/var/lib/systemd/network/*"),
	{0},
};

static const struct sysprep_rule dhcp_server_state_rules[] = {
	FILES("/var/lib/dhcpd/*"),
	ONE("/var/lib/misc/dnsmasq.leases"),
	FILES("/var/lib/dnsmasq/*"),
	{0},
};

static const struct sysprep_rule dovecot_data_rules[] = {
	FILES("/var/lib/dovecot/*"),
	{0},
};

static const struct sysprep_rule firewall_rules_rules[] = {
	ONE("/etc/sysconfig/iptables"),
	ONE("/etc/firewalld/services/*"),
	ONE("/etc/firewalld/zones/*"),
	{0},
};

static const struct sysprep_rule hostname_rules[] = {
	EDIT("/etc/hostname", sysprep_edit_hostname),
	{0},
};

static const struct sysprep_rule ipa_client_rules[] = {
	ONE("/etc/ipa/ca.crt"),
	ONE("/etc/ipa/default.conf"),
	FILES("/var/lib/ipa-client/pki/*"),
	FILES("/var/lib/ipa-client/sysrestore/*"),
	ONE("/etc/pki/ca-trust/source/anchors/ipa-ca.crt"),
	ONE("/etc/pki/ca-trust/source/ipa.p11-kit"),
	ONE("/usr/local/share/ca-certificates/ipa-ca.crt"),
	{0},
};

static const struct sysprep_rule kerberos_data_rules[] = {
	ONE("/var/kerberos/krb5kdc/principal*"),
	ONE("/var/kerberos/krb5kdc/.k5*"),
	ONE("/var/lib/krb5kdc/principal*"),
	{0},
};

static const struct sysprep_rule kerberos_hostkeytab_rules[] = {
	ONE("/etc/krb5.keytab"),
	{0},
};

static const struct sysprep_rule machine_id_rules[] = {
	EMPTY("/etc/machine-id"),
	ONE("/var/lib/dbus/machine-id"),
	{0},
};

static const struct sysprep_rule mail_spool_rules[] = {
	FILES("/var/spool/mail/*"),
	FILES("/var/mail/*"),
	{0},
};

static const struct sysprep_rule net_hostname_rules[] = {
	EDIT("/etc/sysconfig/network-scripts/ifcfg-*", sysprep_edit_dhcp_name),
	EDIT("/etc/sysconfig/network", sysprep_edit_dhcp_name),
	{0},
};

static const struct sysprep_rule net_hwaddr_rules[] = {
	EDIT("/etc/sysconfig/network-scripts/ifcfg-*", sysprep_edit_hwaddr),
	{0},
};

static const struct sysprep_rule net_nmconn_rules[] = {
	ONE("/etc/NetworkManager/system-connections/*.nmconnection"),
	{0},
};

static const struct sysprep_rule pacct_log_rules[] = {
	EMPTY("/var/account/pacct"),
	EMPTY("/var/log/account/pacct"),
	ONE("/var/account/pacct?*"),
	ONE("/var/log/account/pacct?*"),
	{0},
};

static const struct sysprep_rule package_manager_cache_rules[] = {
	FILES("/var/cache/apt/archives/*"),
	ONE("/var/cache/apt/*cache.bin"),
	FILES("/var/lib/apt/lists/*"),
	ONE("/var/lib/apt/periodic/*"),
	ONE("/var/lib/apt/daily_lock"),
	FILES("/var/cache/apk/*"),
	FILES("/etc/apk/cache/*"),
	FILES("/var/cache/dnf/*"),
	FILES("/var/cache/libdnf5/*"),
	FILES("/var/cache/yum/*"),
	FILES("/var/cache/zypp*/*"),
	FILES("/var/cache/pacman/pkg/*"),
	{0},
};

static const struct sysprep_rule pam_data_rules[] = {
	FILES("/var/run/console/*"),
	FILES("/var/run/faillock/*"),
	FILES("/var/run/sepermit/*"),
	FILES("/run/console/*"),
	FILES("/run/faillock/*"),
	FILES("/run/sepermit/*"),
	FILES("/var/lib/faillock/*"),
	{0},
};

static const struct sysprep_rule passwd_backups_rules[] = {
	ONE("/etc/group-"),
	ONE("/etc/gshadow-"),
	ONE("/etc/passwd-"),
	ONE("/etc/shadow-"),
	ONE("/etc/subgid-"),
	ONE("/etc/subuid-"),
	{0},
};

static const struct sysprep_rule puppet_data_log_rules[] = {
	FILES("/var/log/puppet/*"),
	FILES("/var/lib/puppet/*/*"),
	{0},
};

static const struct sysprep_rule python_cache_rules[] = {
	{.pattern = "/**/__pycache__/*.pyc", .what = RULE_PYC},
	{0},
};

static const struct sysprep_rule random_seed_rules[] = {
	ONE("/var/lib/systemd/random-seed"),
	ONE("/var/lib/systemd/credential.secret"),
	ONE("/var/lib/urandom/random-seed"),
	ONE("/var/lib/random-seed"),
	ONE("/var/lib/misc/random-seed"),
	ONE("/var/lib/seedrng/*"),
	ONE("/etc/random-seed"),
	ONE("/boot/loader/random-seed"),
	ONE("/efi/loader/random-seed"),
	ONE("/boot/efi/loader/random-seed"),
	ONE("esp:/loader/random-seed"),
	{0},
};

static const struct sysprep_rule resolv_conf_rules[] = {
	ONE("/etc/resolv.conf"),
	ONE("/etc/resolv.conf.*"),
	{0},
};

static const struct sysprep_rule rh_subscription_manager_rules[] = {
	FILES("/etc/pki/consumer/*"),
	FILES("/etc/pki/entitlement/*"),
	{0},
};

static const struct sysprep_rule rhn_systemid_rules[] = {
	ONE("/etc/sysconfig/rhn/systemid"),
	ONE("/etc/sysconfig/rhn/osad-auth.conf"),
	{0},
};

static const struct sysprep_rule rpm_db_rules[] = {
	ONE("/var/lib/rpm/__db.*"),
	{0},
};

static const struct sysprep_rule samba_db_log_rules[] = {
	FILES("/var/log/samba/*"),
	FILES("/var/lib/samba/*"),
	{0},
};

static const struct sysprep_rule shadow_dates_rules[] = {
	EDIT("/etc/shadow", sysprep_edit_shadow),
	{0},
};

static const struct sysprep_rule smolt_uuid_rules[] = {
	ONE("/etc/sysconfig/hw-uuid"),
	ONE("/etc/smolt/uuid"),
	ONE("/etc/smolt/hw-uuid"),
	{0},
};

static const struct sysprep_rule ssh_hostkeys_rules[] = {
	DELETE("/etc/ssh/ssh_host_*"),
	DELETE("/etc/ssh/*_host_*key*"),
	DELETE("/etc/dropbear/dropbear_*_host_key"),
	{0},
};

static const struct sysprep_rule ssh_userdir_rules[] = {
	DELETE("~/.ssh"),
	DELETE("/etc/ssh/authorized_keys/*"),
	{0},
};

static const struct sysprep_rule sssd_db_log_rules[] = {
	FILES("/var/lib/sss/db/*"),
	FILES("/var/log/sssd/*"),
	{0},
};

static const struct sysprep_rule systemd_state_rules[] = {
	ONE("/var/lib/systemd/timers/*"),
	ONE("/var/lib/systemd/timesync/clock"),
	ONE("/var/lib/private/systemd/timesync/clock"),
	ONE("/var/lib/systemd/rfkill/*"),
	ONE("/var/lib/systemd/backlight/*"),
	FILES("/var/lib/systemd/pstore/*"),
	{0},
};

static const struct sysprep_rule tmp_files_rules[] = {
	DELETE("/tmp/*"),
	DELETE("/var/tmp/*"),
	FILES("/run/*"),
	{0},
};

static const struct sysprep_rule udev_persistent_net_rules[] = {
	ONE("/etc/udev/rules.d/70-persistent-net.rules"),
	ONE("/etc/udev/rules.d/70-persistent-cd.rules"),
	{0},
};

static const struct sysprep_rule utmp_rules[] = {
	EMPTY("/var/run/utmp"),
	EMPTY("/run/utmp"),
	{0},
};

static const struct sysprep_rule yum_uuid_rules[] = {
	ONE("/var/lib/yum/uuid"),
	ONE("/var/lib/zypp/AnonymousUniqueId"),
	{0},
};

const struct sysprep_operation sysprep_operations[] = {
	{"abrt-data", true, abrt_data_rules, "crash reports of ABRT", "a crash report of ABRT"},
	{"backup-files", true, backup_files_rules, "backup copies that editors and packages leave",
		"a backup copy"},
	{"bash-history", true, bash_history_rules,
		"histories of shells and other programs in home directories",
		"what somebody typed"},
	{"blkid-tab", true, blkid_tab_rules, "the cache of block devices",
		"names the build machine's disks"},
	{"caches", true, caches_rules, "caches that programs make anew",
		"is made anew when it is missing; differs from build to build"},
	{"cloud-init", true, sysprep_cloud_init_rules,
		"what cloud-init keeps and wrote for an instance", "is of one instance"},
	{"crash-data", true, crash_data_rules, "crash dumps of the kernel and of programs",
		"a crash dump"},
	{"cron-spool", true, cron_spool_rules, "at and cron jobs of users", "a job of a user"},
	{"dhcp-client-state", true, dhcp_client_state_rules,
		"leases and identifiers of DHCP clients", "a lease or identifier of one machine"},
	{"dhcp-server-state", true, dhcp_server_state_rules, "leases that DHCP servers gave",
		"a lease given by this machine"},
	{"dovecot-data", true, dovecot_data_rules, "data of the mail server Dovecot",
		"data of a mail server"},
	{"firewall-rules", false, firewall_rules_rules, "own firewall rules", "a firewall rule"},
	{"hostname", true, hostname_rules, "the host name, which becomes localhost",
		"the name of the build machine"},
	{"ipa-client", true, ipa_client_rules, "enrolment with an IPA server",
		"enrols the machine with a server"},
	{"kerberos-data", false, kerberos_data_rules, "the database of a Kerberos server",
		"data of a Kerberos server"},
	{"kerberos-hostkeytab", true, kerberos_hostkeytab_rules, "the Kerberos key of the host",
		"a key of one machine"},
	{"lima", true, sysprep_lima_rules, "what Lima leaves in a machine that it has run",
		"belongs to a machine that Lima ran"},
	{"logfiles", true, sysprep_log_rules, "logs, the journal, and what installers leave",
		"a log"},
	{"machine-id", true, machine_id_rules, "the machine's identifier; the file stays, empty",
		"identifies one machine"},
	{"mail-spool", true, mail_spool_rules, "local mail", "mail"},
	{"net-hostname", true, net_hostname_rules, "host names in Fedora's network configuration",
		"names one machine"},
	{"net-hwaddr", true, net_hwaddr_rules,
		"hardware addresses in Fedora's network configuration",
		"the address of one network card"},
	{"net-nmconn", true, net_nmconn_rules, "connections of NetworkManager",
		"a connection of one machine"},
	{"pacct-log", true, pacct_log_rules, "process accounting", "what was run on a machine"},
	{"package-manager-cache", true, package_manager_cache_rules,
		"packages and lists that package managers fetched",
		"can be fetched again; differs from day to day"},
	{"pam-data", true, pam_data_rules, "state of PAM modules", "state of a login"},
	{"passwd-backups", true, passwd_backups_rules, "older versions of the accounts",
		"an older version of the accounts"},
	{"puppet-data-log", true, puppet_data_log_rules, "state and logs of Puppet",
		"state of a Puppet agent"},
	{"python-cache", true, python_cache_rules,
		"compiled Python files that hold the times of their sources",
		"holds the time of its source, not a hash; differs from build to build"},
	{"random-seed", true, random_seed_rules,
		"random seeds and the key of systemd's credentials",
		"machines that share it share their secrets"},
	{"resolv-conf", true, resolv_conf_rules, "the build's name servers; a symbolic link stays",
		"names the servers of the build's network"},
	{"rh-subscription-manager", true, rh_subscription_manager_rules,
		"certificates of Red Hat's subscription manager", "subscribes one machine"},
	{"rhn-systemid", true, rhn_systemid_rules, "registration with Red Hat Network",
		"registers one machine"},
	{"rpm-db", true, rpm_db_rules, "host-specific files of RPM's database",
		"is made anew when it is missing"},
	{"samba-db-log", true, samba_db_log_rules, "databases and logs of Samba",
		"state of a Samba server"},
	{"shadow-dates", true, shadow_dates_rules,
		"dates on which passwords were changed; become the epoch's day",
		"the day of the build"},
	{"smolt-uuid", true, smolt_uuid_rules, "Smolt's identifier of the hardware",
		"identifies one machine"},
	{"ssh-hostkeys", true, ssh_hostkeys_rules,
		"SSH host keys; a unit or cloud-init must make new ones at boot",
		"machines that share it can pose as one another"},
	{"ssh-userdir", true, ssh_userdir_rules,
		"SSH keys, known hosts and authorized keys of users", "lets somebody in, or out"},
	{"sssd-db-log", true, sssd_db_log_rules, "database and logs of SSSD",
		"state of logins elsewhere"},
	{"systemd-state", true, systemd_state_rules, "stamps of timers and the clock",
		"when something was last done on a machine"},
	{"tmp-files", true, tmp_files_rules, "temporary files, and what lies under /run",
		"temporary"},
	{"udev-persistent-net", true, udev_persistent_net_rules,
		"names that udev gave to network cards and drives",
		"names the hardware of one machine"},
	{"utmp", true, utmp_rules, "who is logged in", "who was logged in"},
	{"yum-uuid", true, yum_uuid_rules, "identifiers that yum and zypper send to servers",
		"identifies one machine"},
};
const size_t n_sysprep_operations = sizeof(sysprep_operations) / sizeof(sysprep_operations[0]);
