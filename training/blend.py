"""A network that weighs classical fills of a hole against each other, pixel by pixel, and corrects what is left."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from mangaclean.engines import fills as made_fills
from training.fill import timid

FILLS = len(made_fills.NAMES)


class _Block(nn.Module):
    """A dilated convolution, joined point by point, added to what went in; without norms (Lim et al. 2017, EDSR)."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.near = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.join = timid(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + cast(Tensor, self.join(functional.relu(self.near(x))))


class Blend(nn.Module):
    """From fills (N, 3 × FILLS, H, W) in 0–1 and mask (N, 1, H, W), 1 where hidden, to the painted image (N, 3, H, W).

    The fills agree on known pixels, and these come out as they went in. Before it has learnt anything the network
    gives a mean of the fills. H and W are multiples of 8; a light U-Net of strides 2, 4 and 8, `widths` channels wide.
    """

    def __init__(
        self,
        widths: tuple[int, int, int] = (32, 64, 112),
        dilations: tuple[int, ...] = (1, 2, 4, 8, 2, 1),
    ) -> None:
        super().__init__()
        half, quarter, deep = widths
        self.stem = nn.Conv2d(4 * (3 * FILLS + 1), half, 3, padding=1)
        self.fine = nn.Sequential(_Block(half, 1), _Block(half, 1))
        self.to_quarter = nn.Conv2d(half, quarter, 3, 2, 1)
        self.quarter = nn.Sequential(*(_Block(quarter, dilation) for dilation in (1, 2, 4)))
        self.to_deep = nn.Conv2d(quarter, deep, 3, 2, 1)
        self.deep = nn.Sequential(*(_Block(deep, dilation) for dilation in dilations))
        self.from_deep = nn.Conv2d(deep, quarter, 1)
        self.quarter_again = nn.Sequential(*(_Block(quarter, dilation) for dilation in (1, 2)))
        self.from_quarter = nn.Conv2d(quarter, half, 1)
        self.fine_again = nn.Sequential(_Block(half, 1), _Block(half, 1))
        self.head = timid(nn.Conv2d(half, 4 * (FILLS + 3), 3, padding=1))

    def forward(self, fills: Tensor, mask: Tensor) -> Tensor:
        return torch.where(mask > 0.5, self.guess(fills, mask).clamp(0, 1), fills[:, :3])

    def guess(self, fills: Tensor, mask: Tensor) -> Tensor:
        """What is to stand everywhere, not yet clamped."""
        half = functional.relu(self.stem(functional.pixel_unshuffle(torch.cat([fills - 0.5, mask], 1), 2)))
        half = self.fine(half)
        quarter = self.quarter(functional.relu(self.to_quarter(half)))
        deep = self.deep(functional.relu(self.to_deep(quarter)))
        quarter = self.quarter_again(quarter + _larger(self.from_deep(deep)))
        half = self.fine_again(half + _larger(self.from_quarter(quarter)))
        made = functional.pixel_shuffle(self.head(half), 2)
        shares = made[:, :FILLS].softmax(1)
        each = fills.chunk(FILLS, 1)
        weighed = sum(
            (shares[:, number : number + 1] * each[number] for number in range(1, FILLS)), shares[:, :1] * each[0]
        )
        return weighed + made[:, FILLS:]


def widened(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a `Blend` that was trained on the first of the fills, for one of FILLS.

    What a new fill holds tells it nothing at first; it weighs a seventh of what the last of the known ones does.
    """
    stem, head, bias = (weights[name] for name in ("stem.weight", "head.weight", "head.bias"))
    known = stem.shape[1] // 12  # two by two pixels of three colours; those of the mask are the rest
    more = FILLS - known
    if more <= 0:
        return weights
    blind = stem.new_zeros(stem.shape[0], 12 * more, *stem.shape[2:])
    last = slice(4 * known - 4, 4 * known)
    return weights | {
        "stem.weight": torch.cat([stem[:, : 12 * known], blind, stem[:, 12 * known :]], 1),
        "head.weight": torch.cat([head[: 4 * known], *[head[last]] * more, head[4 * known :]]),
        "head.bias": torch.cat([bias[: 4 * known], *[bias[last] - 2] * more, bias[4 * known :]]),
    }


def _larger(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def distance(painted: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """(N,): how far from the truth each painting is, in bels of PSNR over hidden pixels.

    What is measured in the end, a mean of decibels, is learnt: a crop that nothing can mend does not drown the others.
    """
    count = (mask.sum((1, 2, 3)) * painted.shape[1]).clamp_min(1)
    error = ((painted - truth).square() * mask).sum((1, 2, 3)) / count
    return (error + 4e-5).log10()  # 44 dB and above is as good as the truth
