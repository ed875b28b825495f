"""What one can do to the pictures of a trained style model, in numbers: mix layers, go along directions, project works.

    python benchmarks/image_style.py --data art_gan_128.zip --labels labels.csv:style --sheet found.png

Steps along a direction go on where they lead towards its far end, and away where they lead from the picture itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from gansuite.image import LAYERED
from gansuite.image.dataset import DataConfig, Portfolio, open_portfolio
from gansuite.image.directions import AMOUNTS, moved
from gansuite.image.games.adversarial import to_unit
from gansuite.image.measuring import thinned
from gansuite.image.mixing import mixed
from gansuite.image.networks.style import BANDS, layered
from gansuite.image.project import Likeness, Search, project
from gansuite.image.sampler import Sampler, load_sampler
from gansuite.image.sheets import save_image, sheet

PAIRS = 24
DIRECTIONS = 8
SHRUNK = 8
SAMPLES = (100, 1000)
FIRST = 1000  # seed of the samples


def mixing(sampler: Sampler) -> None:
    """How far styles of other seeds move what is left of pictures at an eighth of their side, and what is lost."""
    generator = layered(sampler.generator, sampler.model_name)
    one, other = sampler.codes(range(PAIRS)), sampler.codes(range(50, 50 + PAIRS))

    def parts(codes: Tensor) -> tuple[Tensor, Tensor]:
        pictures = generator.decode(codes)
        low = avg_pool2d(pictures, SHRUNK)
        return low, pictures - interpolate(low, scale_factor=SHRUNK, mode="bilinear", align_corners=False)

    before = parts(one)
    print("| layers | large shapes move by | detail moves by |\n| --- | --- | --- |")
    for band in BANDS:
        large, fine = (
            float((a - b).square().mean())
            for a, b in zip(parts(mixed(generator, one, other, band)), before, strict=True)
        )
        print(f"| {band} | {large:.3f} | {fine:.3f} |", flush=True)


def going(sampler: Sampler) -> None:
    """How many of the steps along directions go on: further towards the end, and further from the picture itself."""
    generator = layered(sampler.generator, sampler.model_name)
    codes = sampler.codes(range(PAIRS))
    middle = AMOUNTS.index(0)
    print("| direction | steps that go on | steps that go away |\n| --- | --- | --- |")
    for number in range(1, DIRECTIONS + 1):
        pictures = torch.stack([generator.decode(moved(generator, codes, ((number, a),))).flatten(1) for a in AMOUNTS])
        along = (pictures * (pictures[-1] - pictures[0])).sum(2)
        away = (pictures - pictures[middle]).norm(dim=2).diff(dim=0)
        away[:middle] *= -1
        shares = [f"{float((steps > 0).float().mean()):.1%}" for steps in (along.diff(dim=0), away)]
        print(f"| {number} | {' | '.join(shares)} |")


def projection(sampler: Sampler, portfolio: Portfolio, count: int, steps: int, out: Path | None) -> None:
    """How far found pictures are from works, as a share of the nearest of random samples."""
    likeness = Likeness()

    def seen(pixels: np.ndarray) -> list[Tensor]:
        return likeness.seen(to_unit(torch.from_numpy(pixels).permute(0, 3, 1, 2)))

    random = seen(sampler.draw(sampler.codes(range(FIRST, FIRST + max(SAMPLES)))))
    shown: list[np.ndarray] = []
    heads = [f"median share of the nearest of {n} | at most half" for n in SAMPLES]
    print(f"| works | {' | '.join(['median distance', *heads])} |\n| {' | '.join(['---'] * (2 + 2 * len(SAMPLES)))} |")
    for name, rows in (("of training", portfolio.train), ("held out", portfolio.held_out)):
        shares, distances = [], []
        for work in thinned(portfolio.pixels[np.sort(rows)], count):
            found = project(sampler, work, Search(steps=steps))
            all_of_them = likeness.between(random, seen(work[None]))
            shares.append([found.distance / float(all_of_them[:n].min()) for n in SAMPLES])
            distances.append(found.distance)
            nearest = sampler.draw(sampler.codes([FIRST + int(all_of_them.argmin())]))[0]
            shown += [work, sampler.draw(found.code[None])[0], nearest]
        each = np.array(shares)
        told = [
            f"{np.median(each[:, i]):.2f} | {int((each[:, i] <= 0.5).sum())} of {count}" for i in range(len(SAMPLES))
        ]
        print(f"| {name} | {' | '.join([f'{np.median(distances):.3f}', *told])} |", flush=True)
    if out is not None:
        save_image(sheet(np.stack(shown), 12), out)


@torch.no_grad()
def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=LAYERED)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", default="auto")
    parser.add_argument("--works", type=int, default=24)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--sheet", type=Path, help="works, what was found, the nearest sample, side by side")
    args = parser.parse_args()
    sampler = load_sampler(args.model)
    portfolio = open_portfolio(DataConfig(path=str(args.data), resolution=sampler.resolution, labels=args.labels))
    mixing(sampler)
    going(sampler)
    projection(sampler, portfolio, args.works, args.steps, args.sheet)


if __name__ == "__main__":
    main()
