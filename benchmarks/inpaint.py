"""Inpainters compared under the same masks: PSNR, SSIM and seconds a page on a set with pages/, clean/ and mask/.

    python benchmarks/inpaint.py SET [--engines patchmatch,telea] [--pages 4] [--grow 3] [--save DIR]
    python benchmarks/inpaint.py SET --masks OUT/masks    end to end: the masks that a run of mangaclean found
    python benchmarks/inpaint.py SET --whole              flat grounds, too, are the inpainter's

Blocks are those of the true masks, and count within 3 px of them, whichever masks are painted. PSNR is capped at 50 dB.
A block's ground is flat where the clean page round it varies by less than 6 levels.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from mangaclean import engines, page
from mangaclean.config import InpaintConfig
from mangaclean.types import Mask

FLAT = 6.0  # levels
JOIN = 10  # px within which strokes are one block
FEWEST = 12  # pixels of visible ink that make a block
NEAR = 3  # px round true lettering that are compared
VISIBLE = 48  # levels

Grey = NDArray[np.uint8]


@dataclass(slots=True)
class Tally:
    """(PSNR, SSIM) of blocks, and the time it took."""

    flat: list[tuple[float, float]] = field(default_factory=list)
    art: list[tuple[float, float]] = field(default_factory=list)
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("set", type=Path)
    usual = [name for name in engines.names("inpaint") if name != "lama" and not engines.available("inpaint", name)]
    parser.add_argument("--engines", default=",".join(usual))
    parser.add_argument("--pages", type=int, default=10**6, help="only the first so many")
    parser.add_argument("--grow", type=int, default=3, help="px by which the true masks are dilated")
    parser.add_argument("--weights", default="", help="of `net` or `lama`, in place of the shipped ones")
    parser.add_argument("--masks", type=Path, help="folder of masks to paint instead of the true ones, as they are")
    parser.add_argument("--whole", action="store_true", help="no flat filling: inpainters paint all of every mask")
    parser.add_argument("--save", type=Path, help="folder for the painted pages")
    args = parser.parse_args()
    print(f"{'engine':16} {'flat':>5} {'PSNR':>7} {'SSIM':>7} {'art':>5} {'PSNR':>7} {'SSIM':>7} {'s/page':>7}")
    for name in args.engines.split(","):
        tally, pages = measure(args, name)
        row = [f"{name:16}"]
        for blocks in (tally.flat, tally.art):
            psnr, ssim = np.mean(blocks, axis=0) if blocks else (np.nan, np.nan)
            row.append(f"{len(blocks):5d} {psnr:7.2f} {ssim:7.4f}")
        print(*row, f"{tally.seconds / max(pages, 1):7.2f}", flush=True)


def measure(args: argparse.Namespace, name: str) -> tuple[Tally, int]:
    """Paint the pages of a set with an engine, and compare blocks of lettering with the clean pages."""
    cfg = InpaintConfig(engine=name, weights=args.weights)
    inpainter = engines.load("inpaint", cfg)
    tally = Tally()
    files = sorted(file for file in (args.set / "pages").iterdir() if not file.name.startswith("."))[: args.pages]
    for file in files:
        image = np.asarray(Pillow.open(file).convert("RGB"))
        clean = np.asarray(Pillow.open(_same(args.set / "clean", file.stem)).convert("L"))
        mask = _mask(args.set / "mask", file.stem)
        hole = _mask(args.masks, file.stem) if args.masks else grown(mask, args.grow)
        start = time.perf_counter()
        painted = inpainter(image, hole) if args.whole else page.inpaint(image, hole, inpainter, cfg)
        tally.seconds += time.perf_counter() - start
        if args.save:
            args.save.mkdir(parents=True, exist_ok=True)
            Pillow.fromarray(painted).save(args.save / f"{file.stem}-{name}.png")
        made = np.asarray(Pillow.fromarray(painted).convert("L"))
        page_grey = np.asarray(Pillow.fromarray(image).convert("L"))
        ink = mask & (np.abs(page_grey.astype(int) - clean) > VISIBLE)
        similar, near = ssim(made, clean), grown(mask, NEAR)
        for block in blocks_of(mask):
            if (ink & block).sum() < FEWEST:
                continue
            ring = block & ~grown(mask, 2)
            is_flat = bool(ring.any()) and float(clean[ring].std()) < FLAT
            where = near & block
            (tally.flat if is_flat else tally.art).append((psnr(made, clean, where), float(similar[where].mean())))
    return tally, len(files)


def _mask(folder: Path, stem: str) -> Mask:
    return np.asarray(Pillow.open(_same(folder, stem)).convert("L")) > 127


def _same(folder: Path, stem: str) -> Path:
    return next(file for file in sorted(folder.iterdir()) if file.stem == stem)


def grown(mask: Mask, radius: int) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), disc) > 0


def blocks_of(mask: Mask) -> Iterator[Mask]:
    count, labels = cv2.connectedComponents(grown(mask, JOIN).astype(np.uint8))
    return (labels == i for i in range(1, count))


def psnr(a: Grey, b: Grey, where: Mask) -> float:
    error = float(np.mean((a[where].astype(float) - b[where]) ** 2))
    return float(10 * np.log10(255**2 / max(error, 0.65)))


def ssim(a: Grey, b: Grey) -> NDArray[np.float64]:
    """Structural similarity of each pixel's surroundings (Wang et al. 2004), Gaussian window, σ 1.5."""
    p, q = np.asarray(a, np.float64), np.asarray(b, np.float64)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5))

    p_mean, q_mean = mean(p), mean(q)
    both = mean(p * q) - p_mean * q_mean
    spread = mean(p * p) - p_mean**2 + mean(q * q) - q_mean**2
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return (2 * p_mean * q_mean + low) * (2 * both + high) / ((p_mean**2 + q_mean**2 + low) * (spread + high))


if __name__ == "__main__":
    main()
