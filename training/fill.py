"""What a hole is filled with before a network looks at it, and the contract of all networks that paint."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 5
MULTIPLE = 2**LEVELS  # height and width of what is painted


def fill(image: Tensor, mask: Tensor) -> Tensor:
    """Holes filled from what is round them, coarse to fine: push and pull (Gortler et al. 1996).

    `image`: (N, C, H, W); `mask`: (N, 1, H, W), 1 where hidden; height and width multiples of 32. Each level averages
    what is known in squares of two; the way back takes from a coarser level what a finer one does not know.
    """
    weight = 1 - mask
    colour = image * weight
    levels = [(colour, weight)]
    for _ in range(LEVELS):
        colour, weight = functional.avg_pool2d(colour, 2), functional.avg_pool2d(weight, 2)
        levels.append((colour, weight))
    # At the coarsest level the rest is spread a square at a time, then comes the mean of all there is.
    mean = (colour.mean((2, 3), keepdim=True) + 1e-6 * 0.5) / (weight.mean((2, 3), keepdim=True) + 1e-6)
    for _ in range(2):
        near, share = (functional.avg_pool2d(each, 3, 1, 1) for each in (colour, weight))
        rest = (weight < 1e-6).to(weight.dtype)
        colour, weight = colour + rest * near, weight + rest * share
    made = mean.expand_as(colour)
    levels[-1] = (colour, weight)
    for number, (colour, weight) in enumerate(reversed(levels)):
        if number:
            made = functional.interpolate(made, scale_factor=2.0, mode="bilinear", align_corners=False)
        last = number == LEVELS
        sure = weight if last else (weight * 4).clamp_max(1)
        made = sure * (colour / weight.clamp_min(1e-6)) + (1 - sure) * made
    return made


def exact(x: Tensor) -> torch.autocast:
    """A context in which the device of `x` computes in full precision, also under autocast."""
    return torch.autocast("cpu" if x.is_meta else x.device.type, enabled=False)


class Painting(nn.Module):
    """Contract: from image (N, 3, H, W) in 0–1 and mask (N, 1, H, W), 1 where hidden, to the painted image.

    Hidden pixels are never looked at; known ones come out as they went in. Height and width are multiples of 32. A
    network gives what is to be added to the fill, so that before it has learnt anything it paints the fill.
    """

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return torch.where(mask > 0.5, self.guesses(image, mask)[-1].clamp(0, 1), image)

    def guesses(self, image: Tensor, mask: Tensor) -> list[Tensor]:
        """What is to stand everywhere, not yet clamped, as float32: one guess, or a coarse one and a refined one."""
        with exact(image):
            hidden = (mask > 0.5).to(image.dtype)
            ground = fill(torch.where(mask > 0.5, torch.zeros_like(image), image), hidden)
        return self.paint(ground, hidden)

    def paint(self, ground: Tensor, mask: Tensor) -> list[Tensor]:
        """The guesses, from the filled image."""
        raise NotImplementedError


class Fill(Painting):
    """The fill alone: what networks must improve on."""

    def paint(self, ground: Tensor, mask: Tensor) -> list[Tensor]:
        return [ground]


def timid(layer: nn.Conv2d) -> nn.Conv2d:
    """A last layer that begins near nothing, so that training starts at the fill."""
    nn.init.normal_(layer.weight, std=1e-3)
    nn.init.zeros_(cast(Tensor, layer.bias))
    return layer


def doubled(x: Tensor) -> Tensor:
    """Twice as high and wide."""
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
