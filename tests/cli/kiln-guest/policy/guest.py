"""A small guest that keeps the policy, as a tree that tests can spoil, and its disk."""

import copy
import io
import struct
import subprocess
import tarfile

EPOCH = 1700000000
ESP_MIB = 34
VERSION = "6.1.0-1-amd64"
ROOT_LINE = "root:*:19000:0:99999:7:::\n"
CAP_NET_RAW = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)


def elf(machine=62):
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, machine) + bytes(44)


def pe(machine=0x8664, subsystem=10, extra=b""):
    """The parts of a PE file that say what it is for."""
    head = bytearray(64 + 120)
    head[0:2] = b"MZ"
    head[0x3C:0x40] = struct.pack("<I", 64)
    head[64:70] = b"PE\0\0" + struct.pack("<H", machine)
    head[64 + 92:64 + 94] = struct.pack("<H", subsystem)
    return bytes(head) + extra


def kernel():
    return bytes(0x202) + b"HdrS" + bytes(512)


class Entry:
    def __init__(self, kind, mode, data=b"", uid=0, gid=0):
        self.kind, self.mode, self.uid, self.gid = kind, mode, uid, gid
        self.data = data  # contents, a link's target, or a device's numbers
        self.xattrs = {}
        self.mtime = EPOCH


class Guest:
    """Paths without the leading slash, and what is there."""

    def __init__(self):
        self.tree = {}
        self.esp = {}
        self.allow = {"setuid": [], "units": [], "sudoers": []}
        self.options = []
        self.size_mib = 100
        self.edit_disk = None  # called with the raw disk's path

    def copy(self):
        return copy.deepcopy(self)

    def parents(self, path):
        while "/" in path:
            path = path.rsplit("/", 1)[0]
            self.tree.setdefault(path, Entry(tarfile.DIRTYPE, 0o755))

    def add(self, path, entry):
        self.parents(path)
        self.tree[path] = entry
        return entry

    def dir(self, path, mode=0o755, **owner):
        return self.add(path, Entry(tarfile.DIRTYPE, mode, **owner))

    def file(self, path, data="", mode=0o644, **owner):
        data = data.encode() if isinstance(data, str) else data
        return self.add(path, Entry(tarfile.REGTYPE, mode, data, **owner))

    def program(self, path, mode=0o755):
        return self.file(path, "#!/bin/sh\n", mode)

    def link(self, path, target):
        return self.add(path, Entry(tarfile.SYMTYPE, 0o777, target))

    def device(self, path, major, minor, mode=0o600):
        return self.add(path, Entry(tarfile.CHRTYPE, mode, (major, minor)))

    def remove(self, path):
        for name in [n for n in self.tree if n == path or n.startswith(path + "/")]:
            del self.tree[name]

    def text(self, path):
        return self.tree[path].data.decode()

    def append(self, path, text):
        self.tree[path].data += text.encode()

    def prepend(self, path, text):
        self.tree[path].data = text.encode() + self.tree[path].data

    def replace(self, path, old, new):
        assert old in self.text(path), f"{path} has no {old!r}"
        self.tree[path].data = self.text(path).replace(old, new).encode()

    def enable(self, line, unit):
        self.link("etc/systemd/" + line, "/usr/lib/systemd/system/" + unit)
        self.allow["units"].append(line)

    def service(self, level, name):
        self.program("etc/init.d/" + name)
        self.link(f"etc/runlevels/{level}/{name}", "/etc/init.d/" + name)
        self.allow["units"].append(f"{level}/{name}")

    def write_tar(self, path):
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            for name in sorted(self.tree):
                entry = self.tree[name]
                info = tarfile.TarInfo(name)
                info.type, info.mode, info.mtime = entry.kind, entry.mode, entry.mtime
                info.uid, info.gid = entry.uid, entry.gid
                body = None
                if entry.kind == tarfile.REGTYPE:
                    info.size, body = len(entry.data), io.BytesIO(entry.data)
                elif entry.kind == tarfile.SYMTYPE:
                    info.linkname = entry.data
                elif entry.kind == tarfile.CHRTYPE:
                    info.devmajor, info.devminor = entry.data
                for key, value in entry.xattrs.items():
                    text = value.decode("utf-8", "surrogateescape")
                    info.pax_headers["SCHILY.xattr." + key] = text
                tar.addfile(info, body)

    def build(self, folder):
        """Write the raw disk and the allow lists; the arguments for kiln-guest check."""
        self.write_tar(folder / "root.tar")
        esp = []
        for i, (path, data) in enumerate(sorted(self.esp.items())):
            (folder / f"esp{i}").write_bytes(data)
            esp.append(f"    - {{path: {path}, source: esp{i}}}\n")
        (folder / "layout.yaml").write_text(
            f"identity: policy/x86_64\narch: x86_64\nepoch: {EPOCH}\n"
            f"size: {self.size_mib << 20}\nesp:\n  size: {ESP_MIB << 20}\n  files:\n"
            + "".join(esp) + "root:\n  layers: [root.tar]\n")
        disk = folder / "disk.raw"
        subprocess.run(["kiln-disk", "build", "--quiet", folder / "layout.yaml", "-o", disk],
                       check=True)
        if self.edit_disk:
            self.edit_disk(disk)
        arguments = [disk, "--format=raw", "--appliance=never"]
        for name, lines in self.allow.items():
            (folder / name).write_text("# allowed\n" + "".join(line + "\n" for line in lines))
            arguments.append(f"--allow-{name}={folder / name}")
        return arguments + self.options


