"""What stands on an encoder of output stride 8: receptive field block and DeepLabV3+ decoder."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


def norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm with a short memory: runs here are thousands of steps, not hundreds of thousands."""
    return nn.BatchNorm2d(channels, momentum=0.03)


def conv(inner: int, outer: int, kernel: int | tuple[int, int] = 1, dilation: int = 1) -> nn.Sequential:
    """Convolution that keeps the size, batch norm, ReLU."""
    high, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
    around = dilation * (high // 2), dilation * (wide // 2)
    return nn.Sequential(
        nn.Conv2d(inner, outer, (high, wide), padding=around, dilation=dilation, bias=False),
        norm(outer),
        nn.ReLU(inplace=True),
    )


def separable(inner: int, outer: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """3 × 3 depth-wise convolution, batch norm, point-wise convolution, batch norm, ReLU.

    Xception (Chollet 2017) has nothing between the two convolutions; DeepLabV3+ (Chen et al. 2018) found the batch norm
    there to help.
    """
    return nn.Sequential(
        nn.Conv2d(inner, inner, 3, stride, dilation, dilation, groups=inner, bias=False),
        norm(inner),
        nn.Conv2d(inner, outer, 1, bias=False),
        norm(outer),
        nn.ReLU(inplace=True),
    )


class ReceptiveField(nn.Module):
    """Receptive field block (Liu et al. 2018): branches of kernels 3, 5 and 7, each with a dilation as large.

    From (N, inner, H, W) to (N, outer, H, W). Kernels are split in two lines, as in the paper's RFB-s.
    """

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        wide = outer // 2
        self.branches = nn.ModuleList([conv(inner, wide)])
        for side in (3, 5, 7):
            lines = conv(wide, wide, (1, side)), conv(wide, wide, (side, 1))
            self.branches.append(nn.Sequential(conv(inner, wide), *lines, conv(wide, wide, 3, side)))
        self.merge = nn.Sequential(nn.Conv2d(4 * wide, outer, 1, bias=False), norm(outer))
        self.short = nn.Sequential(nn.Conv2d(inner, outer, 1, bias=False), norm(outer))

    def forward(self, x: Tensor) -> Tensor:
        together = self.merge(torch.cat([branch(x) for branch in self.branches], 1))
        return functional.relu(together + self.short(x))


class Decoder(nn.Module):
    """DeepLabV3+ (Chen et al. 2018): what was seen at stride 8, made sharp with what stands at stride 4.

    From (N, low, H/4, W/4) and (N, deep, H/8, W/8) to logits (N, classes, H, W).
    """

    def __init__(self, low: int, deep: int, classes: int, wide: int = 128) -> None:
        super().__init__()
        self.field = ReceptiveField(deep, wide)
        self.low = conv(low, 48)
        self.fuse = nn.Sequential(separable(wide + 48, wide), separable(wide, wide))
        self.head = nn.Conv2d(wide, classes, 1)
        nn.init.constant_(cast(Tensor, self.head.bias), -2.0)  # most of a page is none of the kinds

    def forward(self, low: Tensor, deep: Tensor) -> Tensor:
        seen = _larger(self.field(deep), 2)
        return _larger(self.head(self.fuse(torch.cat([seen, self.low(low)], 1))), 4)


def _larger(x: Tensor, times: int) -> Tensor:
    return functional.interpolate(x, scale_factor=float(times), mode="bilinear", align_corners=False)
