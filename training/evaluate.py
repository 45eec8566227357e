"""Measures exported or checkpointed weights on pages with known masks: `python -m training.evaluate WEIGHTS SET …`."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Maps = NDArray[np.float32]  # (3, H, W): typeset, effect, balloon
Marker = Callable[[NDArray[np.uint8]], Maps]


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


def compare(marked: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Score:
    """Pixel by pixel."""
    return Score(int((marked & truth).sum()), int((marked & ~truth).sum()), int((truth & ~marked).sum()))


def marker(weights: Path) -> Marker:
    """What marks a page (H, W, 3), from an ONNX file or a checkpoint of training."""
    if weights.suffix == ".onnx":
        return _onnx(weights)
    import torch

    from training.nets import NETS

    stored = torch.load(weights, weights_only=True)
    net = NETS[stored["recipe"]["net"]]()
    net.load_state_dict(stored["net"])
    net.eval()

    def mark(batch: Maps) -> Maps:
        with torch.inference_mode():
            return np.asarray(net(torch.from_numpy(batch)).sigmoid().numpy(), np.float32)

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


def measure(mark: Marker, folder: Path, threshold: float) -> Score:
    """Over all pages of a set with `pages/` and `mask/` (white = lettering)."""
    total = Score()
    for path in sorted((folder / "pages").iterdir()):
        with Image.open(path) as picture, Image.open(folder / "mask" / f"{path.stem}.png") as mask:
            page, truth = np.asarray(picture.convert("RGB")), np.asarray(mask.convert("L")) > 127
        total += compare(mark(page)[:2].max(0) > threshold, truth)
    return total


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--threshold", type=float, default=0.5)
    given = parser.parse_args(words)
    mark = marker(given.weights)
    for folder in given.sets:
        score = measure(mark, folder, given.threshold)
        print(f"{folder.name}  f1 {score.f1:.4f}  precision {score.precision:.4f}  recall {score.recall:.4f}")


if __name__ == "__main__":
    main()
