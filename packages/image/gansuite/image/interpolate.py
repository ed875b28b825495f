"""Walks through the latent space, and animations of them.

F frames, K numbers in a code, S side of the pictures in pixels.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.files import write_atomically
from gansuite.core.provenance import Provenance
from gansuite.image.project import check_code
from gansuite.image.sampler import Sampler

EASINGS = ("even", "smooth")
MOST_FRAMES, MOST_SIDE = 3_600, 4096
FASTEST, FASTEST_GIF = 60, 50
COMFORTABLE = 256  # small pictures are enlarged to at least this side unless a scale is given
_BT601 = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]])
# Without its assembly x264 takes twice the time, but writes the same bytes wherever in memory a picture lies.
_X264 = {"crf": "16", "x264-params": "colormatrix=smpte170m:colorprim=smpte170m:transfer=smpte170m:asm=0"}
_DESCRIPTION = 0x010E  # the EXIF tag ImageDescription


@dataclass(frozen=True)
class Walk:
    """Everything an animation follows from, beside the model.

    Attributes:
        seeds: the works it passes through; two or more, with `first` and `last`.
        frames: in all, 2 to 3,600.
        loop: come back to the first seed, without a seam.
        circle: go round the circle through two seeds in place of arcs; always a loop.
        easing: `even` moves on steadily; `smooth` slows down at every seed.
        truncation: see `Sampler.codes`.
        fps: frames per second, 1 to 60 (GIF: 50).
        scale: enlarge by this whole factor; None enlarges small pictures to 256 pixels or more.
        device: the kind of device it was drawn on.
        label: of all works on the way; None leaves each seed its own.
        first, last: codes to begin before the seeds and to end after them; see `code_to_text`.
    """

    seeds: tuple[int, ...]
    frames: int = 96
    loop: bool = True
    circle: bool = False
    easing: str = "even"
    truncation: float = 1.0
    fps: int = 24
    scale: int | None = None
    device: str = "cpu"
    label: str | None = None
    first: str | None = None
    last: str | None = None

    def __post_init__(self) -> None:
        if self.easing not in EASINGS:
            raise GansuiteError(f"There is no easing '{self.easing}'.", did_you_mean(self.easing, list(EASINGS)))
        if not 2 <= self.frames <= MOST_FRAMES:
            raise GansuiteError(
                f"An animation cannot have {self.frames} frames; expected 2 to {MOST_FRAMES}.",
                "Use --frames 96.",
            )
        ends = [end for end in (self.first, self.last) if end is not None]
        if self.circle and (ends or len(self.seeds) != 2 or self.easing != "even"):
            raise GansuiteError(
                f"A circle goes through 2 seeds at an even pace, not {len(self.seeds)} ({self.easing}).",
                "Use --seed 1,5 for a circle, or leave --circle out.",
            )
        if len(self.seeds) + len(ends) < 2:
            raise GansuiteError(
                f"A walk needs two seeds or more, and found {len(self.seeds)}.",
                "Use --seed 1,5,9 or --seed 0-3.",
            )


def path(sampler: Sampler, walk: Walk) -> Tensor:
    """The codes (F, K) of a walk, one a frame, float32 on the CPU.

    An open walk begins at the first seed and ends at the last one. A loop is a function of i / F with period
    1: frame F would be frame 0 again, so it is left out, and the step from the last frame to the first is one
    like any other. Twice as many frames are the same codes, with one more between each two. A circle is
    cos(2 pi i / F) a + sin(2 pi i / F) b: it begins at the first seed, is at the second after a quarter, and
    its latents are distributed as those of works are.

    Raises:
        GansuiteError: see `Sampler.codes`.
    """
    if walk.circle:
        turns = [2 * math.pi * i / walk.frames for i in range(walk.frames)]
        a, b = sampler.latents(walk.seeds).double()
        latents = torch.stack([math.cos(turn) * a + math.sin(turn) * b for turn in turns]).float()
        labels = torch.full((walk.frames,), sampler.label_of(walk.seeds[0], walk.label))
        return sampler.code(latents, labels, walk.truncation)
    keys = _stations(sampler, walk)
    return torch.stack([_point(sampler, keys, walk, i) for i in range(walk.frames)])


def _stations(sampler: Sampler, walk: Walk) -> Tensor:
    """The codes (N, K) that a walk passes through."""
    seeds = [sampler.codes(walk.seeds, walk.truncation, walk.label)] if walk.seeds else []
    first, last = ([] if end is None else [_code_of(end, sampler)[None]] for end in (walk.first, walk.last))
    return torch.cat([*first, *seeds, *last])


def code_to_text(code: Tensor) -> str:
    """A code (K,) as text: base64 of its numbers, float32, little-endian."""
    return base64.b64encode(code.numpy().astype("<f4").tobytes()).decode()


def _code_of(text: str, sampler: Sampler) -> Tensor:
    """The inverse of `code_to_text`, for a file may have come from anywhere."""
    try:
        raw = base64.b64decode(text, validate=True)
        code = torch.from_numpy(np.frombuffer(raw, "<f4").astype(np.float32))
    except (binascii.Error, ValueError) as error:
        raise GansuiteError(
            "A code that the walk begins or ends with is damaged.", "Use the file as gansuite wrote it."
        ) from error
    check_code(code, sampler, "A walk that begins or ends with a projection")
    return code


def _point(sampler: Sampler, keys: Tensor, walk: Walk, frame: int) -> Tensor:
    """The code (K,) of one frame; whole-number arithmetic says between which two seeds it lies."""
    arcs, steps = (len(keys), walk.frames) if walk.loop else (len(keys) - 1, walk.frames - 1)
    arc, rest = divmod(frame * arcs, steps)
    t = rest / steps
    if walk.easing == "smooth":
        t = t * t * (3 - 2 * t)
    return sampler.generator.between(keys[arc % len(keys)], keys[(arc + 1) % len(keys)], t)


def write_walk(sampler: Sampler, walk: Walk, out: Path) -> Path:
    """Draw a walk and write it as GIF, WebP or MP4, with its provenance; see `write_animation`.

    Raises:
        GansuiteError: see `Sampler.codes` and `write_animation`.
    """
    walk = replace(walk, scale=_scale(sampler.resolution, walk.scale))
    _encoder(out, walk.fps)
    pictures = sampler.draw(path(sampler, walk))
    seed = walk.seeds[0] if walk.seeds else 0
    provenance = sampler.provenance("walk", seed, asdict(walk))
    return write_animation(pictures, out, walk.fps, walk.scale, provenance)


def write_animation(
    pictures: np.ndarray,
    out: Path,
    fps: int = 24,
    scale: int | None = None,
    provenance: Provenance | None = None,
) -> Path:
    """Write an animation that runs for ever (GIF, WebP) or once (MP4), whole or not at all.

    Args:
        pictures: uint8 (F, H, W, 3), two or more.
        out: `*.gif`, `*.webp` or `*.mp4`; MP4 needs the extra `video`, and gets an even height and width by
            repeating the last row and column.
        fps: frames per second, 1 to 60; a GIF counts in 1/100 s and takes at most 50.
        scale: enlarge by this whole factor (Lanczos); None enlarges small pictures to 256 pixels or more.
        provenance: goes into the comment (GIF, MP4) or the EXIF description (WebP).

    Returns:
        `out`.

    Raises:
        GansuiteError: another suffix, a rate or scale out of range, PyAV is missing, or it cannot be written.
    """
    encode = _encoder(out, fps)
    factor = _scale(max(pictures.shape[1:3]), scale)
    frames = [_enlarged(picture, factor) for picture in pictures]
    write_atomically(out, encode(frames, fps, "" if provenance is None else provenance.to_json()))
    return out


def read_animation(work: Path) -> Provenance:
    """The provenance that a GIF, WebP or MP4 carries; data to check, not to trust.

    Raises:
        GansuiteError: there is no such file, it cannot be read, or it carries none or a damaged one.
    """
    if not work.is_file():
        raise GansuiteError(f"There is no file {work}.", "Give the path of a file that gansuite made.")
    text = _comment_mp4(work) if work.suffix.lower() == ".mp4" else _comment(work)
    if not text:
        raise GansuiteError(
            f"{work} does not say how it was made (some programs drop such texts when they save).",
            "Use the file as gansuite wrote it.",
        )
    try:
        return Provenance.from_json(text)
    except ValueError as error:
        raise GansuiteError(
            f"What {work} says about how it was made is damaged: {error}.",
            "Use the file as gansuite wrote it.",
        ) from error


def _encoder(out: Path, fps: int) -> Callable[[list[Image.Image], int, str], bytes]:
    """The encoder for a file name, if the rate is one that it can keep."""
    suffix = out.suffix.lower()
    if suffix not in ANIMATIONS:
        raise GansuiteError(
            f"{out} is not an animation that can be written: {suffix or 'no suffix'!r}.",
            f"Give --out a name that ends with one of: {', '.join(ANIMATIONS)}.",
        )
    fastest = FASTEST_GIF if suffix == ".gif" else FASTEST
    if not 1 <= fps <= fastest:
        raise GansuiteError(f"A {suffix[1:]} runs at 1 to {fastest} frames per second, not {fps}.", "Use --fps 24.")
    if suffix == ".mp4":
        _pyav()
    return ANIMATIONS[suffix]


def _scale(side: int, scale: int | None) -> int:
    if scale is None:
        return max(1, -(-COMFORTABLE // side))
    if scale < 1 or side * scale > max(MOST_SIDE, side):
        raise GansuiteError(
            f"Pictures of {side} pixels cannot be enlarged {scale} times.",
            f"Use --scale with 1 to {max(1, MOST_SIDE // side)}, or leave it out.",
        )
    return scale


def _enlarged(picture: np.ndarray, factor: int) -> Image.Image:
    image = Image.fromarray(picture)
    size = (image.width * factor, image.height * factor)
    return image if factor == 1 else image.resize(size, Image.Resampling.LANCZOS)


def _durations(frames: int, fps: int, unit: int) -> list[int]:
    """How long each frame lasts in ms, a multiple of `unit` ms; in all never off by more than half a unit."""
    ends = [round(Fraction(1000 * i, fps * unit)) * unit for i in range(frames + 1)]
    return [b - a for a, b in pairwise(ends)]


def _gif(frames: list[Image.Image], fps: int, comment: str) -> bytes:
    few = [_in_256_colours(frame) for frame in frames]
    return _pillow(few, "GIF", _durations(len(frames), fps, 10), comment=comment.encode())


def _in_256_colours(frame: Image.Image) -> Image.Image:
    """Dithered to a palette of its own, found in a small copy: faster than Pillow's way, and much nearer."""
    small = frame.resize((64, 64), Image.Resampling.BOX)
    palette = small.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=2)
    return frame.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def _webp(frames: list[Image.Image], fps: int, comment: str) -> bytes:
    exif = Image.Exif()
    if comment:
        exif[_DESCRIPTION] = comment
    return _pillow(frames, "WEBP", _durations(len(frames), fps, 1), quality=90, exif=exif)


