"""Pack the pronouncing dictionary, grow the letter-to-sound rules, and measure both where the dictionary is silent.

    python benchmarks/poetry_sounds.py cmudict.dict.xz --poems poems.jsonl.xz [--write]

The figures are of words held out at random: neither the rules nor the word building have seen them. With `--poems`,
also of those among them that occur in poems, and the speed of syllables and rhyme on their lines. `--write` puts what
is grown from the whole dictionary into the package.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from gansuite.poetry.scheme import scheme_of_endings
from gansuite.poetry.sounds import Voice, english, stresses, words_of
from gansuite.poetry.sounds.dictionary import pack, read_cmudict
from gansuite.poetry.sounds.learn import grow
from gansuite.poetry.sounds.letters import Rules, pack_rules
from gansuite.poetry.sounds.rhyme import tail_of
from gansuite.poetry.verse import read_line

DATA = Path(__file__).parents[1] / "packages/poetry/gansuite/poetry/sounds/data"
HELD_OUT = 0.1


def opened(path: Path) -> Iterable[str]:
    """The lines of a text, packed by xz or not."""
    return lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8")


def said_like(sound: str, known: Sequence[str]) -> tuple[bool, bool]:
    """Whether a sound has the syllables, and the rhyming part, of any known pronunciation."""
    tail = tail_of(sound)
    syllables = any(len(stresses(sound)) == len(stresses(one)) for one in known)
    return syllables, any((other := tail_of(one)) and tail and other[0] == tail[0] for one in known)


def row(name: str, words: Sequence[str], dictionary: dict[str, str], voice: Voice | Rules) -> str:
    """A line of figures about these words."""
    sounds = [said if isinstance(said := voice(word), str) else said[0] for word in words]
    right = [said_like(sound, dictionary[word].split(" ")) for word, sound in zip(words, sounds, strict=True)]
    syllables, rhymes = (sum(column) / len(words) for column in zip(*right, strict=True))
    return f"{name:<42} {len(words):>6} words   syllables {syllables:.1%}   rhyming part {rhymes:.1%}"


def loading() -> str:
    """How long the voice takes to load."""
    began = time.process_time()
    english()
    return f"dictionary and rules loaded in {time.process_time() - began:.2f} s"


def speed(poems: Sequence[Sequence[str]]) -> str:
    """How fast lines are counted and rhymed by a voice that has heard nothing yet."""
    voice = english()
    began = time.process_time()
    for lines in poems:
        scheme_of_endings([read_line(line, voice).ending for line in lines])
    count = sum(map(len, poems))
    return f"{count} lines counted and rhymed, {count / (time.process_time() - began):,.0f} a second"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dictionary", type=Path)
    parser.add_argument("--poems", type=Path, help="JSON lines with a field `poem`")
    parser.add_argument("--seed", type=int, default=2)  # word building was mended by looking at the words of seed 1
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    print(loading())
    dictionary = read_cmudict(opened(args.dictionary))
    if args.write:
        for name, packed in (("cmudict.xz", pack(dictionary)), ("rules.xz", pack_rules(grow(dictionary)))):
            (DATA / name).write_bytes(packed)
            print(f"{name}: {len(packed):,} bytes")
    words = sorted(dictionary)
    random.Random(args.seed).shuffle(words)
    cut = round(len(words) * HELD_OUT)
    seen = {word: dictionary[word] for word in words[cut:]}
    rules = grow(seen)
    voice = Voice(seen, rules)
    held = [word for word in words[:cut] if any("a" <= letter <= "z" for letter in word)]
    print(row("held out: rules alone", held, dictionary, rules))
    print(row("held out: word building, else rules", held, dictionary, voice))
    if args.poems:
        poems = [json.loads(line)["poem"].split("\n") for line in opened(args.poems)]
        used = {word.lower().replace("’", "'") for lines in poems for line in lines for word in words_of(line)}
        print(row("the same, of words in the poems", [word for word in held if word in used], dictionary, voice))
        print(speed(poems[::10]))


if __name__ == "__main__":
    main()
