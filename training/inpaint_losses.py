"""What painted holes are judged by: terms with a weight each; a term of weight 0 is not computed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.critic import painter_losses
from training.nets import _Block, _Lite0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each term counts. Plain differences are means over the pixels that they are of."""

    hole: float = 6.0  # L1 of hidden pixels
    valid: float = 0.0  # L1 of known ones
    similar: float = 1.0  # 1 − SSIM about hidden pixels
    perceptual: float = 0.0  # features of an ImageNet encoder
    style: float = 0.0  # what features go together, whatever their place
    wide: float = 0.0  # features at stride 8 that see far, by dilation
    tv: float = 0.0  # steps between neighbours in and about holes
    adversarial: float = 0.0  # hinge on patches with hidden pixels
    matching: float = 0.0  # features of the critic; needs `adversarial`
    penalty: float = 0.0  # R1 of the critic; needs `adversarial`

    def __post_init__(self) -> None:
        if min(getattr(self, field.name) for field in fields(Weights)) < 0:
            raise ValueError("weights of losses are 0 or more")
        if (self.matching or self.penalty) and not self.adversarial:
            raise ValueError("feature matching and R1 need a critic: give the adversarial loss a weight")


class Features(nn.Module):
    """EfficientNet-Lite0 with frozen ImageNet weights: features (N, C, h, w) at strides 2 to 32.

    `wide`: strides 16 and 32 are dilations instead, so that features at stride 8 see as far (high receptive field
    perceptual loss, Suvorov et al. 2022); only the deeper half is given.
    """

    def __init__(self, pretrained: bool = True, wide: bool = False) -> None:
        super().__init__()
        self.encoder = _Lite0()
        if pretrained:
            self.encoder.load_imagenet()
        else:
            _log.warning("losses on features use random weights")
        self.wide = wide
        if wide:
            _dilate(self.encoder)
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "Features":
        """Never learns, its batch norms neither: features are a measure."""
        super().train(False)
        return self

    def forward(self, image: Tensor) -> list[Tensor]:
        taps: list[Tensor] = self.encoder(image.clamp(0, 1))
        return taps[2:] if self.wide else taps


def _dilate(encoder: nn.Module) -> None:
    stride, dilation = 2, 1  # the stem's
    for block in encoder.modules():
        if not isinstance(block, _Block):
            continue
        layer, apart = block._depthwise_conv, dilation
        if layer.stride[0] == 2 and stride == 8:
            layer.stride, dilation = (1, 1), dilation * 2
        else:
            stride *= layer.stride[0]
        around = layer.kernel_size[0] // 2 * apart
        layer.dilation, layer.padding = (apart, apart), (around, around)


def style_of(features: Tensor) -> Tensor:
    """Gram matrices (N, C, C), divided by the number of values each is made of."""
    flat = features.float().flatten(2)
    return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """SSIM about each pixel (Wang et al. 2004), of the mean of channels, window σ 1.5: (N, 1, H − 10, W − 10)."""
    line = torch.exp(-((torch.arange(11, device=a.device) - 5.0) ** 2) / 4.5)
    line = line / line.sum()
    p, q = a.float().mean(1, keepdim=True), b.float().mean(1, keepdim=True)
    parts = torch.cat([p, q, p * p, q * q, p * q], 1)
    for kernel in (line.view(1, 1, 11, 1), line.view(1, 1, 1, 11)):
        parts = functional.conv2d(parts, kernel.expand(5, 1, -1, -1), groups=5)
    p, q, pp, qq, pq = parts.chunk(5, 1)
    low, high = 0.01**2, 0.03**2
    return (2 * p * q + low) * (2 * (pq - p * q) + high) / ((p * p + q * q + low) * (pp - p * p + qq - q * q + high))


def variation(image: Tensor, mask: Tensor) -> Tensor:
    """Mean step between neighbours, in holes and a pixel round them."""
    about = functional.max_pool2d(mask, 3, 1, 1)
    across = (image[..., 1:] - image[..., :-1]).abs() * about[..., 1:] * about[..., :-1]
    down = (image[..., 1:, :] - image[..., :-1, :]).abs() * about[..., 1:, :] * about[..., :-1, :]
    return (across.sum() + down.sum()) / (about.sum() * image.shape[1]).clamp_min(1)


class Losses:
    """The terms of the painter's loss; features are loaded only where a weight asks for them."""

    def __init__(self, weights: Weights, device: torch.device, pretrained: bool = True) -> None:
        self.weights = weights
        near, far = weights.perceptual or weights.style, weights.wide
        self.features = Features(pretrained).to(device) if near else None
        self.far = Features(pretrained, wide=True).to(device) if far else None

    def __call__(
        self, guesses: list[Tensor], truth: Tensor, mask: Tensor, critic: nn.Module | None = None
    ) -> Mapping[str, Tensor]:
        """Weighted terms by name, of guesses and truth (N, 3, H, W) and mask (N, 1, H, W), 1 where hidden."""
        weights, terms = self.weights, dict[str, Tensor]()
        guess = guesses[-1]
        painted = torch.where(mask > 0.5, guess, truth)
        for name, where in (("hole", mask), ("valid", 1 - mask)):
            if weight := getattr(weights, name):
                count = (where.sum() * truth.shape[1]).clamp_min(1)
                apart = torch.stack([((each - truth).abs() * where).sum() / count for each in guesses])
                terms[name] = weight * apart.mean()
        if weights.similar:
            about = functional.max_pool2d(mask, 3, 1, 1)[..., 5:-5, 5:-5]
            unlike = (1 - similarity(painted, truth)) * about
            terms["similar"] = weights.similar * unlike.sum() / about.sum().clamp_min(1)
        if self.features is not None:
            terms |= self._felt(self.features, guess, painted, truth)
        if self.far is not None:
            with torch.no_grad():
                seen = self.far(truth)
            far = [(ours.float() - theirs.float()).square().mean() for ours, theirs in _pairs(self.far(painted), seen)]
            terms["wide"] = weights.wide * torch.stack(far).mean()
        if weights.tv:
            terms["tv"] = weights.tv * variation(painted, mask)
        if weights.adversarial and critic is not None:
            adversarial, matching = painter_losses(critic, truth, painted, mask, bool(weights.matching))
            terms["adversarial"] = weights.adversarial * adversarial
            if matching is not None:
                terms["matching"] = weights.matching * matching
        return terms

    def _felt(self, features: nn.Module, guess: Tensor, painted: Tensor, truth: Tensor) -> dict[str, Tensor]:
        weights, terms = self.weights, dict[str, Tensor]()
        with torch.no_grad():
            wanted = features(truth)
        made = [features(painted)]
        if weights.valid:  # else what is guessed for known pixels is nobody's business
            made.append(features(guess))
        if weights.perceptual:
            apart = [
                (ours.float() - theirs.float()).abs().mean() for each in made for ours, theirs in _pairs(each, wanted)
            ]
            terms["perceptual"] = weights.perceptual * torch.stack(apart).mean()
        if weights.style:
            apart = [
                (style_of(ours) - style_of(theirs)).abs().mean()
                for each in made
                for ours, theirs in _pairs(each, wanted)
            ]
            terms["style"] = weights.style * torch.stack(apart).mean()
        return terms


def _pairs(ours: list[Tensor], theirs: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
    return list(zip(ours, theirs, strict=True))
