"""How words are spoken: from the dictionary, built from known words, or by letter-to-sound rules."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.poetry.sounds import Voice, decode, encode, english, stresses
from gansuite.poetry.sounds.derive import derived, with_d, with_s
from gansuite.poetry.sounds.dictionary import bundled
from gansuite.poetry.sounds.learn import grow
from gansuite.poetry.sounds.letters import bundled_rules, mended, pack_rules, read, unpack_rules
from gansuite.poetry.sounds.rhyme import tail_of
from gansuite.poetry.sounds.voice import DERIVED, DICTIONARY, RULES

KNOWN = {
    "heed": "HH IY1 D",
    "less": "L EH1 S",
    "sea": "S IY1",
    "foam": "F OW1 M",
    "smile": "S M AY1 L",
    "wandering": "W AA1 N D ER0 IH0 NG",
    "wait": "W EY1 T",
    "hope": "HH OW1 P",
    "hop": "HH AA1 P",
    "rose": "R OW1 Z",
    "heaven": "HH EH1 V AH0 N",
    "power": "P AW1 ER0",
    "memory": "M EH1 M ER0 IY0",
    "splendor": "S P L EH1 N D ER0",
    "gentle": "JH EH1 N T AH0 L",
    "happy": "HH AE1 P IY0",
    "quiet": "K W AY1 AH0 T",
    "love": "L AH1 V",
    "self": "S EH1 L F",
    "up": "AH1 P",
    "know": "N OW1",
    "leg": "L EH1 G",
    "end": "EH1 N D",
}


def known(word: str) -> tuple[str, ...]:
    return (encode(KNOWN[word]),) if word in KNOWN else ()


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("roses", "R OW1 Z AH0 Z"),
        ("hopes", "HH OW1 P S"),
        ("love's", "L AH1 V Z"),
        ("smil'd", "S M AY1 L D"),
        ("waited", "W EY1 T AH0 D"),
        ("hoped", "HH OW1 P T"),
        ("hopped", "HH AA1 P T"),
        ("hoping", "HH OW1 P IH0 NG"),
        ("wand'ring", "W AA1 N D R IH0 NG"),
        ("heav'n", "HH EH1 V N"),
        ("pow'r", "P AW1 R"),
        ("mem'ry", "M EH1 M R IY0"),
        ("lovèd", "L AH1 V AH0 D"),
        ("knowest", "N OW1 AH0 S T"),
        ("know'st", "N OW1 S T"),
        ("loveth", "L AH1 V AH0 TH"),
        ("heedless", "HH IY1 D L AH0 S"),
        ("happiness", "HH AE1 P IY0 N AH0 S"),
        ("gently", "JH EH1 N T L IY0"),
        ("unquiet", "AH0 N K W AY1 AH0 T"),
        ("splendour", "S P L EH1 N D ER0"),
        ("loue", "L AH1 V"),
        ("selfe", "S EH1 L F"),
        ("vp", None),
        ("vpon", None),
        ("seafoam", "S IY1 F OW2 M"),
        ("legend", None),
        ("xyzzy", None),
        ("s", None),
        ("", None),
    ],
)
def test_words_are_built_from_known_ones(word: str, phones: str | None) -> None:
    assert [decode(sound) for sound in derived(word, known)] == ([phones] if phones else [])


def test_endings_sound_like_what_they_follow() -> None:
    assert [decode(with_s(encode(p))) for p in ("K AE1 T", "D AO1 G", "HH AO1 R S")] == [
        "K AE1 T S",
        "D AO1 G Z",
        "HH AO1 R S AH0 Z",
    ]
    assert [decode(with_d(encode(p))) for p in ("L UH1 K", "L AH1 V", "W EY1 T")] == [
        "L UH1 K T",
        "L AH1 V D",
        "W EY1 T AH0 D",
    ]


@pytest.mark.parametrize(
    ("word", "phones", "source"),
    [
        ("Night", "N AY1 T", DICTIONARY),
        ("'night'", "N AY1 T", DICTIONARY),
        ("o’er", "AO1 R", DICTIONARY),
        ("'tis", "T IH1 Z", DICTIONARY),
        ("thou'rt", "DH AW1 R T", DICTIONARY),
        ("th'", "DH", DICTIONARY),
        ("7", "S EH1 V AH0 N", DICTIONARY),
        ("heedlessness", "HH IY1 D L AH0 S N AH0 S", DERIVED),
        ("pass'd", "P AE1 S T", DERIVED),
        ("smites", "S M AY1 T S", DERIVED),
        ("defiled", "D IH0 F AY1 L D", DERIVED),
        ("seafoam", "S IY1 F OW2 M", DERIVED),
        ("blent", "B L EH1 N T", RULES),
        ("skiddaw's", "S K IH1 D AO2 Z", RULES),
    ],
)
def test_the_bundled_voice_pronounces_verse(word: str, phones: str, source: str) -> None:
    assert decode(english()(word)[0]) == phones
    assert english().source(word) == source


def test_a_word_may_have_several_pronunciations() -> None:
    assert {decode(sound) for sound in english()("read")} == {"R EH1 D", "R IY1 D"}
    assert len(english()("read'st")) == 2


def test_word_building_is_right_about_words_that_are_held_out() -> None:
    words = dict(bundled())
    draw = random.Random(5)
    ends = ("ness", "ing", "ed", "'s", "s", "less", "ment", "ly")
    held = draw.sample(sorted(word for word in words if word.endswith(ends)), 1500)
    voice = Voice({word: sounds for word, sounds in words.items() if word not in set(held)}, bundled_rules())
    built = [word for word in held if voice.source(word) == DERIVED]
    assert len(built) > 800
    right = rhymes = 0
    for word in built:
        said, known = voice(word)[0], words[word].split(" ")
        right += any(len(stresses(said)) == len(stresses(one)) for one in known)
        rhymes += any(tail_of(said)[0] == tail_of(one)[0] for one in known if tail_of(one))  # type: ignore[index]
    assert right / len(built) > 0.97
    assert rhymes / len(built) > 0.9


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=25))
@settings(max_examples=60, deadline=None)
def test_rules_give_any_word_one_main_stress(word: str) -> None:
    assert stresses(bundled_rules()(word)).count("1") == 1


def test_rules_learned_from_few_words_count_the_syllables_of_others() -> None:
    words = {word: sounds for word, sounds in bundled().items() if word.isalpha() and word.isascii() and len(word) < 7}
    chosen = random.Random(3).sample(sorted(words), 2000)
    held = chosen[:300]
    grown = grow({word: words[word] for word in chosen[300:]})
    rules = unpack_rules(pack_rules(grown))
    assert [rules(word) for word in held] == [grown(word) for word in held]
    right = sum(len(stresses(rules(word))) == len(stresses(words[word].split(" ")[0])) for word in held)
    assert right / len(held) > 0.75  # 0.95 with the whole dictionary


def test_letters_are_read_from_the_last_to_the_first_with_all_that_is_known() -> None:
    seen: dict[int, list[int]] = {}
    chunks = ("", encode("AY1"), encode("N"), encode("T"))

    def choose(place: int, features: list[int]) -> int:
        seen[place] = features
        return {0: 2, 1: 1, 2: 0, 3: 0, 4: 3}[place]

    assert read([14, 9, 7, 8, 20], chunks, choose) == [2, 1, 0, 0, 3]  # night
    assert list(seen) == [4, 3, 2, 1, 0]
    assert seen[4] == [0, 14, 9, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 4]
    assert seen[0] == [0, 0, 0, 0, 0, 9, 7, 8, 20, 0, 2, 1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("phones", "meant"),
    [
        ("HH M", "AH1 HH M"),
        ("S K IH0 D AO2", "S K IH0 D AO1"),
        ("B AA0 N AH0 N AH0", "B AA1 N AH0 N AH0"),
        ("K AE1 T AE1 T", "K AE1 T AE2 T"),
        ("N AY1 T", "N AY1 T"),
    ],
)
def test_a_guess_is_mended_to_have_one_main_stress(phones: str, meant: str) -> None:
    assert decode(mended(encode(phones))) == meant
