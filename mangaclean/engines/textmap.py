"""From a page to maps of its lettering and balloons, by a network."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean import bubbles, memory
from mangaclean.engines import onnx, openvino, weights
from mangaclean.engines.onnx import Network
from mangaclean.errors import UsageError
from mangaclean.pieces import ROWS, pieces
from mangaclean.types import Box, Image, Mask

Shares = NDArray[np.uint8]  # (H, W), probability × 255

PAGE = 960  # px of a page's width at which the network sees lettering as it was trained to
STRIDE = 32  # height and width of what the network sees are multiples of it
AREA = 1_400_000  # px that are seen at once; a page fits, strips and spreads take several windows
STRIP_AREA = 900_000  # px of such a window: a strip takes memory enough itself
CONTEXT = 96  # px beside a window's own part that it sees, and another window decides
RAMP = 64  # px over which one window's answer gives way to the next one's
CLOSER = 4 / 3  # times as large: how the network sees, once more, what may be lettering on art
MAYBE, HOUSED = 40, 128  # of 255: what may be lettering; and the balloons where one look is enough
CELL = 48  # px: parts of a page that are looked at again, or not
BESIDE = 1  # cells that are seen round them
SLAB = 32  # cells of a strip's height that are looked at again together


class Maps(NamedTuple):
    """Where a page shows typeset lettering, sound effects and balloons: probabilities × 255, in the page's size."""

    typeset: Shares
    sfx: Shares
    balloon: Shares


def load(given: Path | None = None) -> Network:
    """The network that maps pages, with the weights in `given`, else the shipped ones.

    OpenVINO runs it where it is installed and can, else ONNX Runtime. MissingError: no weights, or damaged ones;
    UsageError: the file holds another network.
    """
    path = weights.find(given)
    model = weights.read(path)
    fast = openvino.network(model)
    if fast and _fits(fast):
        return fast
    try:
        plain = onnx.network(model)
    except UsageError:
        raise
    except Exception as error:  # ONNX Runtime has an exception of its own for each way to be broken
        raise UsageError(f"{path} is no network that ONNX Runtime can load: {error}") from error
    if not _fits(plain):
        raise UsageError(f"{path} is no network for text maps: it does not make (1, 3, H, W) of (1, 3, H, W)")
    return plain


