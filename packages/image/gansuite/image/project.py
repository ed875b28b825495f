"""A person's own picture in a model: the code whose picture comes nearest to it, found by gradient descent.

K numbers in a code, L layers, S side of the pictures in pixels, C features.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad, relu

from gansuite.core import randomness
from gansuite.core.engine import exact_arithmetic
from gansuite.core.errors import GansuiteError
from gansuite.core.files import write_atomically
from gansuite.core.pictures.decode import decode_entry
from gansuite.core.pictures.files import open_source
from gansuite.core.pictures.fit import fitted
from gansuite.core.provenance import KEY, MAX_BYTES, Provenance
from gansuite.core.sources import Unreadable
from gansuite.image.features.pyramid import LEVELS, RandomPyramid
from gansuite.image.games.adversarial import to_unit
from gansuite.image.networks import style
from gansuite.image.networks.parts import Generator
from gansuite.image.sampler import Sampler
from gansuite.image.sheets import save_image, sheet

SUFFIX = ".safetensors"
WHITE = (255, 255, 255)
FAINT = 0.1  # strength of features in [-1, 1] below which they count less
COLOUR = 1.0  # weight of colours beside features
EXAMPLES = 512  # codes of latents that say what is usual
STARTS, CHUNK = 64, 16  # of them are looked at for the start, so many together
TINY = 1e-6  # a deviation of a number that is the same in all codes
UNUSUAL = 0.002  # weight of how unusual a code is
APART = 0.002  # weight of how far the styles of layers are from each other
SHAKEN = 0.1  # noise on the code at first, in deviations
SETTLED = 0.75  # of the steps are done when there is none any more
RISE, FALL = 0.05, 0.25  # shares of the steps over which the rate rises and falls (Karras et al. 2020, appendix D)
MOST_STEPS = 10_000
LARGEST = 64 << 20
_AGAIN = "Make it again with: gansuite image project PICTURE --model MODEL --out FILE.safetensors"


@dataclass(frozen=True)
class Search:
    """How a code is looked for.

    Attributes:
        steps: of Adam, 1 to 10,000.
        rate: its learning rate, in standard deviations of codes.
        seed: of the noise that is added at first.
    """

    steps: int = 300
    rate: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MOST_STEPS:
            raise GansuiteError(f"A search cannot take {self.steps} steps; expected 1 to {MOST_STEPS}.", "Use 300.")


@dataclass(frozen=True, eq=False)
class Projection:
    """What was found: a code (K,), float32 on the CPU, and how far its picture is from the wanted one."""

    code: Tensor
    distance: float


class Likeness:
    """How far pictures are from each other to the eye, in colours, edges and patterns at four scales.

    As LPIPS (Zhang et al. 2018, eq. 1) it compares features whose length at each position is 1, but those of fixed
    random convolutions, and faint ones are shorter: a flat ground has no features to compare.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.pyramid = RandomPyramid().to(device)

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """Pictures (B, 3, S, S) in [-1, 1], twice, to (B,): 0 for the same ones, about 1 for any two works."""
        return self.between(self.seen(a), self.seen(b))

    def seen(self, x: Tensor) -> list[Tensor]:
        """What is compared: colours (B, 3, s, s), edges and patterns (B, C, s, s) at each scale."""
        found = []
        for level in range(LEVELS):
            x = avg_pool2d(x, 2) if level else x
            edges = conv2d(pad(x, (1, 1, 1, 1), mode="reflect"), self.pyramid.edges)
            patterns = relu(conv2d(avg_pool2d(edges.abs(), 2), self.pyramid.patterns, padding=1))
            found += [x, _directed(edges), _directed(patterns)]
        return found

    def between(self, a: list[Tensor], b: list[Tensor]) -> Tensor:
        """The distance (B,) of what is seen."""
        terms = [
            COLOUR * (one - other).abs().mean((1, 2, 3)) if i % 3 == 0 else (one - other).square().sum(1).mean((1, 2))
            for i, (one, other) in enumerate(zip(a, b, strict=True))
        ]
        return torch.stack(terms).mean(0)


def _directed(features: Tensor) -> Tensor:
    """(B, C, S, S) divided by their length at each position, or by a little more where they are faint."""
    return features * torch.rsqrt(features.square().sum(1, keepdim=True) + FAINT**2)


