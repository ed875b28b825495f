"""MobileNetV2 (Sandler et al. 2018), as TensorFlow trained it, with its batch norms folded into the weights.

Shapes: B pictures, C channels, H and W pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Stage(NamedTuple):
    """A row of table 2 of the paper: expansion t, channels c, blocks n, stride s of the first block."""

    expansion: int
    channels: int
    blocks: int
    stride: int


STAGES = (
    Stage(1, 16, 1, 1),
    Stage(6, 24, 2, 2),
    Stage(6, 32, 3, 2),
    Stage(6, 64, 4, 2),
    Stage(6, 96, 3, 1),
    Stage(6, 160, 3, 2),
    Stage(6, 320, 1, 1),
)


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's "SAME" padding: with stride 2 on an even size, right and bottom only."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups)

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) to (B, outputs, ceil(H / stride), ceil(W / stride))."""
        height, width = (self._padding(size) for size in input.shape[2:])
        return super().forward(F.pad(input, (*width, *height)))

    def _padding(self, size: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
        return total // 2, total - total // 2


class InvertedResidual(nn.Module):
    """Widen by 1x1, filter each channel by 3x3, narrow by 1x1; section 3.3 of the paper."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        if expansion > 1:
            self.expand = SameConv(inputs, hidden, 1)
        self.depthwise = SameConv(hidden, hidden, 3, stride, groups=hidden)
        self.project = SameConv(hidden, outputs, 1)
        self.widens, self.adds = expansion > 1, stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        y = F.relu6(self.expand(x)) if self.widens else x
        y = torch.as_tensor(self.project(F.relu6(self.depthwise(y))))
        return x + y if self.adds else y


class MobileNetV2(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1] to the 1280 features before the classifier, (B, 1280).

    Args:
        classes: outputs of the classifier; 1001 in TensorFlow's, whose first is "background".
    """

    def __init__(self, classes: int = 1001) -> None:
        super().__init__()
        layers: list[nn.Module] = [SameConv(3, 32, 3, 2)]
        inputs = 32
        for stage in STAGES:
            for block in range(stage.blocks):
                stride = stage.stride if block == 0 else 1
                layers.append(InvertedResidual(inputs, stage.channels, stage.expansion, stride))
                inputs = stage.channels
        self.features = nn.Sequential(*layers, SameConv(inputs, 1280, 1))
        self.classifier = SameConv(1280, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1] to (B, 1280)."""
        x = F.relu6(self.features[0](x))
        x = self.features[1:-1](x)
        return F.relu6(self.features[-1](x)).mean((2, 3))

    def logits(self, features: Tensor) -> Tensor:
        """Class scores (B, classes) of features (B, 1280)."""
        return torch.flatten(self.classifier(features[:, :, None, None]), 1)