def sshd(g):
    g.file("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\n"
           "UsePAM yes\nSubsystem sftp /usr/lib/openssh/sftp-server\n")
    g.file("etc/ssh/sshd_config.d/10-keys.conf",
           "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin no\n")
    g.program("usr/sbin/sshd")
    g.program("usr/lib/openssh/sftp-server")
    g.file("etc/pam.d/sshd", "@include common-auth\n")


def accounts(g):
    g.file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"
           "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
           "sync:x:4:65534:sync:/bin:/bin/sync\n")
    g.file("etc/shadow", ROOT_LINE + "daemon:*:19000:0:99999:7:::\nsync:!:19000:0:99999:7:::\n",
           0o640, gid=42)
    g.file("etc/group", "root:x:0:\ndaemon:x:1:\nshadow:x:42:\nnogroup:x:65534:\n")
    g.file("etc/gshadow", "root:*::\ndaemon:*::\nshadow:*::\nnogroup:*::\n", 0o640, gid=42)
    g.file("etc/sudoers", "# sudo\nDefaults env_reset\nroot ALL=(ALL:ALL) ALL\n"
           "%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n", 0o440)
    g.file("etc/sudoers.d/README", "# one\n", 0o440)
    g.dir("root", 0o700)
    g.dir("home")


def programs(g):
    for name in ["bin", "sbin", "lib"]:
        g.link(name, "usr/" + name)
    g.file("usr/bin/dash", elf(), 0o755)
    g.link("usr/bin/sh", "dash")
    names = ("bash awk sed grep sha256sum install mount id getent rsync sshfs fusermount3 "
             "newuidmap newgidmap growpart cloud-init")
    for name in names.split():
        g.program("usr/bin/" + name)
    for name in ["useradd", "usermod", "ip", "iptables", "resize2fs"]:
        g.program("usr/sbin/" + name)
    g.program("usr/bin/sudo", 0o4755)
    g.program("usr/bin/chage", 0o2755).gid = 42
    g.program("usr/bin/ping").xattrs["security.capability"] = CAP_NET_RAW
    g.allow["setuid"] += ["4755 root:root /usr/bin/sudo", "2755 root:shadow /usr/bin/chage",
                          "caps cap_net_raw=ep /usr/bin/ping"]
    g.dir("usr/local/bin")
    for name in ["tmp", "var/tmp"]:
        g.dir(name, 0o1777)
    for name in ["dev", "proc", "sys", "run", "mnt", "var/log", "var/cache"]:
        g.dir(name)
    g.device("dev/null", 1, 3, 0o666)


def boot(g, uuids):
    g.file("boot/vmlinuz-" + VERSION, kernel(), 0o600)
    g.file("boot/initrd.img-" + VERSION, b"\x28\xb5\x2f\xfd" + bytes(60))
    modules = "virtio_pci virtio_blk virtio_net sr_mod isofs 9p 9pnet_virtio virtiofs virtio-rng"
    g.file(f"usr/lib/modules/{VERSION}/modules.dep",
           "".join(f"kernel/x/{m}.ko.xz: kernel/y.ko\n" for m in modules.split()))
    g.file(f"usr/lib/modules/{VERSION}/modules.builtin",
           "kernel/fs/fuse/fuse.ko\nkernel/drivers/scsi/virtio_scsi.ko\n")
    g.file("boot/grub/grub.cfg", f"search --no-floppy --fs-uuid --set=root {uuids['root']}\n"
           f"linux /boot/vmlinuz-{VERSION} root=UUID={uuids['root']} ro console=ttyS0\n"
           f"initrd /boot/initrd.img-{VERSION}\n")
    g.file("etc/fstab", f"UUID={uuids['root']} / ext4 defaults 0 1\n"
           f"UUID={uuids['esp']} /boot/efi vfat umask=0077 0 0\n")
    g.dir("boot/efi", 0o700)
    shim = pe(extra=b"sbat,1,\nshim,2,UEFI shim,\n")
    g.esp = {"/EFI/BOOT/BOOTX64.EFI": shim, "/EFI/BOOT/grubx64.efi": pe(),
             "/EFI/debian/grub.cfg": f"search.fs_uuid {uuids['root']} root\n".encode()}