def project(
    sampler: Sampler, picture: np.ndarray, search: Search, tell: Callable[[int, float], None] | None = None
) -> Projection:
    """The code whose picture comes nearest to one of a person's own; the same for the same seed on a CPU.

    It begins at the mean code or at a nearer one of 64 examples, and goes by Adam on the code of every layer (W+: Abdal
    et al. 2019), held near what is usual and the layers near each other, with noise at first (Karras et al. 2020,
    appendix D).

    Args:
        picture: uint8 (S, S, 3), of the model's resolution.
        tell: called with steps done and the distance, every tenth step.
    """
    if picture.shape != (sampler.resolution, sampler.resolution, 3):
        raise GansuiteError(
            f"The picture is {picture.shape}, and the model makes {sampler.resolution} pixels a side.",
            "Read it with read_square.",
        )
    with exact_arithmetic(sampler.device), torch.enable_grad():
        return _found(sampler, to_unit(torch.tensor(picture).permute(2, 0, 1)[None]), search, tell)


def _found(sampler: Sampler, target: Tensor, search: Search, tell: Callable[[int, float], None] | None) -> Projection:
    device, generator = sampler.device, sampler.generator
    likeness, usual = Likeness(device), _usual(sampler)
    wanted = likeness.seen(target.to(device))
    offset = _start(generator, usual, likeness, wanted).requires_grad_()
    adam = torch.optim.Adam([offset], betas=(0.9, 0.999))
    best, nearest = offset.detach().clone(), math.inf
    for step in range(search.steps + 1):
        shaken = offset + _shake(search, step, offset.shape).to(device)
        distance = likeness.between(likeness.seen(generator.decode(usual.code(shaken)[None])), wanted)[0]
        if float(distance.detach()) < nearest:
            best, nearest = shaken.detach().clone(), float(distance.detach())
        if tell is not None and step % 10 == 0:
            tell(step, nearest)
        for group in adam.param_groups:
            group["lr"] = search.rate * _pace(step / search.steps)
        adam.zero_grad()
        (distance + usual.penalty(offset)).backward()  # type: ignore[no-untyped-call]
        adam.step()
    return Projection(usual.code(best).cpu(), nearest)


@dataclass(frozen=True, eq=False)
class _Usual:
    """Centre and deviation (K,) of codes; offsets (K,) from the centre are counted in deviations.

    Attributes:
        offsets: of some codes: (N, K).
        layers: whose styles a code holds; 1 where there are none.
    """

    centre: Tensor
    deviation: Tensor
    offsets: Tensor
    layers: int

    def code(self, offset: Tensor) -> Tensor:
        return self.centre + self.deviation * offset

    def penalty(self, offset: Tensor) -> Tensor:
        styles = offset.view(self.layers, -1)
        apart = (styles - styles.mean(0)).square().mean()
        penalty: Tensor = UNUSUAL * offset.square().mean() + APART * apart
        return penalty


@torch.no_grad()
def _usual(sampler: Sampler) -> _Usual:
    generator, device = sampler.generator, sampler.device
    z = torch.randn(EXAMPLES, generator.config.latent, generator=randomness.generator(0, "usual"))
    labels = torch.arange(EXAMPLES, device=device) % max(1, len(sampler.labels))
    codes = generator.code(z.to(device), labels).float()
    layers = len(generator.layers) if isinstance(generator, style.Generator) else 1
    centre, deviation = codes.mean(0), codes.std(0)
    offsets = (codes - centre) / deviation.clamp(min=TINY)
    return _Usual(centre, deviation, offsets, layers)


@torch.no_grad()
def _start(generator: Generator, usual: _Usual, likeness: Likeness, wanted: list[Tensor]) -> Tensor:
    """The offset (K,) of the picture that is nearest, of the mean code and some others."""
    offsets = torch.cat([torch.zeros_like(usual.offsets[:1]), usual.offsets[: STARTS - 1]])
    codes = torch.split(usual.code(offsets), CHUNK)
    distances = torch.cat([likeness.between(likeness.seen(generator.decode(some)), wanted) for some in codes])
    return offsets[distances.argmin()].clone()


def _shake(search: Search, step: int, shape: torch.Size) -> Tensor:
    """Noise in deviations, which falls to 0 as the square of the time that is left for it."""
    left = max(0.0, 1 - step / (search.steps * SETTLED))
    return SHAKEN * left**2 * torch.randn(shape, generator=randomness.generator(search.seed, "project", step))


