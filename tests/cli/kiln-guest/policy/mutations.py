"""What spoils a guest, and the checks that must notice: at least one entry a check."""

import struct
import subprocess
import tarfile

from guest import CAP_NET_RAW, EPOCH, ESP_MIB, ROOT_LINE, VERSION, Entry, pe

SSHD = "etc/ssh/sshd_config"
DROP_IN = "etc/ssh/sshd_config.d/10-keys.conf"
UNITS = "usr/lib/systemd/system/"
PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
ALL_MODULES = ["MOD-01", "MOD-02", "MOD-03", "MOD-04"]
NEED_SSHD = ["SSH-01", "SSH-02", "SSH-03", "SSH-04", "SSH-05", "SSH-07", "SSH-08", "SSH-09",
             "SSH-10", "SSH-11", "LIMA-05", "LIMA-06", "LIMA-07", "LIMA-08", "LIMA-09"]
CANARY = "kiln-canary-8fd1c2"
ROOT_START = (1 + ESP_MIB) << 20

# Checks that need what these images do not give, and where their bad guest is.
ELSEWHERE = {"SSH-06": "builder/lib/guest/policy_test.c"}

CASES = []


class Case:
    def __init__(self, ids, name, spoil, base="debian", broken=()):
        self.ids = ids.split() if isinstance(ids, str) else ids
        self.name, self.spoil, self.base, self.broken = name, spoil, base, list(broken)


def case(ids, name, spoil, **more):
    CASES.append(Case(ids, name, spoil, **more))


def file_case(ids, path, data="x\n", mode=0o644, **more):
    case(ids, path, lambda g: g.file(path, data, mode), **more)


def remove_case(ids, path, **more):
    case(ids, "without " + path, lambda g: g.remove(path), **more)


def append_case(ids, path, text, **more):
    case(ids, repr(text), lambda g: g.append(path, text), **more)


def replace_case(ids, path, old, new, **more):
    case(ids, f"{old!r} becomes {new!r}", lambda g: g.replace(path, old, new), **more)


def esp_case(ids, name, path, data, **more):
    case(ids, name, lambda g: g.esp.update({path: data}), **more)


