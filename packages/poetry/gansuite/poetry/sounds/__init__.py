"""How English sounds: pronunciation, syllables, stress and rhyme, without network and without training."""

from gansuite.poetry.sounds.phones import Sound, decode, encode, stresses
from gansuite.poetry.sounds.rhyme import Ending, Rhyme, ending_of, ending_of_line, grade, rhyme
from gansuite.poetry.sounds.voice import Voice, english
from gansuite.poetry.sounds.words import plain_word, words_of

__all__ = [
    "Ending",
    "Rhyme",
    "Sound",
    "Voice",
    "decode",
    "encode",
    "ending_of",
    "ending_of_line",
    "english",
    "grade",
    "plain_word",
    "rhyme",
    "stresses",
    "words_of",
]
