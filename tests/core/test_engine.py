"""Devices, precision, and a process that is alone. Several processes are in test_distributed."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gansuite.core import engine
from gansuite.core.engine import EAGER, Compiler, World, autocast, find_compiler, find_device, has_bf16, join
from gansuite.core.errors import GansuiteError


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))
def test_ranks_and_micro_batches_share_the_rows_without_gap_or_overlap(size: int, parts: int, share: int) -> None:
    total = size * parts * share
    owned = [
        row
        for rank in range(size)
        for part in range(parts)
        for row in range(total)[World(rank, size).rows(total, part, parts)]
    ]
    assert owned == list(range(total))


def test_only_the_first_process_writes() -> None:
    assert [World(rank, 3).leads for rank in range(3)] == [True, False, False]


# ------------------------------------------------------------------ alone


def test_a_process_that_is_alone_agrees_with_itself() -> None:
    world, values = World(), torch.tensor([1.0, 2.0])
    assert world.agree(15) == 15
    assert world.latest(2.5) == 2.5
    assert torch.equal(world.sum(values), values)
    world.wait()


def test_gradients_of_one_process_stay_as_they_are() -> None:
    layer = nn.Linear(2, 1)
    layer.weight.grad = torch.ones(1, 2)
    World().sum_gradients([layer])
    assert layer.bias.grad is None
    assert torch.equal(layer.weight.grad, torch.ones(1, 2))


def test_what_the_leader_meets_reaches_the_caller() -> None:
    done: list[int] = []
    World().lead(lambda: done.append(1))
    assert done == [1]

    def fail() -> None:
        raise GansuiteError("The disk is full.", "Free some space.", 7)

    with pytest.raises(GansuiteError, match="disk is full") as caught:
        World().lead(fail)
    assert caught.value.exit_code == 7


def test_any_error_of_the_leader_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        World().lead(lambda: 1 / 0)


def test_joining_alone_needs_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with join("cpu") as world:
        assert (world.rank, world.size, world.device.type) == (0, 1, "cpu")


def test_threads_can_be_chosen() -> None:
    before = torch.get_num_threads()
    try:
        with join("cpu", threads=1):
            assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


# ------------------------------------------------------------------ devices


def test_devices_by_name() -> None:
    assert find_device("cpu") == torch.device("cpu")
    assert find_device().type in ("cpu", "cuda", "mps")


def test_without_accelerators_auto_is_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert find_device("auto").type == "cpu"


def test_an_unknown_kind_of_device_is_refused() -> None:
    with pytest.raises(GansuiteError, match="'gpu'") as caught:
        find_device("gpu")
    assert "cuda" in caught.value.remedy


@pytest.mark.parametrize("name", ["cuda", "cuda:3", "mps"])
def test_a_device_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(GansuiteError, match=f"'{name}'") as caught:
        find_device(name)
    assert "gansuite doctor" in caught.value.remedy
    assert caught.value.exit_code == 2


def test_the_second_card_of_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert find_device("cuda:0").index == 0
    with pytest.raises(GansuiteError, match="finds 1 cuda device"):
        find_device("cuda:1")


@pytest.mark.parametrize("name", ["meta", "xla"])
def test_devices_that_cannot_train_are_refused(name: str) -> None:
    with pytest.raises(GansuiteError, match=name):
        find_device(name)


# ------------------------------------------------------------------ precision


def test_bf16_is_read_from_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    for capabilities, there in (({"amx_bf16": True}, True), ({"avx512_bf16": True}, True), ({"avx2": True}, False)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found, raising=False)
        assert has_bf16(torch.device("cpu")) is there
    assert not has_bf16(torch.device("mps"))


@pytest.mark.parametrize(("precision", "wanted"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_precision_of_the_forward_pass(precision: str, wanted: torch.dtype) -> None:
    layer = nn.Linear(4, 4)
    with autocast(torch.device("cpu"), precision):
        assert layer(torch.ones(2, 4)).dtype == wanted
    assert layer(torch.ones(2, 4)).dtype == torch.float32


@pytest.mark.parametrize("there", [True, False])
def test_auto_takes_bf16_where_it_is_fast(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(engine, "has_bf16", lambda device: there)
    with autocast(torch.device("cpu"), "auto"):
        found = nn.Linear(4, 4)(torch.ones(2, 4)).dtype
    assert found == (torch.bfloat16 if there else torch.float32)


@pytest.mark.parametrize("precision", ["fp16", "float32", ""])
def test_other_precisions_are_refused(precision: str) -> None:
    with pytest.raises(GansuiteError, match="no precision") as caught:
        autocast(torch.device("cpu"), precision)
    assert "bf16" in caught.value.remedy


# ------------------------------------------------------------------ compiling


def broken(*args: object, **options: object) -> object:
    raise RuntimeError("Cannot find a working Triton installation.\nSee a long page.")


@pytest.mark.parametrize(("device", "choice"), [("cpu", "auto"), ("mps", "auto"), ("cpu", "off"), ("cuda", "off")])
def test_nothing_is_compiled_where_it_does_not_pay(device: str, choice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", broken)
    layer = nn.Linear(2, 2)
    assert find_compiler(torch.device(device), choice) is EAGER
    assert EAGER(layer) is layer
    assert EAGER.reason == ""


def test_on_compiles_after_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def compile_(module: nn.Module, backend: str, dynamic: bool) -> nn.Module:
        tried.append(backend)
        return module

    monkeypatch.setattr(torch, "compile", compile_)
    assert find_compiler(torch.device("cpu"), "on") == Compiler("inductor")
    assert tried == ["inductor"]


def test_auto_goes_on_eagerly_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    ones = torch.ones
    monkeypatch.setattr(torch, "ones", lambda *size, device, requires_grad: ones(*size, requires_grad=requires_grad))
    monkeypatch.setattr(torch, "compile", broken)
    found = find_compiler(torch.device("cuda"), "auto")
    assert found.backend is None
    assert found.reason == (
        "torch.compile does not work here (Cannot find a working Triton installation.): nothing is compiled."
    )


def test_on_where_it_does_not_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", broken)
    with pytest.raises(GansuiteError, match="compile is on, but torch") as caught:
        find_compiler(torch.device("cpu"), "on")
    assert caught.value.remedy == "Leave it at auto."


def test_another_choice_is_refused() -> None:
    with pytest.raises(GansuiteError, match="compile cannot be 'yes'") as caught:
        find_compiler(torch.device("cpu"), "yes")
    assert "auto, on, off" in caught.value.remedy


def test_what_is_compiled_shares_the_weights_and_keeps_their_names() -> None:
    layer = nn.Linear(2, 2)
    fast = Compiler("eager")(layer)
    with torch.no_grad():
        layer.weight.fill_(2.0)
        layer.bias.zero_()
    assert torch.equal(fast(torch.ones(1, 2)), torch.full((1, 2), 4.0))
    fast(torch.ones(1, 2)).sum().backward()
    assert layer.weight.grad is not None
    assert list(layer.state_dict()) == ["weight", "bias"]
