"""Directions in which a style model's pictures change most, found in its weights, without any picture.

L layers, W numbers in a style, D directions, S side of the pictures in pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.image.networks import style
from gansuite.image.sampler import Sampler
from gansuite.image.sheets import sheet

AMOUNTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)  # the columns of a strip
FARTHEST = 100.0
MARGIN = 28  # pixels for the numbers beside a strip
Move = tuple[int, float]


@dataclass(frozen=True)
class Strip:
    """What a strip of directions follows from, beside model and seed.

    Attributes:
        count: how many directions, the strongest first.
        layers: coarse, middle, fine or all: those that the directions are found in and move.
        truncation: see `Sampler.codes`.
        device: the kind of device it was drawn on.
        label: of the picture; None leaves the seed its own.
    """

    count: int = 8
    layers: str = style.ALL
    truncation: float = 1.0
    device: str = "cpu"
    label: str | None = None


def directions(generator: style.Generator, layers: str = style.ALL) -> Tensor:
    """All directions (D, W), D = W, the strongest first, in closed form: Shen and Zhou 2021, eq. 7.

    They are the eigenvectors of A'A, where A holds the weights by which the layers take their scales from a style, in
    the order of their eigenvalues. The sign is such that the largest number is positive; the length is one standard
    deviation of styles along the direction.

    Raises:
        GansuiteError: there are no such layers.
    """
    weights = generator.affine_weights(generator.layers_of(layers)).double().cpu()
    axes: Tensor = torch.linalg.eigh(weights.T @ weights).eigenvectors.flip(1).T
    axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()
    kinds = max(1, len(generator.config.labels))
    labels = torch.arange(style.TYPICAL, device=generator.start.device) % kinds
    spread = (generator.typical_styles(labels).double().cpu() @ axes.T).std(0)
    return (axes * spread[:, None]).float()


@torch.no_grad()
def moved(generator: style.Generator, codes: Tensor, moves: tuple[Move, ...], layers: str = style.ALL) -> Tensor:
    """Codes (N, K) some way along directions, on some layers alone.

    Args:
        moves: numbers of directions, from 1 upwards, and how many standard deviations each.
        layers: coarse, middle, fine or all.

    Raises:
        GansuiteError: there is no such direction or layer, or it goes too far.
    """
    found = directions(generator, layers)
    for number, amount in moves:
        check_move(number, amount, len(found))
    step = sum((amount * found[number - 1] for number, amount in moves), torch.zeros(found.shape[1]))
    styles = generator.styles(codes).clone()
    styles[:, generator.layers_of(layers)] += step.to(codes.device)
    return styles.reshape(codes.shape)


def check_move(number: int, amount: float, most: int) -> None:
    """Raise `GansuiteError` unless there is such a direction and it goes at most 100 standard deviations."""
    if not 1 <= number <= most:
        raise GansuiteError(
            f"There is no direction {number}; this model has 1 to {most}.",
            "See what they do with: gansuite image directions",
        )
    if not (math.isfinite(amount) and abs(amount) <= FARTHEST):
        raise GansuiteError(
            f"Direction {number} cannot be followed by {amount:g} standard deviations.", f"Use --move {number}=+2."
        )


def parse_move(text: str) -> Move:
    """`3=+2.0` -> (3, 2.0).

    Raises:
        GansuiteError: it is not of that form.
    """
    number, _, amount = text.partition("=")
    try:
        return int(number), float(amount)
    except ValueError as error:
        raise GansuiteError(
            f"{text!r} does not say which direction and how far.", "Write it like this: --move 3=+2.0"
        ) from error


def draw_strip(sampler: Sampler, seed: int, strip: Strip) -> Image.Image:
    """One row for each direction, columns from -3 to +3 standard deviations, the picture itself in the middle.

    Raises:
        GansuiteError: the model has no layers, or not so many directions; see `Sampler.codes` and `moved`.
    """
    generator = style.layered(sampler.generator, sampler.model_name)
    check_move(strip.count, 0.0, generator.config.latent)
    code = sampler.codes([seed], strip.truncation, strip.label)
    codes = [
        moved(generator, code, ((number, amount),), strip.layers)
        for number in range(1, strip.count + 1)
        for amount in AMOUNTS
    ]
    return _numbered(sampler.draw(torch.cat(codes)))


def _numbered(pictures: np.ndarray) -> Image.Image:
    """A sheet of strips with the numbers of directions at the left and of standard deviations above."""
    strips = sheet(pictures, len(AMOUNTS))
    image = Image.new("RGB", (strips.width + MARGIN, strips.height + MARGIN), "white")
    image.paste(strips, (MARGIN, MARGIN))
    pen, side = ImageDraw.Draw(image), pictures.shape[1] + 2
    for i in range(len(pictures) // len(AMOUNTS)):
        pen.text((MARGIN // 2, MARGIN + side * i + side // 2), str(i + 1), "black", anchor="mm")
    for i, amount in enumerate(AMOUNTS):
        pen.text((MARGIN + side * i + side // 2, MARGIN // 2), f"{amount:+g}", "black", anchor="mm")
    return image
