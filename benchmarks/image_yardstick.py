"""What a distance means: real works, each made worse in one way, measured against real works that were kept back.

    python benchmarks/image_yardstick.py --data art_gan_128.zip --labels labels.csv:style --features mobilenetv2.npz \\
        --features squeezenet.npz

`smooth K`: nothing finer than K pixels. `scattered K`: what is finer than K pixels has its strength and its place, to 4
pixels, but no form: its pixels change places within squares of 4. `noise S`: of a standard deviation of S of 255.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, interpolate

from gansuite.core import measures
from gansuite.image.dataset import DataConfig, open_portfolio
from gansuite.image.features import extractor
from gansuite.image.measuring import thinned

SAMPLES = 1000
SQUARE = 4


def smooth(works: np.ndarray, k: int) -> np.ndarray:
    """Works (N, S, S, 3) without what is finer than k pixels."""
    pixels = torch.from_numpy(works).permute(0, 3, 1, 2)
    coarse = interpolate(avg_pool2d(pixels, k), scale_factor=k, mode="bilinear")
    return coarse.permute(0, 2, 3, 1).numpy()


def scattered(works: np.ndarray, k: int, chance: np.random.Generator) -> np.ndarray:
    """Works (N, S, S, 3) whose detail finer than k pixels changes places within squares of 4 x 4."""
    coarse = smooth(works, k)
    count, side = works.shape[0], works.shape[1] // SQUARE
    squares = (works - coarse).reshape(count, side, SQUARE, side, SQUARE, 3).swapaxes(2, 3)
    flat = squares.reshape(count, side, side, SQUARE**2, 3)
    order = chance.permuted(np.broadcast_to(np.arange(SQUARE**2), flat.shape[:-1]), axis=-1)
    moved = np.take_along_axis(flat, order[..., None], 3).reshape(squares.shape).swapaxes(2, 3)
    return coarse + moved.reshape(works.shape)


def worsened(works: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The works (N, S, S, 3), as they are and made worse."""
    chance = np.random.default_rng(0)
    yield "real works of training", works
    for k in (2, 4, 8):
        yield f"smooth {k}", smooth(works, k)
    for k in (2, 4, 8):
        yield f"scattered {k}", scattered(works, k, chance)
    for strength in (8, 20):
        yield f"noise {strength}", works + chance.normal(0, strength, works.shape).astype(np.float32)
    yield "contrast 1.3", (works - 128) * 1.3 + 128


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", default="auto")
    parser.add_argument("--features", action="append", default=[])
    parser.add_argument("--resolution", type=int, default=64)
    args = parser.parse_args()
    portfolio = open_portfolio(DataConfig(path=str(args.data), resolution=args.resolution, labels=args.labels))
    spaces = [extractor(spec) for spec in args.features] or [extractor(None)]
    real = [space(portfolio.pixels[portfolio.held_out]) for space in spaces]
    works = portfolio.pixels[thinned(portfolio.train, SAMPLES)].astype(np.float32)
    print(f"| {' | '.join(['works', *(f'KID {space.name}' for space in spaces)])} |")
    print(f"| {' | '.join(['---'] * (1 + len(spaces)))} |")
    for name, pictures in worsened(works):
        pixels = np.clip(np.round(pictures), 0, 255).astype(np.uint8)
        distances = [measures.kernel_distance(a, space(pixels)) for a, space in zip(real, spaces, strict=True)]
        print(f"| {' | '.join([name, *(f'{distance:.3f}' for distance in distances)])} |", flush=True)


if __name__ == "__main__":
    main()