def systemd(g):
    units = "/usr/lib/systemd/system"
    g.program("usr/lib/systemd/systemd")
    g.link("usr/sbin/init", "../lib/systemd/systemd")
    g.program("usr/lib/systemd/systemd-logind")
    g.file("usr/lib/x86_64-linux-gnu/security/pam_systemd.so", "x")
    for name in ["user@.service", "multi-user.target", "ssh.service", "cloud-init-local.service",
                 "systemd-resolved.service"]:
        g.file(f"{units[1:]}/{name}", "[Unit]\n")
    g.link(f"{units[1:]}/default.target", "multi-user.target")
    g.file(f"{units[1:]}/sshd-keygen.service", "[Unit]\nConditionFirstBoot=yes\n")
    g.file("etc/systemd/system/sshd-keygen.service.d/always.conf", "[Unit]\nConditionFirstBoot=\n")
    g.enable("system/multi-user.target.wants/ssh.service", "ssh.service")
    g.enable("system/ssh.service.wants/sshd-keygen.service", "sshd-keygen.service")
    g.enable("system/cloud-init.target.wants/cloud-init-local.service", "cloud-init-local.service")
    g.enable("system/sysinit.target.wants/systemd-resolved.service", "systemd-resolved.service")
    g.file("etc/systemd/resolved.conf.d/quiet.conf", "[Resolve]\nLLMNR=no\nMulticastDNS=no\n")
    g.file("etc/machine-id", "", 0o444)


def cloud_init(g):
    g.file("etc/cloud/cloud.cfg", "cloud_init_modules:\n - growpart\n - resizefs\n - ssh_keys\n")
    g.file("etc/cloud/cloud.cfg.d/10.cfg", "datasource_list: [NoCloud, None]\n")


def deb(g):
    g.file("etc/os-release", 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian 13"\n')
    status = "".join(f"Package: {p}\nStatus: install ok installed\nArchitecture: amd64\n"
                     f"Version: 1\n\n" for p in ["dbus-user-session", "dpkg"])
    g.file("var/lib/dpkg/status", status)
    g.file("var/lib/dpkg/info/dpkg.list", "/.\n")
    g.file("var/lib/dpkg/info/dbus-user-session:amd64.list", "/.\n")
    g.file("var/lib/dpkg/triggers/Unincorp", "")
    g.file("usr/share/keyrings/debian.gpg", "key")
    g.file("etc/apt/sources.list.d/debian.sources",
           "Types: deb\nURIs: http://example.org/d\nSuites: trixie\nComponents: main\n"
           "Signed-By: /usr/share/keyrings/debian.gpg\n")
    g.file("etc/apt/apt.conf.d/70debconf", 'DPkg::Pre-Install-Pkgs {"/usr/sbin/x";};\n')


def rest(g):
    g.file("etc/hostname", "localhost\n")
    g.file("etc/environment", "")
    g.file("etc/nix/nix.conf", "sandbox = true\ntrusted-users = root @nix-users\n")
    g.file("usr/lib/udev/rules.d/60-persistent-storage.rules", "# by-label\n")
    g.link("etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf")
    source = g.file("usr/lib/python3/a.py", "pass\n")
    g.file("usr/lib/python3/__pycache__/a.cpython-313.pyc",
           b"\xf3\x0d\x0d\x0a" + struct.pack("<III", 0, source.mtime, len(source.data)) + b"code")


def debian(uuids):
    g = Guest()
    for part in [sshd, accounts, programs, systemd, cloud_init, deb, rest]:
        part(g)
    boot(g, uuids)
    return g


def alpine(uuids):
    """The same with apk and OpenRC."""
    g = debian(uuids)
    for path in ["var/lib/dpkg", "etc/apt", "etc/systemd", "usr/lib/systemd", "usr/sbin/init",
                 "etc/machine-id", "usr/lib/x86_64-linux-gnu", "etc/resolv.conf"]:
        g.remove(path)
    g.allow["units"] = []
    g.file("etc/os-release", 'ID=alpine\nVERSION_ID=3.23.0\nPRETTY_NAME="Alpine 3.23"\n')
    g.program("usr/sbin/openrc")
    g.program("usr/sbin/init")
    for name in ["sshd", "cloud-init"]:
        g.service("default", name)
    g.append("etc/init.d/sshd", "ssh-keygen -A\n")
    names = ["acpid", "alpine-baselayout", "openssh-server-pam", "shadow"]
    g.file("usr/lib/apk/db/installed",
           "".join(f"C:Q1x=\nP:{n}\nV:1.0-r0\nA:x86_64\n\n" for n in names))
    g.file("etc/apk/world", "".join(n + "\n" for n in names))
    g.file("etc/apk/keys/alpine-devel@lists.rsa.pub", "key")
    g.file("etc/apk/repositories", "https://example.org/alpine/v3.23/main\n")
    return g
