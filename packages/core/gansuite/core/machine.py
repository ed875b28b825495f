"""What the operating system says about this machine; a container's limits count, not the machine's size."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_PROC = Path("/proc")


@dataclass(frozen=True)
class Machine:
    """Facts, in bytes and cores; 0 where the system does not tell.

    Attributes:
        system: operating system and architecture.
        processor: its name.
        cores_usable: those this process may run on, after affinity and a container's quota.
        cores_total: those of the machine.
        load: how many cores other programs kept busy over the last minute.
        memory: RAM, or what the container may use of it.
        memory_free: RAM that can be had without swapping.
        disk_free: on the disk of the current folder.
    """

    system: str
    processor: str
    cores_usable: int
    cores_total: int
    load: float
    memory: int
    memory_free: int
    disk_free: int


def look() -> Machine:
    """The facts about this machine, now."""
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        processor=_processor(),
        cores_usable=cores_usable(),
        cores_total=os.cpu_count() or 1,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,
        memory=min(filter(None, (_ram(), memory_quota())), default=0),
        memory_free=_meminfo("MemAvailable"),
        disk_free=shutil.disk_usage(Path.cwd()).free,
    )


def cores_usable(cgroup: Path = _CGROUP) -> int:
    """How many cores this process may use: its affinity, cut by a container's quota; at least 1."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(count, int(cpu_quota(cgroup) or count)))


def cpu_quota(cgroup: Path = _CGROUP) -> float | None:
    """Cores a container grants (cgroup v2 `cpu.max`, v1 `cpu.cfs_quota_us`), or None for no limit."""
    words = _read(cgroup / "cpu.max").split() or [
        _read(cgroup / "cpu/cpu.cfs_quota_us"),
        _read(cgroup / "cpu/cpu.cfs_period_us"),
    ]
    if len(words) != 2 or not all(word.isdigit() for word in words):  # "max", "-1", or nothing
        return None
    return int(words[0]) / max(1, int(words[1]))


def memory_quota(cgroup: Path = _CGROUP) -> int:
    """Bytes a container grants (cgroup v2 `memory.max`, v1 `limit_in_bytes`), or 0 for no limit."""
    word = _read(cgroup / "memory.max") or _read(cgroup / "memory/memory.limit_in_bytes")
    return int(word) if word.isdigit() and int(word) < 1 << 60 else 0


def _processor() -> str:
    for line in _read(_PROC / "cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _ram() -> int:
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names or "SC_PAGE_SIZE" not in names:
        return 0
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _meminfo(key: str) -> int:
    for line in _read(_PROC / "meminfo").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:  # not this system's way of saying it
        return ""