def maps(image: Image, network: Network, area: int = AREA, part: int = STRIP_AREA) -> Maps:
    """The maps of a page (H, W, 3) by a network that takes (1, 3, h, w) in 0–1 and gives probabilities of that shape.

    The network sees the page at about `PAGE` px of width: all of it, or, where that is more than `area` px, `part` px
    at a time. What may be lettering on art it sees once more, `CLOSER`.
    """
    height, width = image.shape[:2]
    scale = working_scale(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    area = area if size[0] * size[1] <= area else part
    seen = by_windows(resized(image, size, scale), network, area)
    doubtful = _doubtful(seen)
    found = Maps(*(np.asarray(cv2.resize(m, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8) for m in seen))
    if memory.is_short():  # the page's maps are there by now, too
        area = part
        memory.trim()
    for top in range(0, len(doubtful), SLAB):
        slab = doubtful.copy()
        slab[:top] = slab[top + SLAB :] = False
        for box in _boxes(slab):
            _look_again(image, found, slab, box, scale, network, area)
    return found


def working_scale(height: int, width: int) -> float:
    """How much a page is enlarged before the network sees it.

    A page is hardly wider than three quarters of its height; what is wider, is a spread or a row of panels. What is
    much higher, is a strip, and its width counts. Small pages are enlarged, to twice their size at most.
    """
    return float(np.clip(PAGE / min(width, height * 0.75), 0, 2))


def _doubtful(seen: NDArray[np.uint8]) -> Mask:
    """Cells (h, w) of maps (3, H, W) where there may be lettering on art, and those round them."""
    typeset, sfx, balloon = seen
    glimpsed = (np.maximum(typeset, sfx) > MAYBE) & (balloon < HOUSED)
    return bubbles.cells(glimpsed, CELL)


def _boxes(cells: Mask) -> list[Box]:
    """Boxes round connected cells (h, w); two of them are one where that is not larger, with what is seen round it."""

    def area(box: Box) -> int:
        return box.grown(BESIDE, cells.shape[1], cells.shape[0]).area

    boxes: list[Box] = []
    glimpses = pieces(cells)
    for box in map(glimpses.box, range(1, len(glimpses))):
        while other := next((each for each in boxes if area(box.union(each)) <= area(box) + area(each)), None):
            boxes.remove(other)
            box = box.union(other)
        boxes.append(box)
    return boxes


def _look_again(image: Image, found: Maps, cells: Mask, box: Box, scale: float, network: Network, area: int) -> None:
    """Lets the network see a box of cells larger, and lays the mean of both looks on the page's maps, in place.

    At another size it errs elsewhere: half of the art that it took for lettering at one is none to it at the other.
    """
    height, width = image.shape[:2]

    def on_page(part: Box) -> Box:
        corners = (round(at * CELL / scale) for at in part)
        return Box(*corners).common(Box(0, 0, width, height))

    here, window = on_page(box), on_page(box.grown(BESIDE, cells.shape[1], cells.shape[0]))
    if not here.area:  # the last cell of a page may be less than a pixel high
        return
    larger = CLOSER * scale
    size = max(round(window.width * larger), 1), max(round(window.height * larger), 1)
    close = resized(image[window.slices], size, larger)
    wanted = cv2.resize(cells[box.slices].astype(np.uint8), (here.width, here.height), interpolation=cv2.INTER_NEAREST)
    inner = here.moved(-window.left, -window.top).slices
    for one, other in zip(found, by_windows(close, network, area), strict=True):
        second = cv2.resize(other, (window.width, window.height), interpolation=cv2.INTER_LINEAR)[inner]
        first = one[here.slices]
        for top in range(0, here.height, ROWS):  # numpy widens what it indexes with
            rows = slice(top, top + ROWS)
            first[rows] = np.where(wanted[rows] > 0, MEANS[first[rows], second[rows]], first[rows])


def resized(image: Image, size: tuple[int, int], scale: float) -> Image:
    """An image at another size (width, height), which is about `scale` times its own."""
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)


def _means() -> Shares:
    """(256, 256): the mean, as logits, of two probabilities × 255."""
    share = np.clip(np.arange(256) / 255, 1 / 255, 254 / 255)
    logits = np.log(share / (1 - share))
    mean = np.rint(255 / (1 + np.exp(-(logits[:, None] + logits) / 2))).astype(np.uint8)
    mean[0, 0] = 0  # the logit of none at all is no number, and 1 of 255 stands for it in the rest
    return mean


MEANS = _means()


def by_windows(image: Image, network: Network, area: int) -> NDArray[np.uint8]:
    """Maps (3, H, W) of an image whose short side fits in a window."""
    height, width = image.shape[:2]
    out = np.zeros((3, height, width), np.uint8)
    # Views with the long side first: windows go along it.
    turned = width > height
    source, target = (image.transpose(1, 0, 2), out.transpose(0, 2, 1)) if turned else (image, out)
    for start, stop, ramp in _spans(max(height, width), max(area // min(height, width), 1)):
        part = np.ascontiguousarray(source[start:stop].transpose(1, 0, 2) if turned else source[start:stop])
        seen = _seen(part, network)
        own = np.flatnonzero(ramp)
        rows, share = slice(own[0], own[-1] + 1), ramp[own[0] : own[-1] + 1, None]
        for whole, answer in zip(target, seen, strict=True):
            there, here = whole[start + rows.start : start + rows.stop], (answer.T if turned else answer)[rows]
            there[...] = np.rint(there + share * (here * 255 - there))
    return out


def _seen(part: Image, network: Network) -> NDArray[np.float32]:
    height, width = part.shape[:2]
    padded = cv2.copyMakeBorder(part, 0, -height % STRIDE, 0, -width % STRIDE, cv2.BORDER_REPLICATE)
    data = np.divide(padded.transpose(2, 0, 1)[None], 255, dtype=np.float32, order="C")
    return network(data)[0, :, :height, :width]


def _spans(length: int, window: int) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """Windows along `length` px that begin on multiples of the stride, and what share of each pixel each decides.

    A share is meant to be laid over the answers of the windows before it.
    """
    overlap = 2 * CONTEXT + RAMP
    if length <= window:
        yield 0, length, np.ones(length, np.float32)
        return
    window = max(window, 2 * overlap)
    count = -(-(length - overlap) // (window - overlap))
    step = -(-(length - overlap) // (count * STRIDE)) * STRIDE
    for start in range(0, max(length - overlap, 1), step):
        stop = min(start + step + overlap, length)
        ramp = np.ones(stop - start, np.float32)
        if start:
            ramp[:CONTEXT] = 0
            ramp[CONTEXT : CONTEXT + RAMP] = (np.arange(RAMP) + 0.5) / RAMP
        if stop < length:
            ramp[len(ramp) - CONTEXT :] = 0
        yield start, stop, ramp


def _fits(network: Network) -> bool:
    """Whether a network makes maps of an image."""
    try:
        seen = network(np.zeros((1, 3, STRIDE, 2 * STRIDE), np.float32))
    except Exception:  # of ONNX Runtime or OpenVINO; whatever it is, this network gives no maps
        return False
    return seen.shape == (1, 3, STRIDE, 2 * STRIDE)
