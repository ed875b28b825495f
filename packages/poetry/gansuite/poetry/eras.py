"""When a poem was written, told by the years of its author.

Five eras, by the year in which the author was born: one who was born in 1840 wrote at about 35, in 1875.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

ERAS = ("early", "romantic", "victorian", "edwardian", "modern")
BORN_FROM = (0, 1700, 1800, 1850, 1875)  # the first year of birth of each era
UNKNOWN_ERA = -1
PRIME = 35  # years from birth to the middle of an author's work
BIRTH_FIELDS = ("born", "birth", "birth_year", "year_of_birth", "period")
WORK_FIELDS = ("year", "date", "published", "publication_year", "written", "era", "age", "century")
_WORDS = {
    "medieval": 1300,
    "renaissance": 1560,
    "elizabethan": 1560,
    "baroque": 1620,
    "classical": 1680,
    "augustan": 1690,
    "romantic": 1775,
    "victorian": 1825,
    "edwardian": 1860,
    "georgian": 1885,
    "modern": 1890,
    "modernist": 1890,
    "contemporary": 1950,
}
_YEAR = re.compile(r"(?<!\d)(1[0-9]{3}|20[0-9]{2})(?!\d)")
_CENTURY = re.compile(r"(?<!\d)(1[0-9]|2[01])th")
_LIFE = re.compile(r"(?:[(\[,]\s*|\b)(?:b\.|born|c\.)?\s*(1[0-9]{3}|20[0-9]{2})\s*(?:-|–|to|\)|$)", re.IGNORECASE)


def born_of(fields: Mapping[str, Any], author: str) -> int:
    """The year in which the author was born, or about; 0 where no field says anything.

    `born`, `birth_year` and `period` (two years: the middle) tell of the author's birth, years after the author's name
    (`John Keats (1795-1821)`) too; `year`, `date`, `era` and the like tell of the work, `PRIME` years later.
    """
    if year := next((year for name in BIRTH_FIELDS if name in fields and (year := _middle(str(fields[name])))), 0):
        return year
    if year := years_of_author(author):
        return year
    told = [str(fields[name]) for name in WORK_FIELDS if name in fields]
    year = next((year for value in told if (year := _middle(value))), 0)
    return year - PRIME if year else _by_word(" ".join(told))


def years_of_author(author: str) -> int:
    """The year of birth written after a name, `Blake, William (1757-1827)`; 0 without one."""
    found = _LIFE.search(author) if author[-1:] in ")]0123456789" else None
    return int(found[1]) if found else 0


def era_of(born: int) -> int:
    """The index into `ERAS` of an author born in that year, or `UNKNOWN_ERA` for 0."""
    return UNKNOWN_ERA if born <= 0 else int(np.searchsorted(BORN_FROM, born, side="right")) - 1


def eras_of(born: npt.NDArray[np.int16]) -> npt.NDArray[np.int8]:
    """`era_of` for (N,) years."""
    eras = np.searchsorted(BORN_FROM, born, side="right") - 1
    return np.where(born <= 0, UNKNOWN_ERA, eras).astype(np.int8)


@lru_cache(4096)
def _middle(said: str) -> int:
    """The middle of the years that a field names, of a century where it names one; else 0."""
    if years := [int(year) for year in _YEAR.findall(said)]:
        return (min(years) + max(years)) // 2
    century = _CENTURY.search(said)
    return int(century[1]) * 100 - 50 if century else 0


def _by_word(said: str) -> int:
    words = said.casefold()
    return next((born for word, born in _WORDS.items() if re.search(rf"\b{word}\b", words)), 0)
