"""CLIP's eyes in place of our own (Radford et al. 2021, arXiv 2103.00020): the same answers to the same pictures.

B pictures, C labels, D numbers of the space that CLIP's pictures and texts share, R side of the squares it looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, normalize
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from gansuite.poetry.controls import MOODS
from gansuite.poetry.networks.encoder import Seen, code_of
from gansuite.poetry.palette import PALETTE, leanings, palettes

Triple = tuple[float, float, float]
MEAN: Triple = (0.48145466, 0.4578275, 0.40821073)  # of CLIP's own training pictures
DEVIATION: Triple = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Glasses:
    """What pictures and labels are to a CLIP.

    Attributes:
        labels: C labels, each with a vector of CLIP's; none for a CLIP that knows no words.
        mean, deviation: of red, green and blue in 0..1, as it was trained.
        scale: by which cosines are multiplied to be logits.
    """

    labels: tuple[str, ...] = ()
    mean: Triple = MEAN
    deviation: Triple = DEVIATION
    scale: float = 100.0


class ClipEncoder(nn.Module):
    """What CLIP sees in pictures (B, 3, 64, 64) in [-1, 1]; the mood follows from the palette by rule.

    Args:
        config: of CLIP's vision network.
        glasses: labels and preparation.

    Attributes:
        vectors: (C, D), what CLIP makes of each label, of length 1; part of the state.
    """

    vectors: Tensor

    def __init__(self, config: CLIPVisionConfig, glasses: Glasses) -> None:
        super().__init__()
        self.glasses = glasses
        self.vision = CLIPVisionModelWithProjection(config)
        self.register_buffer("vectors", torch.zeros(len(glasses.labels), config.projection_dim))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it tells apart."""
        return self.glasses.labels

    @property
    def code_size(self) -> int:
        """Numbers in a picture's code."""
        return int(self.vision.config.projection_dim) + len(self.labels) + len(MOODS) + len(PALETTE)

    def forward(self, pictures: Tensor) -> Seen:
        """What is seen; logits of labels are cosines with their vectors, scaled as CLIP learnt to."""
        features = normalize(self.vision(pixel_values=self._prepared(pictures)).image_embeds, dim=1)
        palette = palettes(pictures)
        return Seen(features, self.glasses.scale * features @ self.vectors.T, leanings(palette), palette)

    def code(self, pictures: Tensor) -> Tensor:
        """All that others see of pictures: (B, 3, 64, 64) -> (B, code_size); see `encoder.code_of`."""
        return code_of(self(pictures))

    def _prepared(self, pictures: Tensor) -> Tensor:
        side = int(self.vision.config.image_size)  # type: ignore[arg-type]
        large = interpolate(pictures, size=(side, side), mode="bicubic", align_corners=False).clamp(-1, 1)
        glasses = self.glasses
        mean, deviation = (pictures.new_tensor(part)[:, None, None] for part in (glasses.mean, glasses.deviation))
        return (large / 2 + 0.5 - mean) / deviation


def describe(encoder: ClipEncoder) -> dict[str, Any]:
    """From which the same network is built, without anything from elsewhere."""
    return {"clip": encoder.vision.config.to_diff_dict(), "glasses": asdict(encoder.glasses)}


def build(spec: Mapping[str, Any]) -> ClipEncoder:
    """The network of a description."""
    told = dict(spec["glasses"])
    told |= {name: tuple(told[name]) for name in ("labels", "mean", "deviation")}
    return ClipEncoder(CLIPVisionConfig(**spec["clip"]), Glasses(**told))
