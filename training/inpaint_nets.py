"""Networks that paint holes: from image (N, 3, H, W) in 0–1 and mask (N, 1, H, W) to the painted image."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.deeplab import conv, norm
from training.fill import Painting, timid
from training.fourier import Spectral
from training.gated import Gated
from training.lama import Lama
from training.partial import PartialUNet


class _Block(nn.Module):
    """A dilated convolution beside a spectral one, joined point by point, added to what went in.

    Depth-wise convolutions blur lines that must go on; so the near part is a whole convolution, and the far one, which
    continues tone, is narrow.
    """

    def __init__(self, channels: int, dilation: int, far: int) -> None:
        super().__init__()
        self.near = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.far = Spectral(channels, channels, far) if far else None
        self.norm = norm(channels)
        self.join = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), norm(channels))

    def forward(self, x: Tensor) -> Tensor:
        seen = self.near(x)
        if self.far is not None:
            seen = seen + self.far(x)
        return functional.relu(x + self.join(functional.relu(self.norm(seen))))


def _blocks(channels: int, dilations: tuple[int, ...], far: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(channels, dilation, far) for dilation in dilations))


class Lite(Painting):
    """A light U-Net of strides 2, 4 and 8 that corrects the fill; for 512 × 512 within a quarter of a second.

    Ends as it begins, with pixels rearranged (Shi et al. 2016): nothing is convolved at full resolution. `widths`:
    channels at each stride; `far`: channels that see the whole tile by their spectrum, at strides 4 and 8 (none: what
    they learn on small crops does not hold on large tiles, whose spectrum is larger).
    """

    def __init__(
        self,
        widths: tuple[int, int, int] = (32, 64, 128),
        dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4, 1),
        far: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__()
        half, quarter, deep = widths
        self.stem = conv(16, half, 3)
        self.fine = _blocks(half, (1,), 0)
        self.to_quarter = nn.Sequential(nn.Conv2d(half, quarter, 3, 2, 1, bias=False), norm(quarter), nn.ReLU(True))
        self.quarter = _blocks(quarter, (1, 2, 4), far[0])
        self.to_deep = nn.Sequential(nn.Conv2d(quarter, deep, 3, 2, 1, bias=False), norm(deep), nn.ReLU(True))
        self.deep = _blocks(deep, dilations, far[1])
        self.from_deep = nn.Conv2d(deep, quarter, 1)
        self.quarter_again = _blocks(quarter, (1, 2), far[0])
        self.from_quarter = nn.Conv2d(quarter, half, 1)
        self.fine_again = _blocks(half, (1, 1), 0)
        self.head = timid(nn.Conv2d(half, 12, 3, padding=1))

    def paint(self, ground: Tensor, mask: Tensor) -> list[Tensor]:
        half = self.fine(self.stem(functional.pixel_unshuffle(torch.cat([ground - 0.5, mask], 1), 2)))
        quarter = self.quarter(self.to_quarter(half))
        deep = self.deep(self.to_deep(quarter))
        quarter = self.quarter_again(quarter + _larger(self.from_deep(deep)))
        half = self.fine_again(half + _larger(self.from_quarter(quarter)))
        return [ground + functional.pixel_shuffle(self.head(half), 2).float()]


def _larger(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


NETS: dict[str, Callable[[], Painting]] = {
    "lite": Lite,
    "partial": PartialUNet,
    "gated": Gated,
    "lama": Lama,
}
