"""Letter to sound: how a word that nobody has written down is probably pronounced.

Every letter stands for none, one or two phones (a chunk). Decision trees choose the chunk of each letter from the last
one back to the first, by the letters around it, the chunks chosen already, and the stresses heard so far. `learn` grows
the trees, one for each letter, from a dictionary.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gansuite.poetry.sounds.phones import PRIMARY, VOWEL, Sound, encode, lowered, stressed, stresses

Features = list[int]
Choose = Callable[[int, Features], int]

REACH = 5  # letters to either side that a question may ask about
FEATURES = 2 * REACH + 7
LETTERS = 26
_NO_STRESS, _MANY = 3, 4
LEAF = 255
_VOWEL_GROUP = re.compile("[aeiouy]+")
_FIRST_PRIMARY = re.compile(PRIMARY)


@dataclass(frozen=True, eq=False)
class Rules:
    """Decision trees, one for each letter.

    Attributes:
        chunks: what a letter may stand for.
        roots: for each of the 26 letters, where its tree begins in the columns.
        feature: which feature a node asks about; 255 in a leaf.
        value: the value that it must have for a yes; in a leaf, the chunk.
        skip: how many nodes lie between a node and its no; its yes is the next one.
    """

    chunks: tuple[Sound, ...]
    roots: tuple[int, ...]
    feature: list[int]
    value: list[int]
    skip: list[int]

    def __call__(self, word: str) -> Sound:
        """The likely sound of a word, of which only the letters a to z count; never empty for one with letters."""
        letters = letters_of(word)
        chosen = read(letters, self.chunks, lambda place, seen: self._choose(letters[place], seen))
        return mended("".join(self.chunks[number] for number in chosen))

    def _choose(self, letter: int, seen: Features) -> int:
        feature, value, skip = self.feature, self.value, self.skip
        node = self.roots[letter - 1]
        while feature[node] != LEAF:
            node += 1 if seen[feature[node]] == value[node] else 1 + skip[node]
        return value[node]


def letters_of(word: str) -> list[int]:
    """Its letters as numbers, 1 to 26; other signs are left out."""
    return [ord(letter) - 96 for letter in word if "a" <= letter <= "z"]


def read(letters: list[int], chunks: tuple[Sound, ...], choose: Choose) -> list[int]:
    """The chunk of every letter, chosen from the last letter to the first.

    Args:
        letters: numbers of letters, 1 to 26.
        chunks: what the numbers that `choose` returns stand for.
        choose: a number for the letter at that place, which sees these `FEATURES`: the 5 letters before it and the 5
            after it (0 beyond the word); the chunks of the next two letters (their number + 1, or 0); how many vowels
            are spoken after it; whether a stress is among them (1 primary, 2 secondary only); the stress of the next
            vowel (3 without one); how many groups of vowel letters stand before it; and its own place.
    """
    padded = [0] * REACH + letters + [0] * REACH
    groups = _groups_before(letters)
    chosen = [-1] * (len(letters) + 2)
    vowels, heard, nearest = 0, 0, _NO_STRESS
    for place in range(len(letters) - 1, -1, -1):
        around = padded[place : place + REACH] + padded[place + REACH + 1 : place + 2 * REACH + 1]
        state = [chosen[place + 1] + 1, chosen[place + 2] + 1, min(vowels, _MANY), heard, nearest]
        chosen[place] = choose(place, [*around, *state, min(groups[place], _MANY), min(place, 6)])
        for stress in stresses(chunks[chosen[place]])[::-1]:
            vowels, nearest = vowels + 1, int(stress)
            heard = 1 if nearest == 1 else heard or nearest
    return chosen[: len(letters)]


def mended(sound: Sound) -> Sound:
    """The sound with at least one vowel and exactly one primary stress."""
    if not re.search(VOWEL, sound):
        return encode("AH1") + sound
    primary = _FIRST_PRIMARY.search(sound)
    if primary is not None:
        return sound[: primary.end()] + lowered(sound[primary.end() :])
    pattern = stresses(sound)
    wanted = pattern.find("2") if "2" in pattern else max(0, len(pattern) - 3)
    place = [found.start() for found in re.finditer(VOWEL, sound)][wanted]
    return sound[:place] + stressed(sound[place]) + sound[place + 1 :]


def pack_rules(rules: Rules) -> bytes:
    """The rules in few bytes: a line of JSON, then the columns, that of `skip` as its low and its high bytes."""
    head = json.dumps({"chunks": rules.chunks, "roots": rules.roots}).encode("ascii")
    low, high = bytes(skip % 256 for skip in rules.skip), bytes(skip // 256 for skip in rules.skip)
    raw = head + b"\n" + bytes(rules.feature) + bytes(rules.value) + low + high
    return lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME)


def unpack_rules(packed: bytes) -> Rules:
    """Packed rules."""
    head, _, raw = lzma.decompress(packed).partition(b"\n")
    said = json.loads(head)
    feature, value, low, high = (raw[start : start + len(raw) // 4] for start in range(0, len(raw), len(raw) // 4))
    skip = [less + 256 * more for less, more in zip(low, high, strict=True)]
    return Rules(tuple(said["chunks"]), tuple(said["roots"]), list(feature), list(value), skip)


@cache
def bundled_rules() -> Rules:
    """The rules that come with the package, grown from CMUdict."""
    return unpack_rules((files(__package__) / "data" / "rules.xz").read_bytes())


def _groups_before(letters: list[int]) -> list[int]:
    """How many groups of vowel letters begin before each place."""
    text = "".join(chr(96 + letter) for letter in letters)
    begins = [found.start() for found in _VOWEL_GROUP.finditer(text)]
    return [sum(begin < place for begin in begins) for place in range(len(letters))]
