"""What a measurement depends on: processors, kernel, versions of tools. No names of hosts, no paths."""

import os
import platform
import re
import shutil
import subprocess

VERSIONS = {
    "kiln-qcow2": ["kiln-qcow2", "--version"],
    "qemu-img": ["qemu-img", "--version"],
    "sha256sum": ["sha256sum", "--version"],
    "virt-sparsify": ["virt-sparsify", "--version"],
    "xz": ["xz", "--version"],
    "zstd": ["zstd", "--version"],
}


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return " ".join(line.split(":", 1)[1].split())
    except OSError:
        pass
    return platform.machine()


def version(words):
    """The first number with a dot that a tool prints, or None where it is not installed."""
    if not shutil.which(words[0]):
        return None
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    found = re.search(r"\d+\.\d[\w.~+-]*", done.stdout)
    return found[0] if found else "unknown"


def describe():
    tools = {name: version(words) for name, words in VERSIONS.items()}
    return {
        "architecture": platform.machine(),
        "kernel": f"{platform.system()} {platform.release()}",
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "processor": processor(),
        "processors": len(os.sched_getaffinity(0)),
        "tools": {name: number for name, number in tools.items() if number},
    }