def _pillow(frames: list[Image.Image], form: str, durations: list[int], **options: Any) -> bytes:
    stream = BytesIO()
    frames[0].save(stream, form, save_all=True, append_images=frames[1:], duration=durations, loop=0, **options)
    return stream.getvalue()


def _mp4(frames: list[Image.Image], fps: int, comment: str) -> bytes:
    """H.264 where FFmpeg has it, else MPEG-4; 4:2:0, which every player shows."""
    av = _pyav()
    memory = BytesIO()
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    with av.open(memory, "w", format="mp4") as container:
        container.metadata["comment"] = comment
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = (side + side % 2 for side in frames[0].size)
        stream.pix_fmt = "yuv420p"
        stream.options = _X264 if codec == "libx264" else {"qscale": "3"}
        for frame in frames:
            planes = yuv420(_even(np.asarray(frame)))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        container.mux(stream.encode())
    return memory.getvalue()


def yuv420(pixels: np.ndarray) -> np.ndarray:
    """RGB uint8 (H, W, 3), both sides even, as the planes Y, Cb and Cr under one another: uint8 (3 H / 2, W).

    ITU-R BT.601-7, sections 2.5.1 to 2.5.3: Y from 16 to 235, Cb and Cr from 16 to 240, one of each for four
    pixels. FFmpeg's own conversion is not the same from one call to the next: it depends on where in memory
    the picture lies.
    """
    height, width = pixels.shape[:2]
    planes = pixels.astype(np.float64) @ (_BT601.T / 255) + (16, 128, 128)
    colour = planes[..., 1:].reshape(height // 2, 2, width // 2, 2, 2).mean((1, 3))
    parts = [planes[..., 0].ravel(), colour[..., 0].ravel(), colour[..., 1].ravel()]
    return np.concatenate(parts).round().astype(np.uint8).reshape(-1, width)


def _even(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) with the last row and column repeated where a side is odd."""
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _pyav() -> Any:
    try:
        import av
    except ImportError as error:
        raise GansuiteError(
            "MP4 needs PyAV, which is not installed.",
            'Type: pip install "gansuite[video]", or give --out a name that ends with .webp or .gif.',
        ) from error
    return av


def _comment(work: Path) -> str:
    try:
        with Image.open(work, formats=["GIF", "WEBP"]) as image:
            found = image.getexif().get(_DESCRIPTION) or image.info.get("comment", b"")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(work, error) from error
    return found.decode("utf-8", errors="replace") if isinstance(found, bytes) else str(found)


def _comment_mp4(work: Path) -> str:
    av = _pyav()
    try:
        with av.open(str(work), format="mp4") as container:
            return str(container.metadata.get("comment", ""))
    except (av.FFmpegError, ValueError) as error:
        raise _unreadable(work, error) from error


def _unreadable(work: Path, error: Exception) -> GansuiteError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
    return GansuiteError(f"{work} cannot be read ({reason}).", "Give a GIF, WebP or MP4 that gansuite made.")


ANIMATIONS = {".gif": _gif, ".webp": _webp, ".mp4": _mp4}
