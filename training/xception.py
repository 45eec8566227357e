"""A slim Xception with dilation, under a DeepLabV3+ decoder."""

import logging
from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from training.deeplab import Decoder, conv, norm, separable

_log = logging.getLogger(__name__)

_ENTRY = (64, 128, 256)  # channels at strides 4 and 8, and one block more; Xception has 128, 256, 728
_RATES = (2, 4, 2, 1)  # dilation of the middle blocks; it falls again, so that no pixel between is skipped


class _Block(nn.Module):
    """Three separable convolutions and a way past them (Chollet 2017)."""

    def __init__(self, inner: int, outer: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            separable(inner, outer, 1, dilation),
            separable(outer, outer, 1, dilation),
            # The last one has no ReLU of its own: it comes after the sum.
            separable(outer, outer, stride, dilation)[:-1],
        )
        same = stride == 1 and inner == outer
        self.short = (
            nn.Identity() if same else nn.Sequential(nn.Conv2d(inner, outer, 1, stride, bias=False), norm(outer))
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.body(x) + self.short(x))


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        quarter, eighth, deep = _ENTRY
        self.stem = nn.Sequential(
            nn.Conv2d(3, 32, 3, 2, 1, bias=False),
            norm(32),
            nn.ReLU(inplace=True),
            conv(32, 32, 3),
        )
        self.low = _Block(32, quarter, 2)
        self.entry = nn.Sequential(_Block(quarter, eighth, 2), _Block(eighth, deep))
        self.middle = nn.Sequential(*(_Block(deep, deep, 1, rate) for rate in _RATES))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        low = self.low(self.stem(x * 2 - 1))
        return low, self.middle(self.entry(low))


class Xception(nn.Module):
    """Slim Xception (Chollet 2017): middle blocks at atrous rates 2-4-2-1, batch norm inside separable convolutions.

    From (N, 3, H, W) in 0–1 to logits (N, classes, H, W); height and width must be multiples of 32. There are no
    ImageNet weights of this shape: it begins from random ones.
    """

    def __init__(self, pretrained: bool = False, classes: int = 3) -> None:
        super().__init__()
        if pretrained:
            _log.warning("xception begins from random weights: there are no ImageNet weights of its shape")
        self.encoder = _Encoder()
        self.decoder = Decoder(_ENTRY[0], _ENTRY[2], classes)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.decoder(*self.encoder(x)))
