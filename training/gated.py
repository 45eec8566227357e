"""Gated convolution (Yu et al. 2019): a coarse painter, then a refined one that also looks for what is alike."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.fill import Painting, doubled, timid


class GatedConv(nn.Module):
    """A convolution and, learnt from the same input, how much of it goes through: ELU(a) · sigmoid(b)."""

    def __init__(self, inner: int, outer: int, kernel: int = 3, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inner, 2 * outer, kernel, stride, dilation * (kernel // 2), dilation)

    def forward(self, x: Tensor) -> Tensor:
        features, gate = self.conv(x).chunk(2, 1)
        return cast(Tensor, functional.elu(features) * gate.sigmoid())


class Attention(nn.Module):
    """Hidden places take from known ones that look alike: self-attention (Zhang et al. 2019) without hidden keys.

    (N, C, H, W) and mask (N, 1, H, W), 1 where hidden, to (N, C, H, W). Memory goes with (H · W)².
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.slim = max(channels // 4, 8)
        self.query = nn.Conv2d(channels, self.slim, 1)
        self.key = nn.Conv2d(channels, self.slim, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.share = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        query, key, value = self.query(x).flatten(2), self.key(x).flatten(2), self.value(x).flatten(2)
        alike = query.transpose(1, 2) @ key * self.slim**-0.5 - 1e4 * mask.flatten(2)
        found = value @ alike.float().softmax(-1).to(value.dtype).transpose(1, 2)
        return cast(Tensor, x + self.share * found.reshape_as(x))


def _encoder(inner: int, width: int) -> list[nn.Module]:
    return [
        GatedConv(inner, width, 5),
        GatedConv(width, 2 * width, 3, 2),
        GatedConv(2 * width, 2 * width),
        GatedConv(2 * width, 4 * width, 3, 2),
        GatedConv(4 * width, 4 * width),
    ]


def _dilated(width: int) -> list[nn.Module]:
    return [GatedConv(4 * width, 4 * width, dilation=dilation) for dilation in (2, 4, 8, 16)]


class _Decoder(nn.Module):
    def __init__(self, inner: int, width: int) -> None:
        super().__init__()
        self.deep = GatedConv(inner, 4 * width)
        self.middle = GatedConv(4 * width, 2 * width)
        self.full = GatedConv(2 * width, width)
        self.head = timid(nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.middle(doubled(self.deep(x)))
        return cast(Tensor, self.head(self.full(doubled(x)))).float()


class Gated(Painting):
    """Coarse and refined network; the refined one joins a dilated branch and one of attention at stride 8.

    `width`: channels at full resolution, 24 in the paper's released network.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.coarse = nn.Sequential(*_encoder(4, width), *_dilated(width), _Decoder(4 * width, width))
        self.dilated = nn.Sequential(*_encoder(4, width), *_dilated(width))
        self.looking = nn.Sequential(*_encoder(4, width), GatedConv(4 * width, 4 * width, 3, 2))
        self.attention = Attention(4 * width)
        self.found = GatedConv(4 * width, 4 * width)
        self.refined = _Decoder(8 * width, width)

    def paint(self, ground: Tensor, mask: Tensor) -> list[Tensor]:
        coarse = ground + self.coarse(torch.cat([ground - 0.5, mask], 1))
        seen = torch.cat([torch.where(mask > 0.5, coarse.clamp(0, 1), ground) - 0.5, mask], 1)
        deep = self.looking(seen)
        # Hidden is what is hidden to more than half: thin holes must not hide all that is round them.
        hidden = (functional.avg_pool2d(mask, 8) > 0.5).to(deep.dtype)
        found = doubled(self.found(self.attention(deep, hidden)))
        return [coarse, coarse + self.refined(torch.cat([self.dilated(seen), found], 1))]
