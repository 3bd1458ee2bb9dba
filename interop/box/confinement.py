"""What a container is confined by: docker's capabilities, podman's seccomp profile, and the system's own mounts.

What comes in: nothing. What goes out: parts of an OCI runtime's configuration.

Sources: OCI runtime specification 1.0, config-linux.md; moby's default capabilities; the seccomp profile of Debian's
golang-github-containers-common, which grew out of moby's.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

SECCOMP = Path("/usr/share/containers/seccomp.json")
CAPABILITIES = (
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"),
    *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
)
"""What docker leaves a container; for a user other than root they are only a bound."""


def system_mounts() -> list[dict[str, Any]]:
    """`/proc`, `/dev` and `/sys`, as docker mounts them."""
    quiet = ["nosuid", "noexec", "nodev"]
    return [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": quiet},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
        {
            "destination": "/dev/pts",
            "type": "devpts",
            "source": "devpts",
            "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
        },
        # The container's, not this machine's.
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [*quiet, "mode=1777"]},  # noqa: S108
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*quiet, "ro"]},
    ]


def seccomp() -> dict[str, Any]:
    """Podman's default profile, for this machine and a container without further capabilities."""
    profile = json.loads(SECCOMP.read_bytes())
    known = {"x86_64": ("amd64", "SCMP_ARCH_X86_64"), "aarch64": ("arm64", "SCMP_ARCH_AARCH64")}
    machine, architecture = known[platform.machine()]
    (of_this_machine,) = [entry for entry in profile["archMap"] if entry["architecture"] == architecture]
    rules = []
    for rule in profile["syscalls"]:
        wanted = rule.get("includes") or {}
        if wanted.get("caps") or machine not in wanted.get("arches", [machine]):
            continue
        if machine in (rule.get("excludes") or {}).get("arches", []):
            continue
        kept = {key: rule[key] for key in ("names", "action", "errnoRet") if rule.get(key) is not None}
        rules.append(kept | ({"args": rule["args"]} if rule.get("args") else {}))
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "architectures": [architecture, *of_this_machine["subArchitectures"]],
        "syscalls": rules,
    }
