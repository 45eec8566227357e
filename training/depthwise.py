"""Depth-wise convolution whose gradients are fast where a processor trains in bf16."""

from typing import Any, cast

import torch
from torch import Tensor, nn

_backward = torch.ops.aten.convolution_backward


class _InHalf(torch.autograd.Function):
    """Forward in bf16, backward in fp32: oneDNN's bf16 gradients of depth-wise convolutions take five times as long.

    (5 × 5 taps, and stride 2; two thirds of a training step of lite-unet, measured on a processor with amx_bf16.)
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.how = [stride] * 2, [padding] * 2
        return nn.functional.conv2d(x, weight, None, stride, padding, 1, len(weight))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        x, weight = ctx.saved_tensors
        wanted = [*ctx.needs_input_grad[:2], False]
        stride, padding = ctx.how
        args = [part.float() for part in (gradient, x, weight)]
        to_x, to_weight, _ = _backward(*args, None, stride, padding, [1, 1], False, [0, 0], len(weight), wanted)
        return None if to_x is None else to_x.to(x.dtype), to_weight, None, None


class Depthwise(nn.Conv2d):
    """Each channel by itself, without a bias; `Conv2d` in all but the gradients under bf16 autocast on a processor."""

    def __init__(self, channels: int, kernel: int, stride: int) -> None:
        super().__init__(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        half = torch.get_autocast_dtype("cpu")
        if x.is_cuda or not (self.training and torch.is_autocast_enabled("cpu") and half == torch.bfloat16):
            return super().forward(x)
        how = self.stride[0], int(self.padding[0])
        return cast(Tensor, _InHalf.apply(x.to(half), self.weight.to(half), *how))  # type: ignore[no-untyped-call]
