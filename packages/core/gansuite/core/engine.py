"""Devices, precision and processes.

Processes are plain `torch.distributed` under `torchrun`: one flat gradient all-reduce per optimiser step, and flags
on which all ranks agree. Overlapping communication with the backward pass is not worth its complexity at GAN sizes.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from gansuite.core.errors import GansuiteError

PRECISIONS = ("auto", "bf16", "fp32")
COMPILES = ("auto", "on", "off")


@dataclass(frozen=True)
class World:
    """This process among its peers.

    Attributes:
        rank: 0 to size - 1.
        size: how many processes train together.
        device: where this process computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = torch.device("cpu")

    @property
    def leads(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def rows(self, total: int, part: int = 0, parts: int = 1) -> slice:
        """The rows of a global batch of `total` that micro-batch `part` of this rank owns."""
        share = total // (self.size * parts)
        start = (self.rank * parts + part) * share
        return slice(start, start + share)

    def sum_gradients(self, modules: Iterable[nn.Module]) -> None:
        """Sum the gradients of all trainable parameters over all ranks, in one flat all-reduce.

        A parameter without a gradient contributes zeros, so ranks can never disagree on the shape; without one on
        any rank it stays without, as in one process.
        """
        if self.size == 1:
            return
        parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
        present = torch.tensor([float(p.grad is not None) for p in parameters], device=self.device)
        flat = torch.cat([*(_gradient(p).reshape(-1) for p in parameters), present])
        dist.all_reduce(flat)
        *parts, present = torch.split(flat, [*(p.numel() for p in parameters), len(parameters)])
        for p, part, there in zip(parameters, parts, present.tolist(), strict=True):
            # in the parameter's own memory format: fused Adam reads both by address
            p.grad = torch.empty_like(p).copy_(part.view_as(p)) if there else None

    def sum(self, values: Tensor) -> Tensor:
        """The element-wise sum of a tensor over all ranks."""
        if self.size > 1:
            values = values.to(self.device)
            dist.all_reduce(values)
        return values

    def agree(self, flag: int) -> int:
        """The largest flag any rank raised: stop, save and roll back happen on all ranks at the same step."""
        if self.size == 1:
            return flag
        raised = torch.tensor([flag], device=self.device)
        dist.all_reduce(raised, op=dist.ReduceOp.MAX)
        return int(raised)

    def latest(self, seconds: float) -> float:
        """The largest of all ranks' clocks, so that schedules in minutes are the same on every rank."""
        if self.size == 1:
            return seconds
        clock = torch.tensor([seconds], device=self.device, dtype=torch.float64)
        dist.all_reduce(clock, op=dist.ReduceOp.MAX)
        return float(clock)

    def lead(self, action: Callable[[], object]) -> None:
        """Let the leading process act while the others wait.

        Raises:
            Exception: what the action raised; every other rank leaves quietly, with the exit code of a
                `GansuiteError` or with 1.
        """
        failure: Exception | None = None
        if self.leads:
            try:
                action()
            except Exception as error:  # whatever it is, the others must not wait for ever
                failure = error
        code = self.agree(getattr(failure, "exit_code", 1) if failure else 0)
        if code:
            raise failure or SystemExit(code)

    def broadcast(self, modules: Iterable[nn.Module]) -> None:
        """Give every rank the parameters and buffers of rank 0."""
        if self.size == 1:
            return
        for module in modules:
            for tensor in [*module.parameters(), *module.buffers()]:
                dist.broadcast(tensor.data, src=0)

    def wait(self) -> None:
        """Until every rank is here."""
        if self.size > 1:
            dist.barrier()


def _gradient(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def find_device(name: str = "auto") -> torch.device:
    """The device of that name: auto, cpu, cuda, cuda:N or mps.

    Raises:
        GansuiteError: when it is not there.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps") if torch.backends.mps.is_available() else torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise GansuiteError(
            f"There is no kind of device called '{name}'.", "Use --device auto, cpu, cuda, cuda:1 or mps."
        ) from error
    _require(device)
    return device


def _require(device: torch.device) -> None:
    there = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }.get(device.type, 0)
    if (device.index or 0) >= there:
        raise GansuiteError(
            f"The device '{device}' was asked for, but PyTorch finds {there or 'no'} {device.type} device here.",
            "Leave --device out to use what there is, or see: gansuite doctor",
        )


@contextmanager
def join(device: str = "auto", threads: int = 0) -> Iterator[World]:
    """Join the processes that `torchrun` started, or be alone.

    Args:
        device: as for `find_device`; under CUDA each local rank takes its own card.
        threads: CPU threads of this process; 0 leaves PyTorch's choice.
    """
    if threads:
        torch.set_num_threads(threads)
    size = int(os.environ.get("WORLD_SIZE", "1"))
    found = find_device(device)
    if size == 1:
        yield World(device=found)
        return
    if found.type == "cuda":
        found = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        _require(found)
        torch.cuda.set_device(found)
    # Its default arguments hold on to the group that is there when it is first imported, and an optimiser imports it:
    # a group held so outlives this block, and its threads abort the process when they meet the closing interpreter.
    importlib.import_module("torch.distributed.nn.functional")
    dist.init_process_group("nccl" if found.type == "cuda" else "gloo")
    try:
        yield World(int(os.environ["RANK"]), size, found)
    finally:
        dist.destroy_process_group()


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 arithmetic is fast on this device: read from the processor's or the card's capabilities."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    return bool(processor_abilities().get("amx_bf16") or processor_abilities().get("avx512_bf16"))


def processor_abilities() -> dict[str, bool]:
    """What the processor can do, by name; empty where PyTorch is too old (before 2.9) to tell."""
    abilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return abilities


def check_precision(precision: str) -> None:
    """Raise `GansuiteError` unless it is auto, bf16 or fp32."""
    if precision not in PRECISIONS:
        raise GansuiteError(f"There is no precision '{precision}'.", f"Use one of: {', '.join(PRECISIONS)}.")


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """The precision of the forward passes: bf16 autocast, or nothing. fp16 is not offered: with two optimisers and
    a penalty it is where GANs meet NaN."""
    check_precision(precision)
    low = precision == "bf16" or (precision == "auto" and has_bf16(device))
    return torch.autocast(device.type, torch.bfloat16) if low else nullcontext()


@dataclass(frozen=True)
class Compiler:
    """Makes forward passes faster where it can; what it makes must not be differentiated twice, and says so if it is.

    Attributes:
        backend: one of `torch.compile`; None leaves every module as it is.
        reason: a sentence on why nothing is compiled, where one might have expected it.
    """

    backend: str | None = None
    reason: str = ""

    def __call__(self, pass_: Callable[..., Any]) -> Callable[..., Any]:
        """A module's forward pass or one of its methods, with its own parameters; the module stays as it is."""
        if self.backend is None:
            return pass_
        compiled: Callable[..., Any] = torch.compile(pass_, backend=self.backend, dynamic=False)
        return compiled


EAGER = Compiler()


def check_compile(choice: str) -> None:
    """Raise `GansuiteError` unless it is auto, on or off."""
    if choice not in COMPILES:
        raise GansuiteError(f"compile cannot be '{choice}'.", f"Use one of: {', '.join(COMPILES)}.")


def find_compiler(device: torch.device, choice: str) -> Compiler:
    """How forward passes are compiled: on a CUDA card (auto) or anywhere (on), after a small trial.

    Raises:
        GansuiteError: the choice is none of auto, on and off; or it is on and the trial fails.
    """
    check_compile(choice)
    if choice == "off" or (choice == "auto" and device.type != "cuda"):
        return EAGER
    compiler = Compiler("inductor")
    try:
        x = torch.ones(8, device=device, requires_grad=True)
        compiler(nn.SiLU())(x).sum().backward()
    except Exception as error:  # a missing compiler, an old card, a broken installation: to a person all are one
        reason = f"torch.compile does not work here ({(str(error).strip() or repr(error)).splitlines()[0][:200]})"
        if choice == "on":
            raise GansuiteError(f"compile is on, but {reason}.", "Leave it at auto.") from error
        return Compiler(reason=f"{reason}: nothing is compiled.")
    return compiler


@contextmanager
def exact_arithmetic(device: torch.device) -> Iterator[None]:
    """float32 without shortcuts: no autocast, no TF32, deterministic kernels, one CPU thread."""
    threads, matmul = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("highest")
    try:
        with (
            torch.autocast(device.type, enabled=False),
            torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False),
        ):
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(matmul)
