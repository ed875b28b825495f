"""The encoder learns what pictures show, from their labels, and how they feel, from a rule: a game of one.

B pictures of a batch, M pictures, C labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, cross_entropy, grid_sample

from gansuite.core.errors import GansuiteError
from gansuite.core.game import Losses, Study
from gansuite.core.randomness import Draw
from gansuite.poetry.kinds import folder_above
from gansuite.poetry.networks.encoder import Encoder, Seen
from gansuite.poetry.pairs import Pictures, shown_labels
from gansuite.poetry.palette import moods
from gansuite.poetry.pictures import to_input
from gansuite.poetry.split import SIDE_WORDS, Ints

NO_LABEL = -1
MOST_REPEATS = 4
CHUNK = 256


@dataclass(frozen=True)
class RecognitionConfig:
    """How hard it is made.

    Attributes:
        label_smoothing: share of the truth that goes to all labels alike (Szegedy et al. 2016, section 7).
        zoom: pictures are magnified or shrunk by up to this share.
        shift: and moved by up to this share of their side.
        turn: and turned by up to this many radians.
        colour: brightness, contrast and saturation change by up to this share.
        mix: share of the pictures that are shown over one another (mixup: Zhang et al. 2018, arXiv 1710.09412).
        mood_weight: of the loss of moods.
    """

    label_smoothing: float = 0.1
    zoom: float = 0.2
    shift: float = 0.1
    turn: float = 0.15
    colour: float = 0.2
    mix: float = 0.5
    mood_weight: float = 0.2

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise GansuiteError(f"{name} is {value}, but must lie in 0..1.", f"Try {name} = 0.1.")


@dataclass(frozen=True)
class Labelled:
    """B pictures, uint8 (B, 64, 64, 3), and their labels, int64 (B,), `NO_LABEL` for none."""

    pixels: Tensor
    labels: Tensor


class LabelledSource:
    """Labelled pictures where the compute is; those of rare labels come up to four times in an epoch.

    Args:
        pictures: M pictures.
        rows: those to learn from.
        known: C labels, in the order of the encoder's logits; any other counts as none.
        device: where batches are wanted.
    """

    def __init__(self, pictures: Pictures, rows: Ints, known: Sequence[str], device: torch.device) -> None:
        self.thumbnails, self.device = pictures.thumbnails, device
        self.numbers = label_numbers(shown_labels(pictures), known)
        self.rows = np.repeat(rows, repeats(self.numbers[rows]))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: Ints) -> Labelled:
        """The pictures at these indices."""
        rows = self.rows[indices]
        pixels, labels = torch.from_numpy(self.thumbnails[rows]), torch.from_numpy(self.numbers[rows])
        return Labelled(pixels.to(self.device), labels.to(self.device))


class RecognitionGame(Study):
    """A `Game` of one on `Labelled`.

    Args:
        encoder: who learns.
        config: how hard it is made.
    """

    def __init__(self, encoder: Encoder, config: RecognitionConfig) -> None:
        self.generators = {"generator": encoder}
        self.encoder, self.config = encoder, config

    def generator_losses(self, batch: Labelled, fakes: None, draw: Draw) -> Losses:
        """Cross entropy of labels and of moods, those of the pictures as they are shown."""
        shown = varied(to_input(batch.pixels), self.config, draw)
        shown, share = mixed(shown, self.config.mix, draw)
        seen: Seen = self.encoder(shown)
        mood = cross_entropy(seen.mood.float(), moods(seen.palette))
        terms = {"mood": self.config.mood_weight * mood}
        if self.encoder.labels:
            own = self._label_loss(seen.labels.float(), batch.labels)
            others = self._label_loss(seen.labels.float(), _partners(batch.labels))
            terms["label"] = ((1 - share) * own + share * others).mean()
        return Losses(terms)

    def _label_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Of each row (B,), 0 where there is no label."""
        return cross_entropy(
            logits, labels, reduction="none", label_smoothing=self.config.label_smoothing, ignore_index=NO_LABEL
        )


