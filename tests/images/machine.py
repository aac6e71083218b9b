"""A virtual machine as Lima would start it, on an overlay of an image."""

import ctypes
import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

FIRMWARE = ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd",
            "/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/ovmf/OVMF_CODE.fd")
KVM_PROBE_SECONDS = 10
PR_SET_PDEATHSIG = 1

# What Lima's boot script leaves: the sign that its ISO was mounted and run.
BOOT_SH = """#!/bin/sh
set -eu
cp "$LIMA_CIDATA_MNT/meta-data" /run/lima-boot-done
"""

USER_DATA = """#cloud-config
growpart:
  mode: auto
  devices: ['/']
timezone: UTC
users:
  - name: "{user.name}"
    uid: "{user.uid}"
    homedir: "{user.home}"
    shell: /bin/bash
    sudo: ALL=(ALL) NOPASSWD:ALL
    lock_passwd: true
    ssh-authorized-keys:
      - "{key}"
write_files:
 - content: |
      #!/bin/sh
      set -eux
      LIMA_CIDATA_MNT="/mnt/lima-cidata"
      LIMA_CIDATA_DEV="/dev/disk/by-label/cidata"
      mkdir -p -m 700 "${{LIMA_CIDATA_MNT}}"
      mount -o ro,mode=0700,dmode=0700,overriderockperm,exec,uid=0 "${{LIMA_CIDATA_DEV}}" "${{LIMA_CIDATA_MNT}}"
      export LIMA_CIDATA_MNT
      exec "${{LIMA_CIDATA_MNT}}"/boot.sh
   owner: root:root
   path: /var/lib/cloud/scripts/per-boot/00-lima.boot.sh
   permissions: '0755'
"""

NETWORK_CONFIG = """version: 2
ethernets:
  eth0:
    match:
      macaddress: '{mac}'
    dhcp4: true
    set-name: eth0
    dhcp4-overrides:
      route-metric: 200
    dhcp-identifier: mac
    nameservers:
      addresses:
      - 192.168.5.3
"""


class Failed(Exception):
    """The machine did not do what the test needs to go on."""

    def __init__(self, where, text):
        super().__init__(text)
        self.where = where


@dataclasses.dataclass
class User:
    name: str
    uid: int
    home: str


def firmware():
    """Path of the UEFI firmware, or None."""
    return next((path for path in FIRMWARE if os.path.exists(path)), None)


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end(process, seconds=10):
    """Kill and reap; a process stuck in a broken driver is left to the kernel."""
    process.kill()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass


def accelerator(folder):
    """QEMU's -accel value: kvm if the firmware gets as far as its first words in it.

    A few instructions of real mode are no proof: there are hosts whose /dev/kvm
    runs those and stops at the firmware.
    """
    tcg = "tcg,thread=multi"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return tcg
    words = folder / "probe.log"
    probe = subprocess.Popen(
        ["qemu-system-x86_64", "-machine", "q35", "-accel", "kvm", "-cpu", "max", "-m", "256",
         "-display", "none", "-nodefaults", "-no-user-config",
         "-drive", f"if=pflash,format=raw,readonly=on,file={firmware()}",
         "-chardev", f"file,id=serial,path={words}", "-serial", "chardev:serial"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent)
    try:
        deadline = time.monotonic() + KVM_PROBE_SECONDS
        while time.monotonic() < deadline and probe.poll() is None:
            if words.exists() and words.stat().st_size:
                return "kvm"
            time.sleep(0.1)
        return tcg
    finally:
        end(probe)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine:
    def __init__(self, folder, image, log, accel, uid):
        folder.mkdir()
        self.name = folder.name
        self.hostname = f"lima-{self.name}"
        self.folder = folder
        self.image = image
        self.log = log
        self.accel = accel
        self.user = User("tester", uid, "/home/tester.guest")
        self.mac = f"52:55:55:00:{uid >> 8:02x}:{uid & 255:02x}"
        self.disk = folder / "disk.qcow2"
        self.serial = None
        self.process = None
        self.port = None
        self.boot_seconds = 0.0
        self.key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", self.key], check=True)

    def create_disk(self, gib):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", self.image,
                        self.disk, f"{gib}G"], check=True)

    def _create_cidata(self, instance):
        content = self.folder / "cidata"
        shutil.rmtree(content, ignore_errors=True)
        content.mkdir()
        key = Path(f"{self.key}.pub").read_text().strip()
        (content / "user-data").write_text(USER_DATA.format(user=self.user, key=key))
        (content / "meta-data").write_text(f"instance-id: iid-{instance}\nlocal-hostname: {self.hostname}\n")
        (content / "network-config").write_text(NETWORK_CONFIG.format(mac=self.mac))
        (content / "boot.sh").write_text(BOOT_SH)
        (content / "boot.sh").chmod(0o755)
        iso = self.folder / "cidata.iso"
        iso.unlink(missing_ok=True)
        subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-V", "cidata", "-J", "-R", "-o", iso, content],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return iso

    def start(self, instance):
        """Start QEMU with a cidata ISO of this instance-id. The variable store is not kept."""
        iso = self._create_cidata(instance)
        self.port = free_port()
        self.serial = self.log / f"{self.name}-{instance}.serial.log"
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-machine", "q35,vmport=off", "-accel", self.accel, "-cpu", "max",
             "-smp", "2", "-m", "1536", "-display", "none", "-nodefaults", "-no-user-config",
             "-drive", f"if=pflash,format=raw,readonly=on,file={firmware()}",
             "-drive", f"file={self.disk},if=virtio,discard=on,cache=unsafe",
             "-device", "virtio-scsi-pci,id=scsi0",
             "-drive", f"id=cidata,if=none,media=cdrom,readonly=on,format=raw,file={iso}",
             "-device", "scsi-cd,bus=scsi0.0,drive=cidata",
             "-netdev", "user,id=net0,net=192.168.5.0/24,dhcpstart=192.168.5.15,restrict=on,"
                        f"hostfwd=tcp:127.0.0.1:{self.port}-:22",
             "-device", f"virtio-net-pci,netdev=net0,mac={self.mac}",
             "-device", "virtio-rng-pci",
             "-chardev", f"file,id=serial,path={self.serial}", "-serial", "chardev:serial"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.log / f"{self.name}-{instance}.qemu.log", "wb"),
            preexec_fn=die_with_parent)

    def stop(self):
        if self.process:
            end(self.process)
            self.process = None

    def power_off(self):
        self.run("sudo systemctl poweroff")
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name}: power off", self.serial_tail()) from None
        self.process = None

    def _ssh(self, *options, user=None):
        return ["ssh", "-F", "/dev/null", "-p", str(self.port), "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10",
                "-o", "IdentitiesOnly=yes", "-i", str(self.key), *options,
                f"{user or self.user.name}@127.0.0.1"]

    def _call(self, command, timeout, env=None):
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  errors="replace", timeout=timeout, env=env, check=False)
        except subprocess.TimeoutExpired as late:
            done = subprocess.CompletedProcess(command, 124, "", f"no answer in {late.timeout} s")
        with open(self.log / f"{self.name}.ssh.log", "a", encoding="utf-8") as log:
            log.write(f"$ {command[-1]}\n{done.stdout}{done.stderr}[{done.returncode}]\n")
        return done

    def run(self, command, timeout=90):
        """Run a shell command as the user, over one shared connection."""
        shared = ["-o", "BatchMode=yes", "-o", "ControlMaster=auto", "-o", "ControlPersist=300",
                  "-o", f"ControlPath={self.folder}/ssh-{self.port}"]
        return self._call([*self._ssh(*shared), command], timeout)

    def out(self, command):
        return self.run(command).stdout.strip()

    def must(self, command):
        done = self.run(command)
        if done.returncode:
            raise Failed(f"{self.name}: {command}", done.stdout + done.stderr)

    def login_as(self, user):
        return self._call([*self._ssh("-o", "BatchMode=yes", user=user), "true"], 60)

    def login_by_password(self, password):
        """Offer a password, and nothing else, without a terminal."""
        ask = self.folder / "askpass"
        ask.write_text(f"#!/bin/sh\necho '{password}'\n")
        ask.chmod(0o700)
        env = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none"}
        return self._call([*self._ssh("-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1",
                                      "-o", "PreferredAuthentications=password,keyboard-interactive"), "true"],
                          60, env)

    def wait_for_ssh(self, timeout):
        while time.monotonic() - self.started < timeout:
            if self.process.poll() is not None:
                raise Failed(f"{self.name}: boot", f"QEMU ended with status {self.process.returncode}")
            if self.login_as(self.user.name).returncode == 0:
                self.boot_seconds = time.monotonic() - self.started
                return
            time.sleep(1)
        raise Failed(f"{self.name}: boot", f"no SSH login within {timeout} s")

    def serial_tail(self, lines=40):
        if not self.serial or not self.serial.exists():
            return ""
        return "\n".join(self.serial.read_text(errors="replace").splitlines()[-lines:])
