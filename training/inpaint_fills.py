"""Crops with holes, and what classical methods make of them: `python -m training.inpaint_fills --pool IPOOL --out DIR`.

A network that weighs such fills is trained on these crops; the methods are too slow to run beside training. Each file
is an array (N, S, S, CHANNELS) of uint8: what stood below (3 channels), the hole (255 = hidden), and the fills (3
each). What is known is the same in all of them.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.engines import fills, inpaint, onnx, painters, weights
from mangaclean.engines.onnx import Network
from training.crops import pages_in
from training.inpaint_crops import _page, crop

Rng = np.random.Generator

CHANNELS = 4 + 3 * len(fills.NAMES)
_SHARD = 200  # crops of a file
_AGAIN = "-again"  # at the end of the name of a file of crops that are seen the second time
# Lettering on real pages stands on calmer art than a drawn page is on average; dB of the smooth fill, and how many of
# such crops are kept.
_KEPT = ((12.0, 0.02), (16.0, 0.2), (20.0, 0.6), (38.0, 1.0), (44.0, 0.3), (99.0, 0.03))


def filled(rng: Rng, paths: list[Path], size: int, own: float = 0.3) -> NDArray[np.uint8]:
    """A crop (S, S, CHANNELS) of a pool, as files hold it; `own`: how often under lettering of its own page."""
    while True:
        image, hole, truth = crop(rng, _page(rng, paths), _page(rng, paths), size, own)
        grey = cv2.cvtColor(truth, cv2.COLOR_RGB2GRAY)
        smooth = inpaint.smooth(image, hole, cv2.INPAINT_NS)
        error = np.mean((cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY)[hole] - grey[hole].astype(np.float64)) ** 2)
        likeness = 10 * np.log10(255**2 / max(float(error), 0.65))
        if rng.random() < next(share for top, share in _KEPT if likeness < top):
            break
    below = np.where(hole[:, :, None], truth, image)
    return np.dstack([below, hole.astype(np.uint8) * 255, fills.stacked(image, hole)]).astype(np.uint8)


def again(crops: NDArray[np.uint8], run: Network) -> NDArray[np.uint8]:
    """Crops (N, S, S, CHANNELS) as a network, `run`, sees them the second time, when its own painting has guided."""
    out = crops.copy()
    for each in out:
        image, hole, stack = each[..., :3], each[..., 3] > 127, each[..., 4:]
        first = painters.weighed(run, painters.MULTIPLE, image, hole, stack)
        each[..., 4:] = fills.guided(image, hole, stack, first)
    return out


def _save(path: Path, crops: NDArray[np.uint8]) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.save(file, crops)
    part.replace(path)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pool", type=Path, help="folder that training.inpaint_data fills")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--crops", type=int, default=12000)
    parser.add_argument("--size", type=int, default=160, help="px")
    parser.add_argument("--own", type=float, default=0.3, help="share of crops under lettering of their own page")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", type=Path, metavar="DIR", help="instead of a pool: crops, as seen the second time")
    parser.add_argument("--weights", type=Path, help="with --again: the network that has seen them (default: shipped)")
    given = parser.parse_args(words)
    if not (given.pool or given.again):
        parser.error("give --pool or --again")
    given.out.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    if given.again:
        run = onnx.network(weights.read(weights.find(given.weights, weights.INPAINT)))
        for path in sorted(given.again.glob("*.npy")):
            if not path.stem.endswith(_AGAIN):
                _save(given.out / f"{path.stem}{_AGAIN}.npy", again(np.load(path), run))
        return
    paths = pages_in(given.pool)
    for first in range(0, given.crops, _SHARD):
        rng = np.random.default_rng([given.seed, first])
        made = [filled(rng, paths, given.size, given.own) for _ in range(min(_SHARD, given.crops - first))]
        _save(given.out / f"{given.seed:02d}-{first:06d}.npy", np.stack(made))


if __name__ == "__main__":
    main()
