"""Partial convolution (Liu et al. 2018): a U-Net whose convolutions see only what is known, or was painted before."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.deeplab import norm
from training.fill import Painting, doubled, exact, timid


class PartialConv(nn.Module):
    """A convolution over the known pixels, weighted up by how few they are; padding counts as unknown.

    From (N, C, H, W) and masks (N, G, H, W), 1 where known, of its G groups of channels, to the same with one group.
    `groups`: channels in each. Where a window holds nothing known the result is 0, and stays unknown.
    """

    def __init__(self, groups: tuple[int, ...], outer: int, kernel: int, stride: int = 1, bias: bool = False) -> None:
        super().__init__()
        self.groups = groups
        self.conv = nn.Conv2d(sum(groups), outer, kernel, stride, kernel // 2, bias=False)
        self.bias = nn.Parameter(torch.zeros(outer, 1, 1)) if bias else None
        shares = torch.tensor(groups, dtype=torch.float32) / (sum(groups) * kernel**2)
        self.window: Tensor
        self.register_buffer("window", shares[None, :, None, None].expand(1, -1, kernel, kernel).clone(), False)

    def forward(self, x: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        with exact(x), torch.no_grad():
            share = functional.conv2d(known.float(), self.window, None, self.conv.stride, self.conv.padding)
            nothing = share < 1e-6
            up = (1 / share.clamp_min(1e-6)).to(x.dtype)
        parts = torch.split(x, list(self.groups), 1) if len(self.groups) > 1 else (x,)
        seen = [part.masked_fill(known[:, number : number + 1] < 0.5, 0.0) for number, part in enumerate(parts)]
        made = self.conv(torch.cat(seen, 1) if len(seen) > 1 else seen[0]) * up
        if self.bias is not None:
            made = made + self.bias
        return made.masked_fill(nothing, 0.0), (~nothing).to(known.dtype)


class _Level(nn.Module):
    """Two partial convolutions, the second with what went into it added."""

    def __init__(self, groups: tuple[int, ...], outer: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.first = PartialConv(groups, outer, kernel, stride)
        self.second = PartialConv((outer,), outer, 3)
        self.norms = nn.ModuleList([norm(outer), norm(outer)])

    def forward(self, x: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        x, known = self.first(x, known)
        x = functional.relu(self.norms[0](x))
        more, known = self.second(x, known)
        return functional.relu(x + self.norms[1](more)), known


class PartialUNet(Painting):
    """The deeper variant: two convolutions and a residual on each level; strides to 32. The fill is added at the end.

    The convolutions themselves never see the fill, only known pixels, as in the paper.
    """

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 192, 256)) -> None:
        super().__init__()
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        inner = 3
        for number, width in enumerate(widths):
            self.down.append(_Level((inner,), width, 5 if number < 2 else 3, 2))
            inner = width
        for width, skip in zip((*widths[-2::-1], 24), (*widths[-2::-1], 3), strict=True):
            # A second convolution at full resolution would take as long as all levels below it.
            part = PartialConv((inner, skip), width, 3, bias=True) if skip == 3 else _Level((inner, skip), width)
            self.up.append(part)
            inner = width
        self.head = timid(nn.Conv2d(inner, 3, 3, padding=1))

    def paint(self, ground: Tensor, mask: Tensor) -> list[Tensor]:
        known = 1 - mask
        x, seen = ground - 0.5, known
        skips = []
        for level in self.down:
            skips.append((x, seen))
            x, seen = level(x, seen)
        for level, (skip, there) in zip(self.up, reversed(skips), strict=True):
            x, seen = level(torch.cat([doubled(x), skip], 1), torch.cat([doubled(seen), there], 1))
        return [ground + cast(Tensor, self.head(functional.relu(x))).float()]
