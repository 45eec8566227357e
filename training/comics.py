"""Real comic pages with known truth: Pepper&Carrot, clean, with its own lettering, or with ours in its balloons."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.art import Picture

Map = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Comic:
    """A clean page, where its balloons are, and its lettering in some languages."""

    clean: Path
    balloons: Path | None
    lettering: tuple[Path, ...]


def find(folder: Path, leave_out: tuple[str, ...] = ()) -> tuple[Comic, ...]:
    """The pages under `folder` (clean/, balloons/, lettering-<language>/, index.json) but credits and `leave_out`."""
    index = folder / "index.json"
    if not index.exists():
        return ()
    comics = []
    for entry in json.loads(index.read_text(encoding="utf-8")):
        stem = entry["page"]
        clean = next(iter(sorted((folder / "clean").glob(f"{stem}.*"))), None)
        if clean is None or entry["credits"] or stem.startswith(leave_out or ("\0",)):
            continue
        balloons = folder / "balloons" / f"{stem}.png"
        layers = tuple(sorted(folder.glob(f"lettering-*/{stem}.png")))
        comics.append(Comic(clean, balloons if balloons.exists() else None, layers))
    return tuple(comics)


def read(comic: Comic, layer: Path | None, width: int) -> tuple[Picture, Map, Map]:
    """Page (H, W, 3), its lettering and its balloons (H, W), scaled to `width`."""
    with Image.open(comic.clean) as clean:
        size = width, round(clean.height * width / clean.width)
        page = clean.convert("RGB")
    letters = np.zeros((size[1], size[0]), bool)
    if layer is not None:
        with Image.open(layer) as lettering:
            whole = lettering.convert("RGBA")
        page = Image.alpha_composite(page.convert("RGBA"), whole).convert("RGB")
        letters = np.asarray(whole.getchannel("A").resize(size, Image.Resampling.BILINEAR)) > 60
    balloons = np.zeros_like(letters)
    if comic.balloons is not None:
        with Image.open(comic.balloons) as mask:
            balloons = np.asarray(mask.convert("L").resize(size, Image.Resampling.BILINEAR)) > 127
    return np.asarray(page.resize(size, Image.Resampling.LANCZOS)), letters, balloons
