"""Copies, near copies and repetitions, and how much of the variety of real music is reached."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.music.measures import coverage, describe, fingerprint, memorisation, nearest, table, uniqueness
from gansuite.music.measures.memory import ones, ones_by_table
from gansuite.music.roll import TRACKS, Cells

from .hand_rolls import C, E, G, roll
from .test_measures_table import music


def phrase(*notes: tuple[int, int, int]) -> Cells:
    return roll(*notes)[:, None]


def random_phrases(
    seed: int, count: int, shape: tuple[int, int, int] = (2, 16, 12), density: float = 0.1
) -> np.ndarray:
    return np.random.default_rng(seed).random((count, *shape)) < density


def test_the_nearest_phrase_by_hand() -> None:
    train = np.concatenate([phrase((C, 0, 4)), phrase((C, 0, 8), (E, 0, 4)), phrase((G, 0, 16))])
    samples = np.concatenate([phrase((C, 0, 8)), phrase((E, 8, 4)), phrase((G, 0, 16))])
    indices, distances = nearest(fingerprint(train), fingerprint(samples))
    assert indices.tolist() == [1, 0, 2]  # all are equally far from the second: the first of them
    assert distances.tolist() == pytest.approx([1 - 8 / 12, 1, 0])
    indices, distances = nearest(fingerprint(train), fingerprint(samples), "hamming")
    assert indices.tolist() == [0, 0, 2]
    assert distances.tolist() == [4, 8, 0]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 20),
    st.integers(0, 20),
    st.tuples(st.integers(1, 3), st.integers(1, 140), st.integers(1, 9)),
    st.sampled_from([0.0, 0.02, 0.5]),
)
def test_the_search_equals_the_direct_one(
    seed: int, trained: int, made: int, shape: tuple[int, int, int], density: float
) -> None:
    train, samples = random_phrases(seed, trained, shape, density), random_phrases(seed + 1, made, shape, density)
    differing = (train[None] != samples[:, None]).sum(axis=(2, 3, 4))
    either = (train[None] | samples[:, None]).sum(axis=(2, 3, 4))
    for name, direct in (("hamming", differing), ("jaccard", differing / np.maximum(either, 1))):
        indices, distances = nearest(fingerprint(train), fingerprint(samples), name)
        np.testing.assert_allclose(distances, direct.min(axis=1), atol=1e-12)
        np.testing.assert_allclose(direct[np.arange(made), indices], distances, atol=1e-12)


def test_phrases_may_come_in_parts_and_only_what_sounds_counts() -> None:
    cells = music(300, seed=3)
    whole, parts = fingerprint(cells), fingerprint(cells[start : start + 100] for start in range(0, 300, 100))
    assert (whole.words == parts.words).all()
    assert (fingerprint(cells > 0).words == whole.words).all()
    assert whole.sizes.tolist() == (cells > 0).sum(axis=(1, 2, 3)).tolist()
    assert len(parts) == 300


def test_bits_are_counted_alike_with_old_and_new_numpy() -> None:
    words = np.random.default_rng(0).integers(0, 2**64, (5, 7), dtype=np.uint64)
    words[0, 0], words[0, 1] = 0, 2**64 - 1
    by_hand = [[bin(word).count("1") for word in row] for row in words.tolist()]
    assert ones(words).tolist() == ones_by_table(words).tolist() == by_hand


def test_repetitions_are_not_unique() -> None:
    samples = np.concatenate([random_phrases(0, 8), random_phrases(0, 2)])
    measure = uniqueness(fingerprint(samples))
    assert (measure.value, measure.count) == (0.8, 10)
    assert uniqueness(fingerprint(samples[:8])).value == 1
    assert uniqueness(fingerprint(samples[:0])).count == 0


def test_copies_and_near_copies_are_found() -> None:
    train, held_out = random_phrases(0, 300), random_phrases(1, 200)
    near = train[5:9].copy()
    near[:, 0, 0, 0] ^= True
    samples = np.concatenate([random_phrases(2, 92), train[:4], near])
    found = memorisation(fingerprint(train), fingerprint(samples), fingerprint(held_out))
    assert (found.samples, found.copies, found.held_out_copies) == (100, 4, 0)
    assert found.unique.value == 1
    assert found.suspected is not None
    assert found.suspected.value == pytest.approx(0.08, abs=0.03)
    assert found.held_out is not None
    assert found.nearest.value < found.held_out.value
    assert 0.1 < (found.threshold or 0) < 1


def test_without_held_out_phrases_nothing_is_suspected() -> None:
    prints = fingerprint(random_phrases(0, 30))
    for held_out in (None, fingerprint(random_phrases(0, 0))):
        found = memorisation(prints, prints, held_out)
        assert (found.copies, found.nearest.value) == (30, 0)
        assert found.suspected is found.held_out is found.threshold is None


def test_training_music_among_the_held_out_is_counted() -> None:
    train = random_phrases(0, 50)
    found = memorisation(fingerprint(train), fingerprint(random_phrases(1, 20)), fingerprint(train[:7]))
    assert found.held_out_copies == 7


def test_what_cannot_be_compared_is_refused() -> None:
    prints = fingerprint(random_phrases(0, 3))
    with pytest.raises(GansuiteError, match="0 training phrases"):
        nearest(fingerprint(random_phrases(0, 0)), prints)
    with pytest.raises(GansuiteError, match="cannot be compared with samples"):
        nearest(prints, fingerprint(random_phrases(0, 3, (1, 16, 12))))
    with pytest.raises(GansuiteError, match="Did you mean 'jaccard'"):
        nearest(prints, prints, "jacard")
    with pytest.raises(GansuiteError, match="must lie between 0 and 1"):
        memorisation(prints, prints, prints, quantile=0)
    with pytest.raises(GansuiteError, match="not an array of shape"):
        fingerprint(np.zeros((16, 84), bool))
    with pytest.raises(GansuiteError, match="phrases of one shape"):
        fingerprint([random_phrases(0, 1), random_phrases(0, 1, (1, 16, 12))])
    with pytest.raises(GansuiteError, match=r"phrases of one shape, but found \[\]"):
        fingerprint([])


def test_a_phrase_is_described_by_its_own_table() -> None:
    cells = music(3, seed=1)
    points = describe(cells)
    for row, point in zip(cells, points, strict=True):
        alone = table(row[None])
        for name in ("empty_bars", "polyphony", "scale_consistency", "tonal_distance"):
            for figure in alone[name].values():
                assert np.isclose(point, figure.value).any()
    assert points.shape == (3, len(describe(cells[:1])[0]))


def test_variety_is_covered_by_its_like_and_not_by_one_phrase_nor_by_noise() -> None:
    real = np.concatenate([music(60, seed=1), np.roll(music(60, seed=2), 3, axis=2)])
    same, single = coverage(real[::2], real[1::2]), coverage(real[::2], np.repeat(real[1:2], 60, axis=0))
    noise = np.random.default_rng(0).random((60, 5, 64, 84)) < 0.3
    assert same.coverage > 0.8
    assert single.coverage < 0.2
    assert coverage(real[::2], noise.astype(np.uint8), TRACKS).coverage < 0.05
