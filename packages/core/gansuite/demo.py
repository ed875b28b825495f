"""`gansuite demo`: train for a minute on what is embedded, draw, and show it all on one page."""

from __future__ import annotations

from pathlib import Path

from gansuite import music, poetry
from gansuite.core.config import Resolved, Values
from gansuite.core.engine import join
from gansuite.core.errors import GansuiteError
from gansuite.core.health import diagnose
from gansuite.core.observers.jsonl import MetricsFile, read_metrics
from gansuite.core.observers.progress import ProgressBar
from gansuite.core.pages import html
from gansuite.core.pages.report import spread, write_report
from gansuite.core.run import Run, next_name
from gansuite.image import BUNDLED
from gansuite.image.config import ImageConfig, configure
from gansuite.image.generate import load_sampler, write_pictures
from gansuite.image.interpolate import Walk, write_walk
from gansuite.image.sheets import save_image, sheet
from gansuite.image.synth import draw_portfolio
from gansuite.image.training import ImageRun
from gansuite.music.deliver import Beside
from gansuite.music.generate import Piece, write_pieces
from gansuite.music.sampler import load_sampler as load_band
from gansuite.poetry import desk as poem
from gansuite.poetry.write import Request

LANDSCAPES = "Impressionism"  # the style of the bundled pictures that shows most of what the poet has words for


def make_demo(out: Path, minutes: float, seed: int) -> Path:
    """Everything the suite can do today, made here and now, on one self-contained page.

    Args:
        out: folder for the page, the run and the drawings.
        minutes: how long the picture model trains.
        seed: every random number follows from it.

    Returns:
        the path of `index.html`.
    """
    run = next_name("image", out / "runs")
    code = _train(run, minutes, seed)
    if code:
        raise GansuiteError(
            "The demo was stopped before it was done.", f"Start it again: gansuite demo --out {out}", code
        )
    parts = [
        html.Html(
            "<header><h1>gansuite</h1><p class='soft'>Everything on this page was made on this machine, "
            "just now, offline.</p></header>"
        ),
        _bundled_section(out, seed),
        _poem_section(out, seed),
        _music_section(out, seed),
        _portfolio_section(out),
        _training_section(out, run, minutes),
    ]
    return html.write_page(out / "index.html", html.page("gansuite: what was just made", "\n".join(parts)))


def _train(run: Path, minutes: float, seed: int) -> int:
    flags: Values = {
        "data": {"resolution": 32},  # in a minute small pictures get further
        "recipe": {"compile": "off"},  # it would take much of the minute
        "run": {"minutes": minutes, "seed": seed},
        "rhythm": {"sheet": 50, "measure": 200},
    }
    with join("auto") as world:
        resolved: Resolved[ImageConfig]
        resolved, _ = configure(None, "auto", None, flags, world.device.type)
        code = ImageRun(resolved, run, world, [MetricsFile(Run(run).metrics), ProgressBar()]).train()
    write_report(run)
    return code


def _bundled_section(out: Path, seed: int) -> html.Html:
    sampler = load_sampler(BUNDLED)
    seeds = list(range(seed, seed + 24))
    (drawn,) = write_pictures(sampler, seeds, 1.0, out / "bundled.png", sheet=True)
    walk = write_walk(sampler, Walk(tuple(seeds[:4]), frames=64, fps=16, truncation=0.9), out / "walk.webp")
    return html.section(
        "Drawn by the bundled model",
        "Pictures it dreamt after public-domain paintings. Each file knows the seed it was made from.",
        html.grid(
            [
                html.figure(
                    html.image(drawn, "24 drawings"),
                    f"gansuite image generate --seed {seed} --count 24 --sheet",
                ),
                html.figure(
                    html.image(walk, "a walk"),
                    f"gansuite image interpolate --seed {seed}-{seed + 3} --frames 64 --fps 16 --truncation 0.9",
                ),
            ]
        ),
    )


def _poem_section(out: Path, seed: int) -> html.Html:
    (picture,) = write_pictures(load_sampler(BUNDLED), [seed], 0.8, out / "picture.png", label=LANDSCAPES)
    card, asked = out / "poem.png", Request(form="quatrain", seed=seed, best_of=3)
    text = poem.deliver(poem.Asked(asked, picture, poetry.BUNDLED, title=True, card=card))
    typed = f"gansuite poem --image {picture.name} --form quatrain --seed {seed} --best-of 3 --title --card {card.name}"
    return html.section(
        "Written for one of the drawings",
        "What its encoder saw, its poet put into rhyme; the better of three by what the two critics said.",
        html.figure(html.image(card, text), typed),
    )


def _music_section(out: Path, seed: int) -> html.Html:
    sampler = load_band(music.BUNDLED)
    piece = Piece("AABA", 16, tempo=120.0)
    midi, sound, picture = write_pieces(sampler, [seed], piece, out / "piece.mid", Beside(wav=True, png=True))
    return html.section(
        "Played by the bundled band",
        "Five tracks in the form AABA, and a synthesiser to hear them by. The MIDI file opens in any music program.",
        html.figure(html.image(picture, "a piano roll of five tracks"), midi.name),
        html.figure(
            html.sound(sound, "the piece"),
            f"gansuite music generate --seed {seed} --bars 16 --tempo 120 --wav --png",
        ),
    )


def _portfolio_section(out: Path) -> html.Html:
    works, _ = draw_portfolio(24, 128)
    path = out / "portfolio.png"
    save_image(sheet(works), path)
    return html.section(
        "The embedded portfolio",
        "Algorithmic art, drawn by the suite's own code, to train on when you have nothing at hand.",
        html.figure(html.image(path, "24 works of the embedded portfolio"), "the first 24 works"),
    )


def _training_section(out: Path, run: Path, minutes: float) -> html.Html:
    verdict = diagnose(read_metrics(Run(run).metrics))
    sheets = [path for _, path in spread([(int(p.stem), p) for p in sorted((run / "samples").glob("*.png"))], 12)]
    frames = [
        html.Sheet(html.shrink(path, 400_000), str(int(path.stem)), f"after {int(path.stem)} steps") for path in sheets
    ]
    return html.section(
        f"Trained just now, for {minutes:g} minute{'' if minutes == 1 else 's'}",
        html.banner(verdict.state.capitalize(), verdict.reason, verdict.remedy, state=verdict.state),
        html.sheets(frames),
        f"A minute is only the beginning. The full report is {run.relative_to(out)}/report.html; "
        f"train on your own works with: gansuite image train --data FOLDER --minutes 60",
    )
