"""The .npz of pypianoroll, both ways, and what must never reach it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pypianoroll
import pytest
from hypothesis import given, settings

from gansuite.core.sources import Unreadable
from gansuite.music.guard import Limits
from gansuite.music.lpd import open_lpd, read_lpd, write_lpd
from gansuite.music.roll import HOLD, LOWEST, ONSET, Roll

from .hostile import npz, pianoroll
from .test_midi import rolls, table


def saved(piece: pypianoroll.Multitrack, folder: Path) -> bytes:
    piece.save(str(folder / "song.npz"))
    return (folder / "song.npz").read_bytes()


def track(lines: dict[int, list[int]], program: int = 0, is_drum: bool = False) -> pypianoroll.StandardTrack:
    """A track of eight beats at two steps a beat, velocities by pitch."""
    cells = np.zeros((16, 128), np.uint8)
    for pitch, values in lines.items():
        cells[: len(values), pitch] = values
    return pypianoroll.StandardTrack(program=program, is_drum=is_drum, pianoroll=cells)


@given(rolls())
@settings(max_examples=12, deadline=None)
def test_a_roll_comes_back_cell_by_cell(roll: Roll) -> None:
    back = read_lpd(write_lpd(roll)).roll(roll.steps_per_beat)
    assert np.array_equal(back.cells[:, : roll.steps], roll.cells)
    assert not back.cells[:, roll.steps :].any()  # of a single bar it does not say how long a bar is
    assert roll.velocity is not None
    assert back.velocity is not None
    assert np.abs(back.velocity[:, : roll.steps].astype(int) - roll.velocity).max(initial=0) <= 1
    assert back.tempo == roll.tempo


def test_what_is_written_is_what_pypianoroll_loads_and_can_write_as_midi() -> None:
    cells = np.zeros((5, 32, 84), np.uint8)
    cells[3, 0, 10], cells[3, 1:4, 10], cells[3, 4, 10] = ONSET, HOLD, ONSET
    piece = pypianoroll.load(io.BytesIO(write_lpd(Roll(cells, tempo=96.0), "mine")))
    piece.validate()
    assert (piece.name, piece.resolution, len(piece.tracks)) == ("mine", 4, 5)
    assert [found.program for found in piece.tracks] == [0, 0, 27, 33, 48]
    assert [found.is_drum for found in piece.tracks] == [True, False, False, False, False]
    assert piece.tracks[3].pianoroll[:6, 10 + LOWEST].tolist() == [90, 90, 90, 90, 89, 0]
    assert np.flatnonzero(piece.downbeat).tolist() == [0, 16]
    notes = piece.to_pretty_midi().instruments
    assert sum(len(played.notes) for played in notes) >= 1


def test_what_pypianoroll_saves_is_read(tmp_path: Path) -> None:
    downbeat = np.arange(16) % 6 == 0
    piece = pypianoroll.Multitrack(
        "waltz",
        resolution=2,
        tempo=np.full(16, 84.0),
        downbeat=downbeat,
        tracks=[track({60: [80, 80, 70, 0, 70]}, program=33), track({36: [99, 0, 99]}, is_drum=True)],
    )
    score = read_lpd(saved(piece, tmp_path))
    assert table(score) == [
        (-1, 0, 1, 36, 99),
        (-1, 2, 3, 36, 99),
        (33, 0, 2, 60, 80),
        (33, 2, 3, 60, 70),
        (33, 4, 5, 60, 70),
    ]
    assert (score.ticks_per_beat, score.tempo, score.meter, score.last) == (2, 84.0, (3, 4), 16)


def test_bare_and_two_dimensional_files_are_read(tmp_path: Path) -> None:
    cells = np.zeros((16, 128), bool)
    cells[2:5, 60] = True
    binary = pypianoroll.Multitrack(resolution=2, tracks=[pypianoroll.BinaryTrack(program=0, pianoroll=cells)])
    score = read_lpd(saved(binary, tmp_path))
    assert table(score) == [(0, 2, 5, 60, 90)]
    assert (score.tempo, score.meter) == (120.0, (4, 4))
    odd = pypianoroll.Multitrack(resolution=2, tracks=[track({60: [80]})])
    odd.tempo, odd.downbeat = np.full((16, 1), 110.0), np.arange(16).reshape(-1, 1) % 8 == 0  # as its own reader makes
    score = read_lpd(saved(odd, tmp_path))
    assert (score.tempo, score.meter) == (110.0, (4, 4))


def test_a_file_of_the_old_kind_is_read() -> None:
    data = pianoroll(resolution=None, beat_resolution=4)
    assert table(read_lpd(data)) == [(0, 2, 6, 60, 80)]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (pianoroll(index=96), "together"),
        (pianoroll(index=-1), "together"),
        (pianoroll(claimed=10**7), "beats"),
        (pianoroll(resolution="4"), "resolution"),
        (pianoroll(resolution=0), "resolution"),
        (pianoroll(**{"0": 3}), "together"),
        (pianoroll(**{"1": {"name": "second"}}), "track missing"),
        (npz(info__json=b"[]"), "info.json"),
        (npz(info__json=b"\xff"), "info.json"),
        (npz(info__json=b"[" * 100_000), "info.json"),
        (npz(info__json=json.dumps({"name": "x", "resolution": 4}).encode()), "no notes"),
        (npz(), "neither"),
        (pianoroll()[:-30], "damaged"),
        (b"", "damaged"),
    ],
)
def test_what_does_not_fit_together_never_reaches_scipy(data: bytes, word: str) -> None:
    with pytest.raises(Unreadable, match=word):
        open_lpd(data)


def test_limits_are_kept() -> None:
    with pytest.raises(Unreadable, match="notes"):
        read_lpd(pianoroll(), Limits(notes=0))
    with pytest.raises(Unreadable, match="MB"):
        read_lpd(pianoroll(), Limits(array_bytes=10))
