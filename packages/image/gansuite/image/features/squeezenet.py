"""SqueezeNet 1.1 (Iandola et al. 2016) with torchvision's names, and the LPIPS distance on top of it.

Shapes: B pictures, C channels, H and W pixels.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TAPS = (1, 4, 7, 9, 10, 11, 12)  # LPIPS looks at the outputs of these layers
LPIPS_SHIFT, LPIPS_SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class Fire(nn.Module):
    """Squeeze to few channels by 1x1, then expand by 1x1 and 3x3 side by side; section 3.2 of the paper."""

    def __init__(self, inputs: int, squeezed: int, outputs: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, outputs // 2, 1)
        self.expand3x3 = nn.Conv2d(squeezed, outputs // 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H, W)."""
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)


class SqueezeNet(nn.Module):
    """Pictures (B, 3, H, W), normalised as `forward` is told, to the 512 features before the classifier."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, 2),
            nn.ReLU(),
            _pool(),
            Fire(64, 16, 128),
            Fire(128, 16, 128),
            _pool(),
            Fire(128, 32, 256),
            Fire(256, 32, 256),
            _pool(),
            Fire(256, 48, 384),
            Fire(384, 48, 384),
            Fire(384, 64, 512),
            Fire(512, 64, 512),
        )
        self.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(512, classes, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) with ImageNet's mean 0 and deviation 1 to (B, 512), the mean of the last layer."""
        return torch.as_tensor(self.features(x).mean((2, 3)))

    def logits(self, x: Tensor) -> Tensor:
        """Class scores (B, classes) of pictures (B, 3, H, W); the last ReLU comes before the mean."""
        return F.relu(self.classifier(self.features(x))).mean((2, 3))

    def taps(self, x: Tensor) -> list[Tensor]:
        """The seven layers that LPIPS compares, each (B, C, H, W)."""
        outputs = []
        for number, layer in enumerate(self.features):
            x = layer(x)
            outputs += [x] if number in TAPS else []
        return outputs


def lpips(network: SqueezeNet, lin: Mapping[str, Tensor], a: Tensor, b: Tensor) -> Tensor:
    """Perceptual distance LPIPS v0.1 of pictures a to b; Zhang et al. 2018, eq. 1.

    Args:
        network: SqueezeNet with ImageNet weights.
        lin: the learned channel weights, lin0 (64,) to lin6 (512,).
        a, b: pictures (B, 3, H, W) in [-1, 1].

    Returns:
        (B,), 0 for equal pictures; gradients flow to a and b.
    """
    shift, scale = (torch.tensor(v, device=a.device)[:, None, None] for v in (LPIPS_SHIFT, LPIPS_SCALE))
    total = torch.zeros(len(a), device=a.device)
    for number, pair in enumerate(zip(*(network.taps((x - shift) / scale) for x in (a, b)), strict=True)):
        unit_a, unit_b = (F.normalize(tap, dim=1, eps=1e-10) for tap in pair)
        weights = lin[f"lin{number}"][:, None, None]
        total = total + (weights * (unit_a - unit_b) ** 2).sum(1).mean((1, 2))
    return total
