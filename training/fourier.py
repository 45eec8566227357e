"""Fast Fourier convolution (Chi et al. 2020): by FFT where it learns, as products of matrices where it is exported."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.deeplab import conv, norm
from training.fill import exact


def _waves(index: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """cos and sin of 2π n k / N for all n < N and for k in `index`, scaled so that the transform is orthonormal."""
    # Whole numbers first: a large angle in float32 loses the digits that matter.
    total = torch.ones_like(count).sum()
    angle = (count[:, None] * index[None]) % total
    turn = angle.float() * (2 * torch.pi / total.float())
    scale = total.float().rsqrt()
    return turn.cos() * scale, turn.sin() * scale


def _axes(high: int, wide: int, half: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    rows, columns = torch.arange(high, device=device), torch.arange(wide, device=device)
    return *_waves(columns[:half], columns), *_waves(rows, rows)


def spectrum(x: Tensor, matrices: bool = False) -> Tensor:
    """Orthonormal rfft2 of (N, C, H, W) as (N, 2 C, H, W // 2 + 1): real parts, then imaginary ones."""
    if not matrices:
        whole = torch.fft.rfft2(x, norm="ortho")
        return torch.cat([whole.real, whole.imag], 1)
    high, wide = x.shape[-2:]
    cos, sin, down_cos, down_sin = _axes(high, wide, wide // 2 + 1, x.device)
    real, imaginary = x @ cos, -(x @ sin)
    return torch.cat(
        [down_cos @ real + down_sin @ imaginary, down_cos @ imaginary - down_sin @ real],
        1,
    )


def image_of(spectra: Tensor, wide: int, matrices: bool = False) -> Tensor:
    """The inverse of `spectrum`: from (N, 2 C, H, W // 2 + 1) to (N, C, H, W)."""
    real, imaginary = spectra.chunk(2, 1)
    high, half = real.shape[-2:]
    if not matrices:
        return cast(Tensor, torch.fft.irfft2(torch.complex(real, imaginary), s=(high, wide), norm="ortho"))
    cos, sin, down_cos, down_sin = _axes(high, wide, half, spectra.device)
    there = down_cos @ real - down_sin @ imaginary
    turned = down_cos @ imaginary + down_sin @ real
    # Each frequency but the first, and the last of an even width, stands for its mirror image too.
    index = torch.arange(wide, device=spectra.device)
    first = index[:half]
    twice = 2 - (first == 0).float() - (2 * first == torch.ones_like(index).sum()).float()
    return (there * twice) @ cos.transpose(0, 1) - (turned * twice) @ sin.transpose(0, 1)


class FourierUnit(nn.Module):
    """A point-wise convolution of all frequencies: every pixel hears of every other. (N, C, H, W) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.matrices = False
        self.mix = conv(2 * channels, 2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        with exact(x):
            whole = spectrum(x.float(), self.matrices)
        mixed = self.mix(whole)
        with exact(x):
            return image_of(mixed.float(), x.shape[-1], self.matrices)


def as_matrices(net: nn.Module, on: bool = True) -> None:
    """Lets all Fourier units of a network compute by matrix products, or by FFT."""
    for part in net.modules():
        if isinstance(part, FourierUnit):
            part.matrices = on


class Spectral(nn.Module):
    """Spectral transform: narrowed to `mid` channels, through a Fourier unit, widened again."""

    def __init__(self, inner: int, outer: int, mid: int) -> None:
        super().__init__()
        self.narrow = conv(inner, mid)
        self.unit = FourierUnit(mid)
        self.widen = nn.Conv2d(mid, outer, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.narrow(x)
        return cast(Tensor, self.widen(x + self.unit(x)))


class FourierConv(nn.Module):
    """Fast Fourier convolution of a local and a global half: ((N, L, H, W), (N, G, H, W)) to the same."""

    def __init__(self, near: int, far: int) -> None:
        super().__init__()
        self.near_near = nn.Conv2d(near, near, 3, padding=1, bias=False)
        self.far_near = nn.Conv2d(far, near, 3, padding=1, bias=False)
        self.near_far = nn.Conv2d(near, far, 3, padding=1, bias=False)
        self.far_far = Spectral(far, far, far // 2)
        self.norms = nn.ModuleList([norm(near), norm(far)])

    def forward(self, near: Tensor, far: Tensor) -> tuple[Tensor, Tensor]:
        local = self.norms[0](self.near_near(near) + self.far_near(far))
        wide = self.norms[1](self.near_far(near) + self.far_far(far))
        return functional.relu(local), functional.relu(wide)


class FourierBlock(nn.Module):
    """Two fast Fourier convolutions and what went in; the first `near` channels are the local half."""

    def __init__(self, near: int, far: int) -> None:
        super().__init__()
        self.near = near
        self.first, self.second = FourierConv(near, far), FourierConv(near, far)

    def forward(self, x: Tensor) -> Tensor:
        pair = self.second(*self.first(x[:, : self.near], x[:, self.near :]))
        return x + torch.cat(pair, 1)
