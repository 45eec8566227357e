"""LaMa (Suvorov et al. 2022), small: strided convolutions, fast Fourier blocks at stride 8, and back."""

import torch
from torch import Tensor, nn

from training.deeplab import norm
from training.fill import Painting, timid
from training.fourier import FourierBlock


class Lama(Painting):
    """LaMa-Fourier of `width` channels at full resolution and `blocks` Fourier blocks; three quarters are global.

    Unlike the paper's, it gives a residual to the fill and sees that fill instead of black.
    """

    def __init__(self, width: int = 32, blocks: int = 6) -> None:
        super().__init__()
        deep = width * 8
        parts: list[nn.Module] = [nn.Conv2d(4, width, 7, padding=3, bias=False), norm(width), nn.ReLU(inplace=True)]
        for level in range(3):
            wide = width * 2**level
            parts += [
                nn.Conv2d(wide, 2 * wide, 3, 2, 1, bias=False),
                norm(2 * wide),
                nn.ReLU(inplace=True),
            ]
        parts += [FourierBlock(deep // 4, deep - deep // 4) for _ in range(blocks)]
        for level in reversed(range(3)):
            wide = width * 2**level
            parts += [
                nn.ConvTranspose2d(2 * wide, wide, 3, 2, 1, output_padding=1, bias=False),
                norm(wide),
                nn.ReLU(inplace=True),
            ]
        self.body = nn.Sequential(*parts, timid(nn.Conv2d(width, 3, 7, padding=3)))

    def paint(self, ground: Tensor, mask: Tensor) -> list[Tensor]:
        return [ground + self.body(torch.cat([ground - 0.5, mask], 1)).float()]
