"""Frequency-selective reconstruction: a hole goes on in the few waves that explain what is seen round it.

After Seiler and Kaup (2010, Complex-Valued Frequency Selective Extrapolation) and Genser et al. (2018): small blocks,
those first of which most is seen; what was made counts as seen for the blocks after it. Strong where lines and tones
run on behind letters.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.types import Image, Mask

BLOCK = 4  # px; what is made at a time
SUPPORT = 32  # px; side of what a block is made from, and the longest wave
NEAR = 0.6  # weight of a pixel that is one px farther from the middle of a block
CLOSE, CALM = 0.3, 8.0  # the same for what tells whether the ground is plain; levels off its tone, on average, at most
MADE = 0.8  # weight of a pixel that was made, where one of the page's has 1
WAVES = 100  # that a block is made of, at most
SHARE = 0.2  # of what a wave explains that it is given; neighbouring waves explain it, too
LEAST = 0.2  # levels; a wave that is no higher changes nothing that is seen
_TOGETHER = 128  # blocks that are worked on at a time
_MARGIN = (SUPPORT - BLOCK) // 2
_REACH = np.ones((SUPPORT // BLOCK + 1, SUPPORT // BLOCK + 1), np.uint8)  # blocks that see a pixel of the middle one
_HALF = SUPPORT // 2 + 1  # of a real image's spectrum, whose other half mirrors it

Levels = NDArray[np.float32]
Spectrum = NDArray[np.complex64]


def reconstruct(image: Image, mask: Mask) -> Image:
    """Image (H, W, C) with the hole (H, W) filled; something of it has to be seen."""
    height, width = mask.shape
    frame = (_MARGIN, _MARGIN + -height % BLOCK), (_MARGIN, _MARGIN + -width % BLOCK)
    hidden = np.pad(mask, frame)
    trust = np.pad(~mask, frame).astype(np.float32)
    levels = np.pad(image, (*frame, (0, 0))).astype(np.float32)
    levels[hidden] = 0
    open_ = _blocks(hidden[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]).any((2, 3))
    seen = np.zeros(open_.shape, np.float32)  # how much of what is round a block that is open
    changed = open_
    while open_.any():
        _look(seen, trust, np.argwhere(changed & open_))
        turn = _turn(np.where(open_, seen, 0))
        blocks = np.argwhere(turn)
        for some in np.array_split(blocks, -(-len(blocks) // _TOGETHER)):
            _make(levels, trust, hidden, some)
        open_ = open_ & ~turn
        changed = cv2.dilate(turn.astype(np.uint8), _REACH) > 0
    made = levels[_MARGIN : _MARGIN + height, _MARGIN : _MARGIN + width]
    return np.where(mask[..., None], np.rint(made).astype(np.uint8), image)


def _blocks(plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(rows, columns, BLOCK, BLOCK) of a plane whose sides are multiples of BLOCK."""
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    return plane.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2)


def _look(seen: Levels, trust: Levels, blocks: NDArray[np.intp]) -> None:
    """Notes in place how much blocks (N, 2) see."""
    windows = np.lib.stride_tricks.sliding_window_view(trust, (SUPPORT, SUPPORT))[::BLOCK, ::BLOCK]
    for first in range(0, len(blocks), _TOGETHER):
        at = tuple(blocks[first : first + _TOGETHER].T)
        seen[at] = np.tensordot(windows[at], _NEARNESS)


def _turn(seen: Levels) -> NDArray[np.bool_]:
    """Which blocks come next: none of their neighbours that are still to be made sees more."""
    return np.asarray((seen > 0) & (seen >= cv2.dilate(seen, np.ones((3, 3), np.uint8))))


def _make(levels: Levels, trust: Levels, hidden: Mask, blocks: NDArray[np.intp]) -> None:
    """Makes blocks (N, 2), whose turn it is, in place; none waits for what another of them becomes."""
    corners = [(slice(y, y + SUPPORT), slice(x, x + SUPPORT)) for y, x in (blocks * BLOCK).tolist()]
    trusted = np.stack([trust[corner] for corner in corners])
    parts = np.stack([levels[corner] for corner in corners]).transpose(0, 3, 1, 2)
    # Waves would carry an outline that is not far into the plain ground before it.
    close = trusted * _CLOSENESS
    plain = _mean(parts, close)
    lively = (_mean(np.abs(parts - plain), close) >= CALM).any((1, 2, 3))
    made = np.broadcast_to(plain, parts.shape).copy()
    if lively.any():
        parts, weights = parts[lively], trusted[lively] * _NEARNESS
        tone = _mean(parts, weights)
        made[lively] = waves(parts - tone, weights) + tone
    made = made.clip(0, 255).transpose(0, 2, 3, 1)
    inner = slice(_MARGIN, _MARGIN + BLOCK)
    for (down, across), part in zip(corners, made[:, inner, inner], strict=True):
        at = slice(down.start + _MARGIN, down.stop - _MARGIN), slice(across.start + _MARGIN, across.stop - _MARGIN)
        levels[at][hidden[at]] = part[hidden[at]]
        trust[at][hidden[at]] = MADE


