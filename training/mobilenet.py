"""MobileNetV2 with squeeze-and-excitation and dilation, under a DeepLabV3+ decoder."""

import importlib
import logging
from typing import cast

import torch
from torch import Tensor, nn

from training.deeplab import Decoder, norm

_log = logging.getLogger(__name__)

# MobileNetV2 (Sandler et al. 2018, table 2): expansion, channels, repeats, stride
_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_LOW = 3  # the last feature at stride 4
_FINEST = 8  # the stride at which dilation takes over


def _even(channels: float) -> int:
    """To a multiple of 8, but not down by more than a tenth."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near if near >= 0.9 * channels else near + 8


def _conv(
    inner: int, outer: int, kernel: int = 1, stride: int = 1, dilation: int = 1, groups: int = 1
) -> nn.Sequential:
    around = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(inner, outer, kernel, stride, around, dilation, groups, bias=False),
        norm(outer),
        nn.ReLU6(inplace=True),
    )


class Gate(nn.Module):
    """Spatial and channel squeeze-and-excitation, added (scSE, Roy et al. 2018); (N, C, H, W) keeps its shape.

    Starts as the identity (each half weighs everything by one half), so that pre-trained weights mean what they meant.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, max(channels // 2, 8), 1)
        self.excite = nn.Conv2d(max(channels // 2, 8), channels, 1)
        self.place = nn.Conv2d(channels, 1, 1)
        for last in (self.excite, self.place):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(cast(Tensor, last.bias))

    def forward(self, x: Tensor) -> Tensor:
        channel = self.excite(self.squeeze(x.mean((2, 3), keepdim=True)).relu())
        return cast(Tensor, x * (channel.sigmoid() + self.place(x).sigmoid()))


class _Inverted(nn.Module):
    """Inverted residual, then the gate; `conv` is named as in torchvision, so that its weights load as they are."""

    def __init__(self, inner: int, outer: int, expansion: int, stride: int, dilation: int) -> None:
        super().__init__()
        wide = inner * expansion
        self.skip = stride == 1 and inner == outer
        self.conv = nn.Sequential(
            *([_conv(inner, wide)] if expansion != 1 else []),
            _conv(wide, wide, 3, stride, dilation, wide),
            nn.Conv2d(wide, outer, 1, bias=False),
            norm(outer),
        )
        self.gate = Gate(outer)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return cast(Tensor, self.gate(x + y if self.skip else y))


class _Encoder(nn.Module):
    def __init__(self, width: float) -> None:
        super().__init__()
        inner = _even(32 * width)
        features: list[nn.Module] = [_conv(3, inner, 3, 2)]
        reached, dilation, self.channels = 2, 1, [inner]
        for expansion, channels, repeats, stride in _STAGES:
            outer = _even(channels * width)
            for number in range(repeats):
                step, now = (stride if number == 0 else 1), dilation
                if step == 2 and reached == _FINEST:
                    # The block whose stride is gone still sees pixels that lie as before; only what follows spreads.
                    step, dilation = 1, dilation * 2
                reached *= step
                features.append(_Inverted(inner, outer, expansion, step, now))
                self.channels.append(outer)
                inner = outer
        self.features = nn.ModuleList(features)
        # What ImageNet weights were trained with.
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None], persistent=False)
        self.register_buffer("spread", torch.tensor([0.229, 0.224, 0.225])[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = (x - cast(Tensor, self.mean)) / cast(Tensor, self.spread)
        low = x
        for number, feature in enumerate(self.features):
            x = feature(x)
            if number == _LOW:
                low = x
        return low, x

    def load(self, stored: dict[str, Tensor]) -> None:
        """Weights of torchvision's MobileNetV2; what only classification needs is left out."""
        ours = self.state_dict()
        theirs = {name: value for name, value in stored.items() if name in ours}
        absent = [name for name in ours if name not in theirs and ".gate." not in name]
        if absent:
            raise ValueError(f"these are no weights of MobileNetV2: {', '.join(absent[:3])} … are missing")
        self.load_state_dict(theirs, strict=False)

    def load_imagenet(self) -> None:
        """torchvision's weights, where there is torchvision and its download can be had."""
        try:
            models = importlib.import_module("torchvision.models")
            stored = models.MobileNet_V2_Weights.IMAGENET1K_V1.get_state_dict(progress=False)
        except (ImportError, RuntimeError, OSError) as error:
            # torchvision built for another torch fails with RuntimeError, a download with OSError.
            _log.warning("mobilenet begins from random weights: no ImageNet weights from torchvision (%s)", error)
            return
        self.load(stored)


class MobileNet(nn.Module):
    """MobileNetV2 of any width with scSE gates, dilation in place of strides 16 and 32, RFB and DeepLabV3+ decoder.

    From (N, 3, H, W) in 0–1 to logits (N, classes, H, W); height and width must be multiples of 32.
    """

    def __init__(self, pretrained: bool = False, width: float = 1.0, classes: int = 3) -> None:
        super().__init__()
        self.encoder = _Encoder(width)
        if pretrained and width == 1:
            self.encoder.load_imagenet()
        elif pretrained:
            _log.warning("mobilenet of width %g begins from random weights: ImageNet weights are of width 1", width)
        self.decoder = Decoder(self.encoder.channels[_LOW], self.encoder.channels[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.decoder(*self.encoder(x)))