@torch.no_grad()
def recognised(encoder: Encoder, pictures: Pictures, rows: Ints) -> dict[str, float]:
    """How well pictures that were held out are recognised, as shares 0..1.

    Args:
        encoder: who looks; its mode is left as it is.
        pictures: M pictures.
        rows: those held out; where none of them has a label that the encoder knows, `labels` is missing.

    Returns:
        `labels`: right over all labels. `labels/scene` and the like: of pictures whose label lies in a folder of that
        name together with others, how many are right when only those labels are asked about. `mood`: agreement with
        the rule.
    """
    labels = shown_labels(pictures)
    truth = label_numbers(labels, encoder.labels)[rows]
    chances, mood = _looked_at(encoder, pictures, rows)
    found = {"mood": mood}
    if (truth >= 0).any():
        found["labels"] = _right(chances, truth, truth >= 0)
    groups = np.array([folder_above(labels[row], pictures.names[row]) for row in rows])
    for group in sorted(set(groups) - {"", *SIDE_WORDS}):
        asked = (groups == group) & (truth >= 0)
        among = np.unique(truth[asked])
        if len(among) > 1:
            found[f"labels/{group}"] = _right(chances[:, among], np.searchsorted(among, truth), asked)
    return found


def _looked_at(encoder: Encoder, pictures: Pictures, rows: Ints) -> tuple[npt.NDArray[np.float32], float]:
    """Logits of labels (N, C) of N rows, and the share of moods that are as the rule says."""
    device, was_training = next(encoder.parameters()).device, encoder.training
    encoder.eval()
    logits, agreed = [], 0
    for start in range(0, len(rows), CHUNK):
        seen: Seen = encoder(to_input(pictures.thumbnails[rows[start : start + CHUNK]]).to(device))
        logits.append(seen.labels.float().cpu().numpy())
        agreed += int((seen.mood.argmax(1) == moods(seen.palette)).sum())
    encoder.train(was_training)
    return np.concatenate(logits), agreed / len(rows)


def _right(chances: npt.NDArray[np.float32], truth: Ints, asked: npt.NDArray[np.bool_]) -> float:
    return float((chances[asked].argmax(1) == truth[asked]).mean())


def label_numbers(labels: Sequence[str], known: Sequence[str]) -> Ints:
    """The place of each label among those known, int64 (M,); `NO_LABEL` for any other."""
    place = {label: number for number, label in enumerate(known)}
    return np.array([place.get(label, NO_LABEL) for label in labels], np.int64)


def repeats(numbers: Ints) -> Ints:
    """How often each picture comes in an epoch, 1 to 4: the square root of how much rarer its label is than others."""
    labelled = numbers >= 0
    counts = np.bincount(numbers[labelled], minlength=1)
    often = np.sqrt(counts.max() / np.maximum(1, counts[np.maximum(numbers, 0)]))
    return np.where(labelled, np.clip(np.rint(often), 1, MOST_REPEATS), 1).astype(np.int64)


def varied(pictures: Tensor, config: RecognitionConfig, draw: Draw) -> Tensor:
    """Pictures (B, 3, S, S) mirrored, zoomed, turned, moved and coloured a little, each by itself."""
    u = draw.uniform("place", 5) * 2 - 1
    scale, angle = 1 + config.zoom * u[:, 0], config.turn * u[:, 1]
    flip = torch.where(u[:, 2] < 0, -1.0, 1.0)
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    moved = 2 * config.shift * u[:, 3:5]
    matrix = torch.stack([cosine * flip, -sine, moved[:, 0], sine * flip, cosine, moved[:, 1]], 1).view(-1, 2, 3)
    grid = affine_grid(matrix, list(pictures.shape), align_corners=False)
    return coloured(grid_sample(pictures, grid, padding_mode="reflection", align_corners=False), config.colour, draw)


def coloured(pictures: Tensor, strength: float, draw: Draw) -> Tensor:
    """Pictures (B, 3, S, S) with brightness, contrast and saturation changed by up to a share."""
    u = strength * (draw.uniform("colour", 3)[:, :, None, None, None] * 2 - 1)
    x = torch.lerp(pictures.mean(1, keepdim=True), pictures, 1 + u[:, 0])
    x = torch.lerp(x.mean((1, 2, 3), keepdim=True), x, 1 + u[:, 1])
    return (x + u[:, 2]).clamp(-1, 1)


def mixed(pictures: Tensor, share: float, draw: Draw) -> tuple[Tensor, Tensor]:
    """Pictures (B, 3, S, S), some with their neighbour's shining through, and how much (B,), 0 to 0.5.

    Rows 0 and 1 are neighbours, 2 and 3, and so on: shares of a batch of even size mix as the whole of it does.
    """
    u = draw.uniform("mix", 2)
    amount = torch.where(u[:, 0] < share, u[:, 1] / 2, 0.0)
    if share == 0:
        return pictures, amount
    return torch.lerp(pictures, _partners(pictures), amount[:, None, None, None]), amount


def _partners(rows: Tensor) -> Tensor:
    """Each row's neighbour; the last of an odd number has none but itself."""
    other = torch.arange(len(rows), device=rows.device) ^ 1
    return rows[other.clamp_max(len(rows) - 1)]
