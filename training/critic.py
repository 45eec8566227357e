"""SN-PatchGAN (Yu et al. 2019): a critic of patches, and what it and the painter are to learn from each other."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

LAZY = 16  # steps from penalty to penalty (Karras et al. 2020)


class Critic(nn.Module):
    """Strided convolutions under spectral norm: from image (N, 3, H, W) and mask to features, the last of them scores.

    Scores (N, 1, H/16, W/16) are positive where a patch looks real.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        widths = (4, width, 2 * width, 4 * width, 4 * width)
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(inner, outer, 5, 2, 2)) for inner, outer in pairwise(widths)
        )
        self.head = spectral_norm(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, image: Tensor, mask: Tensor) -> list[Tensor]:
        x = torch.cat([image * 2 - 1, mask], 1)
        features = []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
            features.append(x)
        return [*features, self.head(x)]


def patches(mask: Tensor, scores: Tensor) -> Tensor:
    """1 for patches that hold hidden pixels."""
    return functional.adaptive_max_pool2d(mask, scores.shape[-2:])


def critic_loss(critic: nn.Module, real: Tensor, painted: Tensor, mask: Tensor, penalty: float = 0.0) -> Tensor:
    """Hinge loss: painted patches are false where they hold hidden pixels, and true elsewhere (Suvorov et al. 2022).

    `penalty`: weight of R1 (Mescheder et al. 2018), the squared slope at real images; 0: not computed.
    """
    real = real.detach().requires_grad_(bool(penalty))
    true = critic(real, mask)[-1].float()
    false = critic(painted.detach(), mask)[-1].float()
    here = patches(mask, false)
    value = functional.relu(1 - true).mean()
    value = value + (here * functional.relu(1 + false) + (1 - here) * functional.relu(1 - false)).mean()
    if penalty:
        (slope,) = torch.autograd.grad(true.sum(), real, create_graph=True)
        value = value + penalty / 2 * slope.square().sum((1, 2, 3)).mean()
    return value


def painter_losses(
    critic: nn.Module, real: Tensor, painted: Tensor, mask: Tensor, matching: bool
) -> tuple[Tensor, Tensor | None]:
    """What the painter is to make smaller: scores of hidden patches; and how its features differ from real ones."""
    *features, scores = critic(painted, mask)
    here = patches(mask, scores)
    adversarial = -(scores.float() * here).sum() / here.sum().clamp_min(1)
    if not matching:
        return adversarial, None
    with torch.no_grad():
        *wanted, _ = critic(real, mask)
    apart = [(ours.float() - theirs.float()).abs().mean() for ours, theirs in zip(features, wanted, strict=True)]
    return adversarial, torch.stack(apart).mean()