def _mean(parts: Levels, weights: Levels) -> Levels:
    """(N, C, 1, 1): means of parts (N, C, SUPPORT, SUPPORT) under weights (N, SUPPORT, SUPPORT)."""
    total = weights.sum((1, 2))[:, None, None, None]
    return np.asarray((parts * weights[:, None]).sum((2, 3), keepdims=True) / np.maximum(total, 1e-30), np.float32)


def waves(parts: Levels, weights: Levels) -> Levels:
    """What parts (N, C, SUPPORT, SUPPORT) are as sums of waves, fitted where weights (N, SUPPORT, SUPPORT) are high.

    All channels of a part have waves of the same lengths. Matching pursuit in the frequency domain: what a wave
    leaves to explain is the weights' spectrum, moved to its frequency.
    """
    found = np.zeros((*parts.shape[:3], _HALF), np.complex64)
    spectra: Spectrum = np.fft.fft2(weights).astype(np.complex64)
    left: Spectrum = np.fft.rfft2(parts * weights[:, None]).astype(np.complex64)
    total = np.maximum(spectra[:, 0, 0].real, 1e-9)
    least = parts.shape[1] * (LEAST / SHARE * total) ** 2
    open_ = np.arange(len(parts))  # parts that are not explained yet
    for _ in range(WAVES):
        rows = np.arange(len(open_))
        power = _power(left).reshape(len(open_), -1)
        best = (power * _LONG).argmax(1)
        going = power[rows, best] > least
        if not going.all():
            if not going.any():
                break
            open_, spectra, left, total, least = (each[going] for each in (open_, spectra, left, total, least))
            rows, best = np.arange(len(open_)), best[going]
        down, across = np.divmod(best, _HALF)
        height = left[rows, :, down, across] * (SHARE / total)[:, None]
        twin = (-down % SUPPORT, -across % SUPPORT)
        alone = (twin[0] == down) & (twin[1] == across)  # a wave of a real height, which is its own twin
        height[alone] = height[alone].real / 2
        found[open_, :, down, across] += height
        mirrored = twin[1] < _HALF  # the twin stands in this half, too
        found[open_[mirrored], :, twin[0][mirrored], twin[1][mirrored]] += height[mirrored].conj()
        here, there = _moved(spectra, down, across), _moved(spectra, *twin)
        for channel, its in enumerate(height.T[:, :, None, None]):
            left[:, channel] -= its * here
            left[:, channel] -= its.conj() * there
    return np.asarray(np.fft.irfft2(found, (SUPPORT, SUPPORT)) * SUPPORT**2, np.float32)


def _power(left: Spectrum) -> Levels:
    """(N, SUPPORT, _HALF): the power of waves in all channels of `left` (N, C, SUPPORT, _HALF)."""
    power = np.square(left[:, 0].real) + np.square(left[:, 0].imag)
    for channel in range(1, left.shape[1]):
        power += np.square(left[:, channel].real) + np.square(left[:, channel].imag)
    return power


def _moved(spectra: Spectrum, down: NDArray[np.intp], across: NDArray[np.intp]) -> Spectrum:
    """(N, SUPPORT, _HALF): spectra (N, SUPPORT, SUPPORT), each moved by its own frequency."""
    starts = np.arange(len(spectra), dtype=np.int32)[:, None] * SUPPORT**2
    return spectra.take((starts + _DOWN[down])[:, :, None] + _ACROSS[across][:, None])


def _tables() -> tuple[Levels, Levels, Levels, NDArray[np.int32], NDArray[np.int32]]:
    at = np.arange(SUPPORT, dtype=np.int32)
    away = at - (SUPPORT - 1) / 2
    distance = np.hypot(away[:, None], away).astype(np.float32)
    moved = (at - at[:, None]) % SUPPORT
    often = np.minimum(at, SUPPORT - at) / SUPPORT
    long = (1 - np.sqrt(2) * np.hypot(often[:, None], often[:_HALF])).clip(0) ** 2
    return (
        np.float32(NEAR) ** distance,
        np.float32(CLOSE) ** distance,
        long.astype(np.float32).ravel(),
        moved * SUPPORT,
        moved[:, :_HALF],
    )


# How near pixels are to a block; how long waves are (long ones are likelier); where what is moved by a frequency lies.
_NEARNESS, _CLOSENESS, _LONG, _DOWN, _ACROSS = _tables()