def _pace(t: float) -> float:
    """The learning rate at t in [0, 1], as a share: it rises evenly and falls along a cosine."""
    return min(1.0, (t + 1e-3) / RISE) * (0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - t) / FALL)))


def read_square(path: Path, resolution: int, fit: str = "crop") -> np.ndarray:
    """A picture of any shape as uint8 (S, S, 3); see `fitted`.

    Raises:
        GansuiteError: there is no such file, or it is not a picture that can be read.
    """
    with open_source(path) as source:
        try:
            if len(source.entries) != 1:
                reason = source.refused[0].reason if source.refused else f"holds {len(source.entries)} files"
                raise Unreadable(reason)
            picture, _ = decode_entry(source.entries[0], WHITE, 2 * resolution)
        except Unreadable as error:
            raise GansuiteError(f"{path} {error.reason}.", "Give one PNG, JPEG, WebP, GIF, BMP or TIFF.") from error
    return np.array(fitted(picture.image, resolution, fit, WHITE))


def write_projection(
    sampler: Sampler, path: Path, out: Path, search: Search, tell: Callable[[int, float], None] | None = None
) -> list[Path]:
    """Project a picture; write its code, and beside it a PNG of the picture and its projection.

    Args:
        path: the picture; its middle square is taken.
        out: a file `*.safetensors`.

    Returns:
        Both files.

    Raises:
        GansuiteError: see `read_square`; `out` has another suffix or cannot be written.
    """
    if out.suffix.lower() != SUFFIX:
        raise GansuiteError(f"{out} is not a {SUFFIX} file.", f"Use --out {out.with_suffix(SUFFIX)}.")
    picture = read_square(path, sampler.resolution)
    found = project(sampler, picture, search, tell)
    settings = {"steps": search.steps, "rate": search.rate, "picture": path.name, "distance": round(found.distance, 6)}
    save_code(out, found.code, sampler.provenance("projection", search.seed, settings))
    beside = out.with_suffix(".png")
    save_image(side_by_side(picture, sampler.draw(found.code[None])[0]), beside)
    return [out, beside]


def side_by_side(picture: np.ndarray, projection: np.ndarray) -> Image.Image:
    """Both uint8 (S, S, 3), the picture at the left."""
    return sheet(np.stack([picture, projection]), 2)


def save_code(out: Path, code: Tensor, provenance: Provenance) -> None:
    """Write a code (K,) with where it comes from."""
    from safetensors.torch import save

    write_atomically(out, save({"code": code.contiguous()}, {KEY: provenance.to_json()}))


def load_code(path: Path, sampler: Sampler) -> Tensor:
    """The code (K,) that `write_projection` wrote, for the model that it was found in.

    Raises:
        GansuiteError: there is no such file, it is not one of these, or it is of another model.
    """
    code, provenance = _read_code(path)
    if provenance.model_digest != sampler.digest:
        raise GansuiteError(
            f"{path} was made in another model than {sampler.model_name!r}: {provenance.model[:200]!r}, "
            f"with the weights {provenance.model_digest[:12]}... and not {sampler.digest[:12]}...",
            "Name that model with --model, or project the picture again.",
        )
    check_code(code, sampler, str(path))
    return code


def check_code(code: Tensor, sampler: Sampler, source: str) -> None:
    """Raise `GansuiteError` unless the model can draw a code (K,)."""
    size = sampler.codes([0]).shape[1]
    if code.shape != (size,) or code.dtype != torch.float32 or not bool(torch.isfinite(code).all()):
        raise GansuiteError(f"{source} does not hold a code of {size} numbers.", _AGAIN)


def _read_code(path: Path) -> tuple[Tensor, Provenance]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise GansuiteError(f"There is no file {path}.", _AGAIN)
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
        with safe_open(path, "pt") as content:
            provenance = Provenance.from_json((content.metadata() or {}).get(KEY, "")[: MAX_BYTES + 1])
            code: Tensor = content.get_tensor("code")
    except (SafetensorError, OSError, ValueError) as error:
        raise GansuiteError(f"{path} is not the projection of a picture ({str(error)[:120]}).", _AGAIN) from error
    return code, provenance
