"""The small ResNets of He et al. 2015, section 4.2, for CIFAR's 32 x 32 pictures.

Shapes: B pictures, C channels, H and W pixels.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut without weights ("option A": every other pixel, zero channels)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.stride, self.extra = outputs // inputs, (outputs - inputs) // 2
        self.conv1 = nn.Conv2d(inputs, outputs, 3, self.stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.extra, self.extra))
        return F.relu(y + shortcut)


def _stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(BasicBlock(inputs, outputs), *(BasicBlock(outputs, outputs) for _ in range(blocks - 1)))


class CifarResNet(nn.Module):
    """Pictures (B, 3, H, W) with ImageNet's mean 0 and deviation 1 to (B, 64) features.

    Args:
        blocks: per stage; 3 make ResNet20, 9 make ResNet56 (the name counts 6 * blocks + 2 layers).
    """

    def __init__(self, blocks: int = 3, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = _stage(16, 16, blocks)
        self.layer2 = _stage(16, 32, blocks)
        self.layer3 = _stage(32, 64, blocks)
        self.linear = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, 64)."""
        x = F.relu(self.bn1(self.conv1(x)))
        return self.layer3(self.layer2(self.layer1(x))).mean((2, 3))  # type: ignore[no-any-return]

    def logits(self, features: Tensor) -> Tensor:
        """Class scores (B, classes) of features (B, 64)."""
        return self.linear(features)  # type: ignore[no-any-return]
