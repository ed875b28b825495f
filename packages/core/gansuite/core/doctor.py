"""What this machine can do, in ten lines: `gansuite doctor`."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gansuite.core.machine import Machine, look

if TYPE_CHECKING:
    import torch

_EXTRAS = {"video": "av", "tensorboard": "tensorboard", "onnx": "onnxruntime", "export": "onnxscript"}
_LIBRARIES = (
    "numpy",
    "pillow",
    "safetensors",
    "huggingface_hub",
    "transformers",
    "typer",
    "pretty_midi",
    "nltk",
)
# A step of training costs about four times the probe (measured: 3.4 to 4.3): the critic sees real and
# generated works, then judges the generator's, and the generator, about as large, does its own part.
_PROBES_PER_STEP = 4
_GIB = 1 << 30


@dataclass(frozen=True)
class Probe:
    """Training speed to expect of a 64-pixel DCGAN of width 64, in images/s; bf16 is None if not tried."""

    fp32: float
    bf16: float | None

    @property
    def faster(self) -> str:
        """The faster precision: bf16 or fp32."""
        return "bf16" if self.bf16 is not None and self.bf16 > self.fp32 else "fp32"

    @property
    def best(self) -> float:
        """Images/s in the faster precision."""
        return max(self.fp32, self.bf16 or 0.0)


@dataclass(frozen=True)
class Report:
    """Everything `gansuite doctor` says.

    Attributes:
        machine: cores, memory, disk.
        device: what training would use: cpu, cuda or mps.
        device_name: its name.
        device_memory: bytes of memory of the card; 0 for a CPU.
        bf16: whether the device computes bf16 fast, by what it says of itself.
        bf16_reason: how that was decided.
        threads: CPU threads PyTorch uses.
        omp_threads: the environment's OMP_NUM_THREADS, or an empty text.
        versions: of gansuite, python, torch and the libraries.
        extras: which optional parts are installed.
        idle_card: whether a NVIDIA card is here that this PyTorch cannot use.
        probe: the speed that was measured.
    """

    machine: Machine
    device: str
    device_name: str
    device_memory: int
    bf16: bool
    bf16_reason: str
    threads: int
    omp_threads: str
    versions: Mapping[str, str]
    extras: Mapping[str, bool]
    idle_card: bool
    probe: Probe

    @property
    def advice(self) -> tuple[str, ...]:
        """What will be slow here, and what to do about it; a sentence or two each."""
        return (*_slow_device(self), *_slow_threads(self), *_scarce(self))

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "faster": self.probe.faster, "advice": list(self.advice)}

    def to_text(self) -> str:
        """About ten lines for a person."""
        lines = [f"{name:<10} {text}" for name, text in _lines(self)]
        return "\n".join([*lines, *(f"{'Slow' if not n else '':<10} {a}" for n, a in enumerate(self.advice))])


def examine(probe_seconds: float = 0.5) -> Report:
    """Look at this machine and try it for `probe_seconds` (besides the seconds PyTorch needs to load)."""
    import torch

    from gansuite.core.engine import find_device, has_bf16

    device = find_device("auto")
    name, memory = _card(device)
    return Report(
        machine=look(),
        device=device.type,
        device_name=name,
        device_memory=memory,
        bf16=has_bf16(device),
        bf16_reason=_bf16_reason(device),
        threads=torch.get_num_threads(),
        omp_threads=os.environ.get("OMP_NUM_THREADS", ""),
        versions=_versions(),
        extras={extra: find_spec(module) is not None for extra, module in _EXTRAS.items()},
        idle_card=torch.version.cuda is None and shutil.which("nvidia-smi") is not None,
        probe=measure(device, probe_seconds, has_bf16(device)),
    )


def measure(device: torch.device, seconds: float, bf16: bool) -> Probe:
    """Train four convolutions (64 px, width 64) for a moment in fp32, then in bf16 if it is there."""
    import torch

    rates: dict[bool, float] = {}
    for low in (False, True) if bf16 else (False,):
        mode = torch.autocast(device.type, torch.bfloat16) if low else nullcontext()
        rates[low] = _rate(device, mode, seconds / (2 if bf16 else 1)) / _PROBES_PER_STEP
    return Probe(rates[False], rates.get(True))


def _rate(device: torch.device, mode: AbstractContextManager[object], seconds: float) -> float:
    """Images/s forward and backward, after one step that does not count."""
    import torch
    from torch import nn

    widths = (3, 64, 128, 256, 512)
    layers = [nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(widths)]
    network = nn.Sequential(*layers).to(device)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batch = 16 if device.type == "cpu" else 256  # enough to fill the device
    images = torch.zeros(batch, 3, 64, 64, device=device).to(memory_format=torch.channels_last)

    def step() -> None:
        with mode:
            loss = network(images).float().square().mean()
        loss.backward()
        loss.item()  # waits for the device

    step()
    steps, start = 0, time.perf_counter()
    while steps == 0 or time.perf_counter() - start < seconds:
        step()
        steps += 1
    return len(images) * steps / (time.perf_counter() - start)


def _card(device: torch.device) -> tuple[str, int]:
    """The name and the bytes of memory of the device."""
    import torch

    if device.type == "cuda":
        card = torch.cuda.get_device_properties(device)
        return card.name, card.total_memory
    if device.type == "mps":
        return "Apple GPU", torch.mps.recommended_max_memory()
    return "no graphics card that PyTorch can use", 0


def _bf16_reason(device: torch.device) -> str:
    import torch

    from gansuite.core.engine import processor_abilities

    if device.type == "cuda":
        major, minor = torch.cuda.get_device_capability(device)
        return f"the card has compute capability {major}.{minor}, and bf16 needs 8.0"
    if device.type != "cpu":
        return "bf16 is not tried on this kind of device"
    abilities = processor_abilities()
    names = {"amx_bf16": "AMX", "avx512_bf16": "AVX-512 BF16"}
    found = [name for key, name in names.items() if abilities.get(key)]
    return f"the processor {'has ' + ' and '.join(found) if found else 'has neither AMX nor AVX-512 BF16'}"


def _versions() -> dict[str, str]:
    first = {
        "gansuite": _version("gansuite"),
        "python": platform.python_version(),
        "torch": _version("torch"),
    }
    return first | {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _lines(report: Report) -> Iterator[tuple[str, str]]:
    machine, versions = report.machine, report.versions
    yield (
        "gansuite",
        f"{versions['gansuite']} on Python {versions['python']}, torch {versions['torch']}, {machine.system}",
    )
    yield "Device", f"{report.device} ({report.device_name}{_size(', {}', report.device_memory)})"
    yield "Processor", f"{machine.processor}, {machine.cores_usable} of {machine.cores_total} cores usable"
    yield "Memory", _size("{}", machine.memory) + _size(", {} free", machine.memory_free) or "unknown"
    yield "Disk", f"{_size('{}', machine.disk_free) or 'nothing'} free here"
    yield "Threads", f"{report.threads} (OMP_NUM_THREADS {report.omp_threads or 'is not set'})"
    yield "Precision", f"{report.probe.faster}: {report.bf16_reason}{_compared(report.probe)}"
    yield (
        "Speed",
        f"about {report.probe.best:,.0f} images/s for a 64-pixel DCGAN of width 64: "
        f"{_rounded(report.probe.best * 1200)} in twenty minutes",
    )
    yield "Libraries", ", ".join(f"{name} {versions[name]}" for name in _LIBRARIES)
    yield "Extras", ", ".join(_extra(name, here) for name, here in report.extras.items())


def _slow_device(report: Report) -> Iterator[str]:
    if report.idle_card:
        yield (
            "A NVIDIA card is here, but this PyTorch was built without CUDA: "
            "install the build that pytorch.org names for this system."
        )
    if report.device == "cpu":
        hours = 130_000 / report.probe.best / 3600
        yield (
            f"Training on the processor: allow {_duration(hours)} for first results at 64 pixels and four "
            "times as long for each doubling; --preset auto fits the network to the minutes given."
        )
    if report.bf16 and report.probe.faster == "fp32" and not _is_busy(report.machine):
        yield "bf16 was slower than fp32 in the probe, though the device offers it: try --precision fp32."
    if report.probe.bf16 is None and report.device == "cpu":
        yield "Without bf16 a step takes about twice as long as on processors that have it."


def _slow_threads(report: Report) -> Iterator[str]:
    cores, threads = report.machine.cores_usable, report.threads
    if threads > cores:
        yield f"PyTorch uses {threads} threads on {cores} usable cores: set OMP_NUM_THREADS={cores}."
    if threads < cores and report.omp_threads:
        yield f"PyTorch uses {threads} of {cores} usable cores, because OMP_NUM_THREADS={report.omp_threads}."
    if _is_busy(report.machine):
        yield f"Other programs keep about {report.machine.load:.0f} cores busy: alone, training is faster."


def _scarce(report: Report) -> Iterator[str]:
    machine = report.machine
    if 0 < machine.memory_free < 2 * _GIB:
        yield "Little memory is free: close other programs, or use a smaller --batch-size or resolution."
    if machine.disk_free < 2 * _GIB:
        yield "Little disk space is free here: put runs on another disk with --run."


def _is_busy(machine: Machine) -> bool:
    return machine.load > machine.cores_usable / 2


def _compared(probe: Probe) -> str:
    if probe.bf16 is None:
        return ""
    fast, slow = (probe.bf16, probe.fp32) if probe.faster == "bf16" else (probe.fp32, probe.bf16)
    other = "fp32" if probe.faster == "bf16" else "bf16"
    return f"; in the probe {fast / slow:.1f} times as fast as {other}"


def _extra(name: str, here: bool) -> str:
    return f"{name} yes" if here else f"{name} no (pip install 'gansuite[{name}]')"


def _size(template: str, count: int) -> str:
    return template.format(f"{count / _GIB:.1f} GiB") if count else ""


def _rounded(count: float) -> str:
    return f"{round(count, -3):,.0f} pictures" if count >= 10_000 else f"{round(count, -2):,.0f} pictures"


def _duration(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1.5 else f"{max(1, round(hours * 60))} minutes"
