"""Measures exported or checkpointed weights on pages with known masks: `python -m training.evaluate WEIGHTS SET …`."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.canvas import SFX, TYPESET
from training.recipe import TrainingError

if TYPE_CHECKING:
    from torch import nn

Maps = NDArray[np.float32]  # (3, H, W): typeset, effect, balloon
Marker = Callable[[NDArray[np.uint8]], Maps]
Truth = NDArray[np.bool_]  # (H, W)

_LEVELS = 256


@dataclass(frozen=True, slots=True)
class Score:
    """Pixels of lettering: right, marked though none, missed."""

    right: int = 0
    extra: int = 0
    missed: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(self.right + other.right, self.extra + other.extra, self.missed + other.missed)

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.extra, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.right + self.missed, 1)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(2 * self.right + self.extra + self.missed, 1)


def _none() -> NDArray[np.int64]:
    return np.zeros(_LEVELS, np.int64)


@dataclass(frozen=True, slots=True)
class Curve:
    """How many pixels with and without lettering got each of 256 levels of probability."""

    lettering: NDArray[np.int64] = field(default_factory=_none)
    other: NDArray[np.int64] = field(default_factory=_none)

    def __add__(self, other: "Curve") -> "Curve":
        return Curve(self.lettering + other.lettering, self.other + other.other)

    @property
    def average_precision(self) -> float:
        """Area under precision over recall, as a sum of steps (no interpolation); nan without any lettering."""
        right = np.cumsum(self.lettering[::-1])
        marked = right + np.cumsum(self.other[::-1])
        if not right[-1]:
            return float("nan")
        return float((self.lettering[::-1] / right[-1] * right / np.maximum(marked, 1)).sum())


@dataclass(frozen=True, slots=True)
class Result:
    """Of one page or of many."""

    score: Score = Score()
    curve: Curve = field(default_factory=Curve)

    def __add__(self, other: "Result") -> "Result":
        return Result(self.score + other.score, self.curve + other.curve)


def compare(marked: Truth, truth: Truth) -> Score:
    """Pixel by pixel."""
    return Score(int((marked & truth).sum()), int((marked & ~truth).sum()), int((truth & ~marked).sum()))


def curve(shares: Maps, truth: Truth) -> Curve:
    """From probabilities (H, W)."""
    levels = np.clip(shares * _LEVELS, 0, _LEVELS - 1).astype(np.uint8)
    return Curve(np.bincount(levels[truth], minlength=_LEVELS), np.bincount(levels[~truth], minlength=_LEVELS))


def marker(weights: Path) -> Marker:
    """What marks a page (H, W, 3), from an ONNX file or a checkpoint of training."""
    if weights.suffix == ".onnx":
        return _onnx(weights)
    from training.loop import read_checkpoint
    from training.nets import NETS

    stored = read_checkpoint(weights, "net", "recipe")
    net = NETS[stored["recipe"]["net"]]()
    net.load_state_dict(stored["net"])
    return of_net(net.eval())


def of_net(net: "nn.Module") -> Marker:
    """What marks a page, from a network in evaluation mode, on the device where it is."""
    import torch

    device = next(net.parameters()).device

    def mark(batch: Maps) -> Maps:
        with torch.inference_mode():
            return np.asarray(net(torch.from_numpy(batch).to(device)).sigmoid().cpu().numpy(), np.float32)

    return lambda page: _padded(page, mark)


def _onnx(weights: Path) -> Marker:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    return lambda page: _padded(page, lambda batch: np.asarray(session.run(None, {"image": batch})[0], np.float32))


def _padded(page: NDArray[np.uint8], mark: Callable[[Maps], Maps]) -> Maps:
    high, wide = page.shape[:2]
    padded = cv2.copyMakeBorder(page, 0, -high % 32, 0, -wide % 32, cv2.BORDER_REPLICATE)
    batch = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
    return mark(batch)[0, :, :high, :wide]


def known_pages(folder: Path) -> Iterator[tuple[NDArray[np.uint8], Truth]]:
    """Pages (H, W, 3) and where lettering is: of a set (`pages/` and `mask/`, white = lettering), or of a pool."""
    if (folder / "pages").is_dir():
        for path in sorted((folder / "pages").iterdir()):
            with Image.open(path) as picture, Image.open(folder / "mask" / f"{path.stem}.png") as mask:
                yield np.asarray(picture.convert("RGB")), np.asarray(mask.convert("L")) > 127
        return
    for path in sorted(folder.glob("*.npy")):
        page = np.load(path)
        yield np.ascontiguousarray(page[:, :, :3]), page[:, :, 3] & (TYPESET | SFX) > 0


def measure(mark: Marker, folder: Path, threshold: float = 0.5) -> Result:
    """Over all pages of a set or a pool; lettering is marked where its probability passes `threshold`."""
    total = Result()
    for page, truth in known_pages(folder):
        shares = mark(page)[:2].max(0)
        total += Result(compare(shares > threshold, truth), curve(shares, truth))
    return total


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("sets", type=Path, nargs="+", help="folders with pages/ and mask/, or pools of .npy pages")
    parser.add_argument("--threshold", type=float, default=0.5)
    given = parser.parse_args(words)
    try:
        mark = marker(given.weights)
    except TrainingError as error:
        raise SystemExit(str(error)) from error
    for folder in given.sets:
        if not (folder / "pages").is_dir() and not any(folder.glob("*.npy")):
            parser.error(f"{folder} holds neither pages/ nor .npy pages")
        result = measure(mark, folder, given.threshold)
        score = result.score
        figures = f"f1 {score.f1:.4f}  precision {score.precision:.4f}  recall {score.recall:.4f}"
        print(f"{folder.name}  {figures}  ap {result.curve.average_precision:.4f}")


if __name__ == "__main__":
    main()
