"""What scanning and taking words apart did to old books, put right: stray apostrophes, braces, capitals of print."""

from __future__ import annotations

import re

# after these an apostrophe stands for letters left out at the end: o' the sea, thro' the night, th' eternal
_CUT_SHORT = r"o|i|a|e|t|th|an|wi|tho|altho|thro|ha|fu|fa|ca|ne|i'th|o'th|ith|oth|oft|wha|awfu|\w{2,}in"
# before these for letters left out at the beginning: 'tis, 'neath
_CUT_FIRST = r"tis|twas|twere|twill|twould|twixt|neath|gainst|mid|midst|mong|mongst|em|tween|gan|bove|bout|cause"
_ENDINGS = r"s|d|ll|t|re|ve|st|dst|m|n|ns|en|er|ers|ry|rous|ring|rings|ning|rence|rall|ral|ly|ness|nd|rest"
_LONE = re.compile(r"\S ' \S")
_BOTH = re.compile(rf"(?<=[A-Za-z]) ' (?=(?:{_ENDINGS})\b)", re.IGNORECASE)
_LEFT = re.compile(rf"(?<![\w'])((?:{_CUT_SHORT})) ' ", re.IGNORECASE)
_FIRST = re.compile(rf" ' (?=(?:{_CUT_FIRST})\b)", re.IGNORECASE)
_AFTER = re.compile(r"(?<=[,.;:!?s—]) ' |(?<=\S) ' (?=[-—,.;:!?])")
_OPENING = re.compile(r"(?<=[,:;—]) ' (?=[A-Z])")
_PAST = re.compile(r"(?<=[a-z])' (?=(?:d|ll|re|ve|er|en)\b)")
_AT_START = re.compile(r"^(['\"]) (?=\w)", re.MULTILINE)
_BRACES = re.compile(r"[\[\]{}]")
_DASH_AT_START = re.compile(r"^-\s?(?=\S)", re.MULTILINE)
_CAPITALS = re.compile(r"^([\"']?)([A-Z][A-Z'-]+)((?: [A-Z][A-Z'-]*)?)(?=[ ,;:!—-])(?! [A-Z]{2})")
_SIGNS = re.compile(r"[|^=~<>°\\\ufffd]")


def mended(text: str) -> str:
    """A tidy text with apostrophes where they belong and without the printer's braces.

    `Britain ' s glory` becomes `Britain's glory`, `tho ' Fortune` `tho' Fortune`, `' Tis` `'Tis`; a poem that begins in
    capitals, as old books set it, begins with one.
    """
    if _BRACES.search(text):
        text = "\n".join(" ".join(line.split()) for line in _BRACES.sub("", text).split("\n"))
    if "' " in text:
        text = _AT_START.sub(r"\1", _PAST.sub("'", text))
        text = _joined(text) if " ' " in text else text
    if '" ' in text:
        text = _AT_START.sub(r"\1", text)
    if text[:1] == "-" or "\n-" in text:
        text = _DASH_AT_START.sub("— ", text)
    return _CAPITALS.sub(_set_low, text)


def is_damaged(text: str) -> bool:
    """Whether signs are left that no poem has: of tables, of lost letters, apostrophes that belong nowhere."""
    return _SIGNS.search(text) is not None or (" ' " in text and _LONE.search(text) is not None)


def _joined(text: str) -> str:
    """Apostrophes that stand alone, joined to the word that they are part of, where that is plain."""
    text = _LEFT.sub(r"\1' ", _BOTH.sub("'", text))
    return _AFTER.sub("' ", _OPENING.sub(" '", _FIRST.sub(" '", text)))


def _set_low(found: re.Match[str]) -> str:
    quote, first, second = found.groups()
    return quote + first.capitalize() + (second if second == " I" else second.lower())