def disk_case(ids, name, *command, partition=1):
    def edit(disk):
        where = f"{disk}?offset={ROOT_START}" if partition == 2 else disk
        subprocess.run([*command, where], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    case(ids, name, lambda g: setattr(g, "edit_disk", edit))


# sshd
remove_case("SSH-00", "usr/sbin/sshd")
append_case("SSH-00", SSHD, "PermitRootLogin maybe\n", broken=NEED_SSHD)
replace_case("SSH-01", DROP_IN, "PasswordAuthentication no", "PasswordAuthentication yes")
replace_case("SSH-01", DROP_IN, "PasswordAuthentication no", "# PasswordAuthentication no")
append_case("SSH-01", SSHD, "Match User guest\n  passwordauthentication=yes\n")
file_case("SSH-01", "etc/ssh/sshd_config.d/05.conf", 'PasswordAuthentication "yes"\n')
case("SSH-01", "a file that a Match block includes", lambda g: (
    g.append(SSHD, "Match Address 10.0.0.0/8\nInclude more/*\n"),
    g.file("etc/ssh/more/a", "PasswordAuthentication yes\n")))
replace_case("SSH-02", DROP_IN, "KbdInteractiveAuthentication no", "")
file_case("SSH-02", "etc/ssh/sshd_config.d/05.conf", "ChallengeResponseAuthentication yes\n")
replace_case("SSH-03", DROP_IN, "PermitRootLogin no", "PermitRootLogin prohibit-password")
replace_case("SSH-03", DROP_IN, "PermitRootLogin no", "")
append_case("SSH-04", SSHD, "PermitEmptyPasswords yes\n")
append_case("SSH-05", SSHD, "Match Group wheel\nPubkeyAuthentication no\n")
append_case("SSH-07", SSHD, "HostbasedAuthentication yes\n")
append_case("SSH-08", SSHD, "AuthorizedKeysCommand /usr/bin/keys\n")
append_case("SSH-08", SSHD, "AuthorizedKeysFile /etc/keys/%u\n")
append_case("SSH-09", SSHD, "StrictModes no\n")
append_case("SSH-10", SSHD, "Port 2222\n")
append_case("SSH-11", SSHD, "X11Forwarding yes\n")
case("SSH-12", "a drop-in that its group may write",
     lambda g: setattr(g.tree[DROP_IN], "mode", 0o664))
file_case("SSH-13", "etc/default/ssh", 'SSHD_OPTS="-o PasswordAuthentication=yes"\n')
file_case("SSH-13", "etc/systemd/system/ssh.service.d/a.conf",
          "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -f /etc/other\n")

# Identity
file_case("ID-01", "etc/ssh/ssh_host_ed25519_key", "key", 0o600)
remove_case("ID-02", "etc/systemd/system/sshd-keygen.service.d")
replace_case("ID-02", "etc/init.d/sshd", "ssh-keygen -A", "", base="alpine")
file_case("ID-03", "root/.ssh/authorized_keys", "ssh-ed25519 AAAA\n", 0o600)
file_case("ID-04", "etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0o444)
remove_case("ID-04", "etc/machine-id")
file_case("ID-05", "var/lib/dbus/machine-id", "0123456789abcdef0123456789abcdef\n")
file_case("ID-06", "var/lib/systemd/random-seed")
esp_case("ID-06", "a seed on the ESP", "/loader/random-seed", b"seed")
file_case("ID-07", "var/lib/systemd/credential.secret")
case("ID-08", "an instance of cloud-init", lambda g: (
    g.dir("var/lib/cloud/instances/i-1"), g.link("var/lib/cloud/instance", "instances/i-1")))
file_case("ID-09", "var/lib/dhcp/dhclient.eth0.leases")
file_case("ID-10", "etc/udev/rules.d/70-persistent-net.rules")
file_case("ID-10", "etc/systemd/network/10-eth0.link", "[Match]\nMACAddress=52:55:55:00:00:01\n")
file_case("ID-11", "etc/hostid")
file_case("ID-12", "etc/hostname", "build-host-7\n")
file_case("ID-13", "etc/ssl/private/key.pem", PEM, 0o600)

# Accounts
replace_case("ACC-01", "etc/shadow", "daemon:*", "daemon:$6$salt$hash")
replace_case("ACC-01", "etc/shadow", "daemon:*", "daemon:!$6$salt$hash")
replace_case("ACC-02", "etc/shadow", "daemon:*", "daemon:")
case("ACC-03", "toor", lambda g: (
    g.append("etc/passwd", "toor:x:0:0::/root:/bin/sh\n"),
    g.append("etc/shadow", ROOT_LINE.replace("root", "toor"))))
replace_case("ACC-04", "etc/passwd", "/usr/sbin/nologin", "/bin/sh")
replace_case("ACC-04", "etc/passwd", "/usr/sbin/nologin", "")
case("ACC-05", "a user", lambda g: (
    g.append("etc/passwd", "ann:x:1001:65534::/home/ann:/usr/sbin/nologin\n"),
    g.append("etc/shadow", ROOT_LINE.replace("root", "ann"))))
case("ACC-06", "a shadow that everybody reads",
     lambda g: setattr(g.tree["etc/shadow"], "mode", 0o644))
append_case("ACC-07", "etc/shadow", ROOT_LINE.replace("root", "ghost"))
append_case("ACC-07", "etc/passwd", "ghost:x:90:1::/:/usr/sbin/nologin\n")
append_case("ACC-08", "etc/group", "again:x:1:\n")
replace_case("ACC-09", "etc/passwd", "daemon:x:1:1:", "daemon:x:1:77:")
file_case("ACC-10", "etc/shadow-", ROOT_LINE, 0o600)
replace_case("ACC-11", "etc/shadow", "daemon:*:19000", f"daemon:*:{EPOCH // 86400 + 9}")
file_case("ACC-12", "etc/subuid", "ghost:100000:65536\n")
file_case("SUDO-01", "etc/sudoers.d/a", "Defaults !lecture\n", 0o644)
append_case("SUDO-02", "etc/sudoers", "this is no rule\n")
append_case("SUDO-02", "etc/sudoers", "@include /etc/elsewhere\n")
file_case("SUDO-03", "etc/sudoers.d/a", "ann ALL=(ALL) \\\n  NOPASSWD:ALL\n", 0o440)
file_case("SUDO-03", "etc/sudoers.d/a", "#1000 ALL=(ALL) NOPASSWD:ALL\n", 0o440)
file_case("SUDO-03", "etc/doas.conf", "permit nopass :wheel\n", 0o600)

# Files
file_case("FILE-01", "var/lib/x", mode=0o666)
case("FILE-02", "a directory that is not sticky", lambda g: g.dir("var/lib/x", 0o777))
case("FILE-03", "su", lambda g: g.program("usr/bin/su", 0o4755))
case("FILE-04", "more capabilities",
     lambda g: g.program("usr/bin/dumpcap").xattrs.update({"security.capability": CAP_NET_RAW}))
remove_case("FILE-05", "usr/bin/chage")
case("FILE-05", "ping without its capability",
     lambda g: g.tree["usr/bin/ping"].xattrs.clear())
case("FILE-06", "a file of uid 77", lambda g: g.file("var/lib/x", "x", uid=77))
case("FILE-06", "a file of gid 77", lambda g: g.file("var/lib/x", "x", gid=77))
disk_case("FILE-07", "a disk in the root folder", "debugfs", "-w", "-R", "mknod sda b 8 0",
          partition=2)
case("FILE-08", "/tmp that root alone writes", lambda g: g.dir("tmp", 0o755))
case("FILE-09", "awk of the daemon", lambda g: setattr(g.tree["usr/bin/awk"], "uid", 1))
case("FILE-10", "/root that everybody reads", lambda g: g.dir("root", 0o755))
file_case("FILE-11", "run/left")
case("FILE-12", "an escape in a name", lambda g: g.file("var/lib/a\x1b[31mred", "x"))

# Services
case("SVC-01", "one that is not allowed", lambda g: (
    g.file(UNITS + "telnet.service", "[Unit]\n"),
    g.enable("system/multi-user.target.wants/telnet.service", "telnet.service"),
    g.allow["units"].pop()))
case("SVC-01", "one in a runlevel", lambda g: (
    g.service("default", "telnetd"), g.allow["units"].pop()), base="alpine")
case("SVC-02", "one that is missing",
     lambda g: g.allow["units"].append("system/timers.target.wants/fstrim.timer"))
case("SVC-03", "one that does not exist",
     lambda g: g.enable("system/timers.target.wants/fstrim.timer", "fstrim.timer"))
case("SVC-04", "no sshd", lambda g: (
    g.remove("etc/systemd/system/multi-user.target.wants/ssh.service"),
    g.allow["units"].remove("system/multi-user.target.wants/ssh.service")))
file_case("SVC-05", "etc/rc.local", mode=0o755)
case("SVC-05", "a script without a unit", lambda g: (
    g.program("etc/init.d/old"), g.link("etc/rc3.d/S01old", "../init.d/old")))
file_case("SVC-06", "var/spool/cron/crontabs/root", "@daily true\n", 0o600)
file_case("SVC-07", "etc/systemd/system/getty@tty1.service.d/a.conf",
          "[Service]\nExecStart=-/sbin/agetty --autologin root %I\n")
case("SVC-08", "a rescue shell", lambda g: (
    g.file(UNITS + "rescue.target", "[Unit]\n"),
    g.link("etc/systemd/system/default.target", "/usr/lib/systemd/system/rescue.target")))
case("SVC-09", "a masked unit",
     lambda g: g.link("etc/systemd/system/user@.service", "/dev/null"))
remove_case("SVC-10", "etc/systemd/resolved.conf.d")

# Leaks
file_case("LEAK-01", "var/lib/apt/lists/deb_Packages")
file_case("LEAK-02", "var/cache/apt/archives/a_1_all.deb")
file_case("LEAK-02", "var/cache/apk/APKINDEX.1.tar.gz", base="alpine")
file_case("LEAK-03", "var/cache/ldconfig/aux-cache")
case("LEAK-04", "compiled from something else", lambda g: g.file(
    "usr/lib/python3/__pycache__/a.cpython-313.pyc",
    b"\xf3\x0d\x0d\x0a" + struct.pack("<III", 0, EPOCH + 1, 5) + b"code"))
remove_case("LEAK-04", "usr/lib/python3/a.py")
file_case("LEAK-05", "var/log/dpkg.log")
file_case("LEAK-06", "root/.bash_history")
file_case("LEAK-07", "root/.netrc")
file_case("LEAK-08", "etc/resolv.conf", "nameserver 192.0.2.1\n")
file_case("LEAK-09", "etc/apt/apt.conf.d/95proxy",
          'Acquire::http::Proxy "http://192.0.2.1:3128";\n')
append_case("LEAK-09", "etc/environment", "https_proxy=http://192.0.2.1:3128\n")
file_case("LEAK-10", "usr/sbin/policy-rc.d", mode=0o755)
file_case("LEAK-11", "tmp/left")
file_case("LEAK-12", "etc/issue.dpkg-old")
file_case("LEAK-13", "var/mail/root")
file_case("LEAK-14", "var/lib/systemd/timers/stamp-fstrim.timer")
file_case("LEAK-15", "var/cache/debconf/passwords.dat", "Name: a/b\nValue: secret\n", 0o600)
case("LEAK-16", "in a file", lambda g: (
    g.file("usr/share/x", "y" * 5000 + CANARY), g.options.append("--canary=" + CANARY)))
case("LEAK-16", "in the middle of a file on the ESP", lambda g: (
    g.esp.update({"/x": b"z" * 9000 + CANARY.encode() + b"z" * 9000}),
    g.options.append("--canary=" + CANARY)))


def canary_in_free_space(g):
    def edit(disk):
        with open(disk, "r+b") as f:
            f.seek((90 << 20) - 7)
            f.write(CANARY.encode())

    g.edit_disk = edit
    g.options += ["--canary=nowhere-to-be-found", "--canary=" + CANARY]


case("LEAK-16", "in free space", canary_in_free_space)

# Packages
remove_case("PKG-01", "var/lib/dpkg/status")
replace_case("PKG-02", "var/lib/dpkg/status", "install ok installed\nArchitecture: amd64\n"
             "Version: 1\n\nPackage: dpkg", "install ok half-configured\nArchitecture: amd64\n"
             "Version: 1\n\nPackage: dpkg")
replace_case("PKG-02", "var/lib/dpkg/status", "Package: dpkg\nStatus: install ok installed",
             "Package: dpkg\nStatus: install reinstreq installed")
append_case("PKG-03", "var/lib/dpkg/triggers/Unincorp", "ldconfig libc6\n")
remove_case("PKG-04", "var/lib/dpkg/info/dpkg.list")
file_case("PKG-05", "etc/dpkg/dpkg.cfg.d/a", "force-overwrite\n")
append_case("PKG-06", "usr/lib/apk/db/installed", "C:Q1x=\nP:shadow\nV:2-r0\nA:x86_64\n\n",
            base="alpine")
append_case("PKG-07", "etc/apk/world", "nothing\n", base="alpine")
append_case("PKG-07", "etc/apk/world", ".build-deps=20260101.120000\n", base="alpine")
remove_case("PKG-08", "etc/apk/keys", base="alpine")
file_case("PKG-09", "etc/apk/config", "allow-untrusted\n", base="alpine")
append_case("PKG-10", "etc/nix/nix.conf", "require-sigs = false\n")
append_case("SRC-01", "etc/apt/sources.list.d/debian.sources", "Trusted: yes\n")
file_case("SRC-01", "etc/apt/sources.list", "deb [arch=amd64 trusted=yes signed-by="
          "/usr/share/keyrings/debian.gpg] http://example.org/d trixie main\n")
file_case("SRC-01", "etc/apt/sources.list", "deb http://example.org/d trixie main\n")
remove_case("SRC-02", "usr/share/keyrings/debian.gpg")
replace_case("SRC-03", "etc/apt/sources.list.d/debian.sources", "http://example.org/d",
             "http://user:word@example.org/d")
file_case("SRC-03", "etc/apk/repositories", "/srv/repo\n", base="alpine")
remove_case("SRC-04", "etc/apt/sources.list.d")
file_case("SRC-05", "etc/apt/apt.conf.d/a", 'APT::Get::AllowUnauthenticated "true";\n')
file_case("SRC-05", "etc/apt/apt.conf.d/a", 'Acquire::https::Verify-Peer "false";\n')

# The disk
disk_case("DISK-01", "no ESP by its type", "sgdisk", "-t", "1:8300")
case("DISK-02", "no boot loader", lambda g: g.esp.pop("/EFI/BOOT/BOOTX64.EFI"))
esp_case("DISK-03", "a boot loader for arm64", "/EFI/BOOT/BOOTX64.EFI", pe(0xAA64))
esp_case("DISK-03", "a boot loader that is a driver", "/EFI/BOOT/BOOTX64.EFI", pe(subsystem=11))
esp_case("DISK-03", "no boot loader but a text", "/EFI/BOOT/BOOTX64.EFI", b"MZ")
case("DISK-04", "shim alone", lambda g: g.esp.pop("/EFI/BOOT/grubx64.efi"))


def third_partition(disk):
    subprocess.run(["truncate", "-s", "+2M", disk], check=True)
    subprocess.run(["sgdisk", "-e", "-n", "3:0:0", disk], check=True, stdout=subprocess.DEVNULL)


case("DISK-05", "a partition behind the root", lambda g: setattr(g, "edit_disk", third_partition))
disk_case("DISK-06", "half a MiB at the end", "truncate", "-s", "+512K")
disk_case("DISK-07", "two partitions with one GUID", "sgdisk", "-u",
          "2:8d533824-d6a2-5f55-b212-e9224ac964e6")

# Booting
OTHER = "11111111-2222-3333-4444-555555555555"
esp_case("BOOT-01", "a search for another disk", "/EFI/debian/grub.cfg",
         f"search.fs_uuid {OTHER} root\n".encode())
replace_case("BOOT-02", "boot/grub/grub.cfg", "root=UUID=", f"root=UUID={OTHER}")
case("BOOT-03", "a kernel that is not there", lambda g: g.prepend(
    "boot/grub/grub.cfg", "linux /boot/vmlinuz-5 ro\ninitrd /boot/initrd.img-" + VERSION + "\n"))
remove_case(["BOOT-03", "BOOT-04", *ALL_MODULES], "boot/vmlinuz-" + VERSION)


def second_kernel(g, initramfs, modules):
    g.tree["boot/vmlinuz-6.2"] = g.tree["boot/vmlinuz-" + VERSION]
    if initramfs:
        g.tree["boot/initrd.img-6.2"] = g.tree["boot/initrd.img-" + VERSION]
    if modules:
        for name in ["modules.dep", "modules.builtin"]:
            g.file(f"usr/lib/modules/6.2/{name}", g.text(f"usr/lib/modules/{VERSION}/{name}"))


case("BOOT-05", "a kernel without initramfs", lambda g: second_kernel(g, False, True))
case(["BOOT-06", *ALL_MODULES], "a kernel without modules",
     lambda g: second_kernel(g, True, False))
file_case("BOOT-07", "boot/initrd.img-" + VERSION, "not an archive")
file_case("BOOT-07", "boot/vmlinuz-" + VERSION, "not a kernel")
replace_case("BOOT-08", "etc/fstab", " / ext4", " /elsewhere ext4")
append_case("BOOT-08", "etc/fstab", f"UUID={OTHER} /data ext4 defaults 0 2\n")
file_case("BOOT-09", "boot/grub/grubenv",
          "# GRUB Environment Block\nsaved_entry=2\n".ljust(1024, "#"))
replace_case("BOOT-10", "boot/grub/grub.cfg", "console=ttyS0", "console=ttyS0 init=/bin/sh")

# Lima
remove_case("LIMA-01", "usr/bin/cloud-init")
file_case("LIMA-01", "etc/cloud/cloud-init.disabled")
file_case("LIMA-02", "etc/cloud/cloud.cfg.d/90.cfg", "datasource_list: [Ec2, NoCloud]\n")
remove_case("LIMA-02", "etc/cloud/cloud.cfg.d/10.cfg")
replace_case("LIMA-03", "etc/cloud/cloud.cfg", " - growpart\n", "")
file_case("LIMA-03", "etc/cloud/cloud.cfg.d/90.cfg", "resize_rootfs: false\n")
append_case("LIMA-04", "etc/group", "users:x:1000:\n")
append_case("LIMA-05", SSHD, "AllowTcpForwarding no\n")
append_case("LIMA-06", SSHD, "AllowStreamLocalForwarding local\n")
remove_case("LIMA-07", "usr/lib/openssh/sftp-server")
replace_case("LIMA-08", SSHD, "UsePAM yes\n", "")
append_case("LIMA-09", SSHD, "Match all\nAllowUsers ann\n")
remove_case("LIMA-10", "usr/lib/x86_64-linux-gnu/security/pam_systemd.so")
case("LIMA-11", "a file in its place", lambda g: (
    g.remove("usr/local/bin"), g.program("usr/local/bin")))
file_case("LIMA-12", "etc/netplan/50-cloud-init.yaml", "network: {}\n", 0o600)
case("LIMA-13", "11 GiB", lambda g: setattr(g, "size_mib", 11 * 1024))
file_case("LIMA-14", "etc/lima_hosts")
remove_case("TOOL-01", "usr/bin/bash")
replace_case("TOOL-02", "etc/sudoers", "@includedir /etc/sudoers.d\n", "")
remove_case("TOOL-03", "usr/sbin/usermod")
remove_case("TOOL-04", "usr/bin/sha256sum")
remove_case("TOOL-05", "usr/bin/rsync")
remove_case("TOOL-06", "usr/sbin/iptables")
remove_case("TOOL-07", "usr/bin/sshfs")
remove_case("TOOL-08", "usr/bin/fusermount3")
remove_case("TOOL-09", "usr/bin/newuidmap")
case("TOOL-10", "acpid", lambda g: (
    g.replace("etc/apk/world", "acpid\n", ""),
    g.replace("usr/lib/apk/db/installed", "P:acpid", "P:other")), base="alpine")
for check, module in [("MOD-01", "virtio_blk"), ("MOD-02", "isofs"), ("MOD-03", "9p.ko"),
                      ("MOD-04", "virtio-rng")]:
    replace_case(check, f"usr/lib/modules/{VERSION}/modules.dep", "/" + module, "/none")
remove_case("MOD-05", "usr/lib/udev/rules.d")

# A check that cannot be made is no check that passed.
case([], "a link that leads to itself", lambda g: g.link("etc/nix/nix.conf", "nix.conf"),
     broken=["LEAK-09", "PKG-10"])
case([], "damaged capabilities", lambda g: g.add(
    "usr/bin/ping", Entry(tarfile.REGTYPE, 0o755, b"x")).xattrs.update(
        {"security.capability": b"\x01"}), broken=["FILE-04", "FILE-05"])
