"""What distinguishes one style from another, as data: patterns of one bar, and chords of four.

A pattern divides a bar into as many parts as it has signs. `.` is a rest and `-` holds the note before; every other
sign begins a note. In rhythms `x` is a stroke, `X` an accent and `o` a light one; in bass lines `1 3 5 6 8` are degrees
above the root and `a` leads a step into the next root; in broken chords digits count the tones from the lowest.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kit:
    """One way to play the drums, a pattern for each part of the kit."""

    kick: str
    snare: str
    hat: str = ""
    ride: str = ""
    extra: str = ""  # side stick, clap or shaker, see `Style.extra`


@dataclass(frozen=True)
class Style:
    """A style.

    Attributes:
        name: how it is called.
        meter: its time signature.
        tempo: from..to, quarter notes a minute.
        major, minor: lines of four chords in either mode; a mode without lines is not used.
        kits: for a verse and for a chorus.
        bass: lines of a bar.
        piano, guitar: accompaniment of a bar; digits break the chord.
        strings: accompaniment of a bar.
        melody: rhythms of a bar.
        leads: who may play the melody.
        extra: the drum that `Kit.extra` means, a MIDI number.
        tones: how many tones a chord has on the piano.
    """

    name: str
    meter: tuple[int, int]
    tempo: tuple[int, int]
    major: tuple[str, ...]
    minor: tuple[str, ...]
    kits: tuple[Kit, Kit]
    bass: tuple[str, ...]
    piano: tuple[str, ...]
    guitar: tuple[str, ...]
    strings: tuple[str, ...]
    melody: tuple[str, ...]
    leads: tuple[str, ...] = ("piano", "guitar", "strings")
    extra: int = 37
    tones: int = 3


SIDE_STICK, CLAP, SHAKER = 37, 39, 70
POP_MAJOR = ("I V vi IV", "vi IV I V", "I vi IV V", "IV I V vi", "I iii IV V", "I IV vi V", "I IV I V")
POP_MINOR = ("i bVI bIII bVII", "i bVII bVI bVII", "i iv bVII bIII", "i bVI iv V", "i v bVI bVII")
JAZZ_MAJOR = ("ii7 V7 Imaj7 VI7", "Imaj7 vi7 ii7 V7", "iii7 vi7 ii7 V7", "IVmaj7 iv6 iii7 VI7", "Imaj7 IVmaj7 iii7 vi7")
JAZZ_MINOR = ("i7 iim7b5 V7 i7", "iv7 bVII7 bIIImaj7 bVImaj7", "i7 bVI7 iim7b5 V7", "i7 iv7 i7 V7")
SONG = (
    "x-x-x---x-x-x---",
    "x---x-x-x---x---",
    "..x-x-x-x-----x-",
    "x-----x-x-x-x---",
    "x--x--x-x-------",
    "x-------x-x-x-x-",
)
PADS = ("x---------------", "x-------x-------", "x---------------")

STYLES: tuple[Style, ...] = (
    Style(
        name="pop",
        meter=(4, 4),
        tempo=(92, 126),
        major=POP_MAJOR,
        minor=POP_MINOR,
        kits=(
            Kit("x.....x.x.......", "....X.......X...", "x.x.x.x.x.x.x.x."),
            Kit("x..x..x.x..x....", "....X.......X..o", "x.x.x.x.x.x.x.x.", "", "....x.......x..."),
        ),
        bass=("1--11--15--51---", "1-1-1-1-1-1-1-a-", "1-----1-1-----a-", "1--1--1-5--5--a-"),
        piano=("x---x---x---x---", "0-1-2-1-0-1-2-1-", "x-----x---x-----", "0-2-1-2-0-2-1-2-"),
        guitar=("x-x-..x-x-x-..x-", "0.1.2.3.2.1.2.3.", "x---x-x---x-x-x-"),
        strings=PADS,
        melody=SONG,
        extra=CLAP,
    ),
    Style(
        name="rock",
        meter=(4, 4),
        tempo=(112, 156),
        major=("I bVII IV I", "I IV V IV", "I V IV IV", "vi IV I V"),
        minor=("i bVI bVII i", "i bIII bVII iv", "i bVII bVI V", "i i bVI bVII"),
        kits=(
            Kit("x.....x.x.x.....", "....X.......X...", "x.x.x.x.x.x.x.x."),
            Kit("x.x...x.x.x...x.", "....X.......X...", "", "X.x.X.x.X.x.X.x."),
        ),
        bass=("1.1.1.1.1.1.1.1.", "1.1.1.1.5.5.8.a.", "1-..1.1.1-..1.a."),
        piano=("x---x---x---x---", "x-------x-------", "x-x-x-x-x-x-x-x-"),
        guitar=("x.x.x.x.x.x.x.x.", "x--x--x-x--x--x-", "X-..x.x.X-..x.x."),
        strings=PADS,
        melody=("x-x-x-x-x---x---", "x---x-x-x-----x-", "x-x-..x-x-x-..x-", "x-----x-x-------"),
        leads=("guitar", "guitar", "strings"),
    ),
    Style(
        name="funk",
        meter=(4, 4),
        tempo=(94, 116),
        major=("I7 I7 IV7 IV7", "I7 IV7 I7 V7", "ii7 V7 ii7 V7"),
        minor=("i7 i7 iv7 i7", "i7 IV7 i7 IV7", "i7 bVII i7 iv7"),
        kits=(
            Kit("x..x..x...x..x..", "....X..o.o..X..o", "x.x.x.x.x.x.x.x."),
            Kit("x.x....x..x..x..", "....X..o.o.oX...", "xxxxxxxxxxxxxxxx", "", "....x.......x..."),
        ),
        bass=("1.1..8.1..1.58..", "1..1..8...1.3.a.", "1...1.81..5..8a.", "1.11..8..11.5.a."),
        piano=("..x...x..x....x.", "....x--.....x-..", ".x..x...x..x...."),
        guitar=("x.xx..x..xx.x.x.", "..x.x.xx..x.x.x.", ".xx..x..xx.x..x."),
        strings=("x-.........x----", "x---------------", "x-----..x-......"),
        melody=("..x.x-..x.x.x---", "x.x..x-...x.x---", "x--x--x-....x.x."),
        leads=("piano", "guitar", "strings"),
        extra=CLAP,
        tones=4,
    ),
    Style(
        name="disco",
        meter=(4, 4),
        tempo=(112, 126),
        major=("I vi ii7 V7", "IVmaj7 V iii7 vi7", "Imaj7 IVmaj7 ii7 V"),
        minor=("i bVII bVI V7", "i iv bVII bIII", "iv7 bVII i i"),
        kits=(
            Kit("X...X...X...X...", "....X.......X...", "..x...x...x...x."),
            Kit("X...X...X...X...", "....X.......X...", "xxX.xxX.xxX.xxX.", "", "....x.......x..."),
        ),
        bass=("1-8-1-8-1-8-1-8-", "1.81.81.1.81.8a.", "1-8-1-8-5-8-1-a-"),
        piano=("..x...x...x...x.", "x--x--x-..x.x-..", "x-..x-..x-..x-.."),
        guitar=("x.xxx.xxx.xxx.xx", "..x.x.xx..x.x.xx"),
        strings=("x---------------", "x-------x---x---", "x-x-x-x-x-------"),
        melody=("x---x-x-..x-x---", "x-x-x-x-x---....", "..x-x-x-x---x---"),
        leads=("strings", "strings", "piano"),
        extra=CLAP,
        tones=4,
    ),
    Style(
        name="bossa nova",
        meter=(4, 4),
        tempo=(112, 140),
        major=(*JAZZ_MAJOR, "Imaj7 II7 ii7 V7"),
        minor=JAZZ_MINOR,
        kits=(
            Kit("x.....x.x.....x.", "", "x.x.x.x.x.x.x.x.", "", "x..x..x...x..x.."),
            Kit("x.....x.x.....x.", "", "", "x.x.x.x.x.x.x.x.", "x..x..x...x..x.."),
        ),
        bass=("1-----5-5-----1-", "1-----5-5-----a-"),
        piano=("x--x--..x--x-...", "..x-..x-...x-...", "x-----x---x-----"),
        guitar=("x--x--x---x--x--", "..x-.x--..x-.x--"),
        strings=PADS,
        melody=("..x-x-x-x-----x-", "x-----x-x-x-x---", "..x---x-x-------", "x--x--x---x-x---"),
        leads=("piano", "guitar", "strings"),
        tones=4,
    ),
    Style(
        name="swing",
        meter=(4, 4),
        tempo=(120, 184),
        major=(*JAZZ_MAJOR, "I7 IV7 I7 I7", "IV7 IV7 I7 V7"),
        minor=JAZZ_MINOR,
        kits=(
            Kit("o...........", "", "...x.....x..", "x..x.xx..x.x"),
            Kit("o..o..o..o..", ".....o...X..", "...x.....x..", "X..x.xX..x.x"),
        ),
        bass=("1--3--5--a--", "1--5--3--a--", "1--3--8--a--", "8--5--3--a--", "1--1-55--a--"),
        piano=("x....x......", "...x.....x-.", "x-.....x-...", ".....x-....."),
        guitar=("x..x..x..x..", "x..x..x..x..", "x--........."),
        strings=("x-----------", "x-----x-----", "............"),
        melody=("x-xx-xx--...", "...x-xx-xx--", "x-----x-xx--", "x-x--xx-x---", "......x-xx-x"),
        leads=("piano", "guitar", "piano"),
        tones=4,
    ),
    Style(
        name="ballad",
        meter=(4, 4),
        tempo=(60, 80),
        major=(*POP_MAJOR, "I iii7 IVmaj7 iv", "Imaj7 vi7 ii7 Vsus4"),
        minor=(*POP_MINOR, "i iv7 bVII bIIImaj7"),
        kits=(
            Kit("x.......x.......", "", "x.x.x.x.x.x.x.x.", "", "....x.......x..."),
            Kit("x.....x.x.......", "....X.......X...", "x.x.x.x.x.x.x.x."),
        ),
        bass=("1-------5-------", "1-----1-5-----a-", "1-------1-----a-"),
        piano=("0-1-2-1-0-1-2-1-", "0-1-2-3-2-1-2-1-", "x---x---x---x---"),
        guitar=("0.1.2.3.2.1.2.1.", "x-------x-------", "0-..2-1-..3-2-1-"),
        strings=("x---------------", "x---------------", "x-------x-------"),
        melody=("x---x-x-x-------", "x-----x-x---x---", "..x-x-x-x-----x-", "x-------x---x-x-"),
    ),
    Style(
        name="reggae",
        meter=(4, 4),
        tempo=(68, 88),
        major=("I IV I V", "I V vi IV", "I ii IV I", "vi IV I V"),
        minor=("i iv i iv", "i bVII bVI bVII", "i iv v i"),
        kits=(
            Kit("........x.......", "", "x.x.x.x.x.x.x.x.", "", "........x......."),
            Kit("x.......x.......", "....o...X.......", "x.xxx.x.x.xxx.x.", "", "........x......."),
        ),
        bass=("1-..1-3-5-..8-5-", "..1-3-5-1-..5-a-", "1---..1-5-3-1-..", "1-1-..3-..5-..a-"),
        piano=("..x...x...x...x.", "..xx..xx..xx..xx"),
        guitar=("..x...x...x...x.", "....x.......x..."),
        strings=("x---------------", "x-------x-------", "................"),
        melody=("x-x-x---..x-x---", "..x-x-x-x-------", "x---x-x-x---...."),
        leads=("piano", "strings", "guitar"),
    ),
    Style(
        name="shuffle",
        meter=(4, 4),
        tempo=(104, 138),
        major=("I7 IV7 I7 I7", "IV7 IV7 I7 I7", "V7 IV7 I7 V7", "I7 I7 IV7 V7"),
        minor=("i7 iv7 i7 V7", "i bVI7 V7 i"),
        kits=(
            Kit("x.....x..x..", "...X.....X..", "x.xx.xx.xx.x"),
            Kit("x....xx.....", "...X.o...X.o", "", "X.xX.xX.xX.x"),
        ),
        bass=("1-.3-.5-.6-.", "1-11-15-55-a", "1--3--5--6--", "1-.1-.5-.a-."),
        piano=("x-.x-.x-.x-.", "..x..x..x..x", "x-----..x--."),
        guitar=("x-xx-xx-xx-x", "..x..x..x..x", "...x.....x.."),
        strings=("x-----------", "............", "x-----x-----"),
        melody=("x-xx-xx-----", "..xx-xx-x---", "x--x-xx-....", "x-x..xx-xx--"),
        leads=("guitar", "piano", "guitar"),
        tones=4,
    ),
    Style(
        name="folk",
        meter=(4, 4),
        tempo=(96, 132),
        major=("I IV I V", "I V vi iii", "I vi IV V", "IV I IV V", "I I IV V"),
        minor=("i bVII i bVII", "i bIII bVII i", "i iv bVII i"),
        kits=(
            Kit("x...x...x...x...", "", "..x...x...x...x.", "", "....x.......x..."),
            Kit("x...x...x...x...", "....x.......x..x", "x.x.x.x.x.x.x.x."),
        ),
        bass=("1---5---1---5---", "1---5---1---5-a-", "1-------5-----a-"),
        piano=("....x-......x-..", "x-------x---x---", "0-2-1-2-0-2-1-2-"),
        guitar=("0.2.1.3.0.2.1.3.", "0.1.2.3.2.1.2.3.", "x---x-x---x-x-x-"),
        strings=PADS,
        melody=("x-x-x-x-x---x---", "x---x-x-x-x-x---", "x-x-x---x-x-x-x-", "x---x---x-x-x-x-"),
        leads=("strings", "guitar", "piano"),
    ),
    Style(
        name="waltz",
        meter=(3, 4),
        tempo=(96, 168),
        major=("I IV V I", "I vi ii V", "I iii vi IV", "IV V I vi"),
        minor=("i iv V i", "i bVI bIII V", "i bVII bVI V"),
        kits=(
            Kit("x...........", "", "....x...x...", "", "....x...x..."),
            Kit("x...........", "....x...x...", "x...x...x..."),
        ),
        bass=("1---........", "1-------5---", "1-----------", "1---3---5---"),
        piano=("....x---x---", "0-1-2-1-2-1-", "....x-..x-.."),
        guitar=("....x-..x-..", "0-1-2-3-2-1-", "x---x---x---"),
        strings=("x-----------", "x-----------", "x-------x---"),
        melody=("x-------x---", "x---x---x---", "x---x-x-x---", "x-----x-x-x-", "x-----------"),
        leads=("strings", "piano", "guitar"),
    ),
    Style(
        name="jazz waltz",
        meter=(3, 4),
        tempo=(126, 176),
        major=JAZZ_MAJOR,
        minor=JAZZ_MINOR,
        kits=(
            Kit("x........", "", "...x..x..", "x..x.xx.x"),
            Kit("x....o...", ".....o...", "...x..x..", "X..x.xx.x"),
        ),
        bass=("1--3--5--", "1-----a--", "1--5--a--"),
        piano=("...x.....", "x-...x-..", ".....x---"),
        guitar=("...x..x..", "x--...x--"),
        strings=("x--------", "x--------", "........."),
        melody=("x-xx-x---", "x-----x-x", "...x-xx--", "x--x-xx--"),
        leads=("piano", "guitar"),
        tones=4,
    ),
    Style(
        name="slow rock",
        meter=(6, 8),
        tempo=(60, 92),
        major=("I vi IV V", "I iii IV V", "I V vi IV"),
        minor=("i bVI bIII bVII", "i iv V i", "i bVII bVI V"),
        kits=(
            Kit("x.....x.....", "......X.....", "x.x.x.x.x.x."),
            Kit("x...x.x.....", "......X.....", "x.x.x.x.x.x."),
        ),
        bass=("1-----5-----", "1---1-5---a-", "1-----1---a-"),
        piano=("x.x.x.x.x.x.", "0-1-2-2-1-0-", "x-----x-----"),
        guitar=("0-1-2-3-2-1-", "x-----x-x-x-"),
        strings=("x-----------", "x-----------", "x-----x-----"),
        melody=("x---x-x-----", "x-x-x-x---x-", "x-----x---x-", "..x-x-x-----"),
    ),
    Style(
        name="jig",
        meter=(6, 8),
        tempo=(150, 186),
        major=("I V I IV", "I IV I V", "I I IV V", "I V vi IV"),
        minor=("i bVII i bVII", "i iv bVII i", "i bIII bVII i"),
        kits=(
            Kit("x.....x.....", "", "....x.....x.", "", "x...x.x...x."),
            Kit("x.....x.....", "......x.....", "x.x.x.x.x.x."),
        ),
        bass=("1-----5-----", "1-----1---5-", "1---1-5---5-"),
        piano=("....x-....x-", "x-----x-----"),
        guitar=("x---x-x---x-", "x-x-x-x-x-x-"),
        strings=("x-----------", "x-----x-----"),
        melody=("x-x-x-x-x-x-", "x---x-x-x-x-", "x-x-x-x---x-", "x---x-x-----"),
        leads=("strings", "guitar", "piano"),
    ),
)
