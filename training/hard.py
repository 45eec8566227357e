"""Finds where on a pool's pages a network errs: `python -m training.hard --pool DIR --weights segment.onnx`.

Most of a page is soon learnt. With `train_segment --hard`, crops are cut where this network was wrong (Shrivastava et
al. 2016, but mined once, not in each step).
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.canvas import SFX, TYPESET
from training.evaluate import Marker, marker

CELL = 32  # px
_WORST = 3.0  # nats of a pixel; more would leave nothing for the rest

Cells = NDArray[np.float32]  # (rows, columns) of cells: mean cross entropy of any lettering


def file_of(page: Path) -> Path:
    """Where the cells of a pool's page lie."""
    return page.with_suffix(".hard")


def read(page: Path) -> Cells | None:
    """The cells of a page; None where nobody has looked yet."""
    try:
        return np.asarray(np.load(file_of(page)), np.float32)
    except FileNotFoundError:
        return None


def cells(page: NDArray[np.uint8], mark: Marker) -> Cells:
    """How wrong a network is in each cell of a page of a pool (H, W, 4); parts of cells at the edges are left out."""
    seen = mark(page[:, :, :3])[:2].max(0).clip(0.001, 0.999)
    there = page[:, :, 3] & (TYPESET | SFX) > 0
    wrong = np.minimum(-np.log(np.where(there, seen, 1 - seen)), _WORST)
    rows, columns = (side // CELL for side in wrong.shape)
    parts = wrong[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    return np.asarray(parts.mean((1, 3)), np.float32)


def place(rng: np.random.Generator, hard: Cells, side: int, height: int, width: int) -> tuple[int, int]:
    """Top and left of a crop of `side` px, in a page of (height, width), that holds a hard cell somewhere."""
    shares = hard.ravel() / hard.sum()
    cell = np.array(divmod(int(rng.choice(shares.size, p=shares)), hard.shape[1])) * CELL + CELL // 2
    top, left = np.clip(cell - rng.integers(0, side, 2), 0, (height - side, width - side))
    return int(top), int(left)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pool", type=Path, required=True, help="folder that training.draw_pool fills")
    parser.add_argument("--weights", type=Path, required=True, help="a network, exported or a checkpoint")
    given = parser.parse_args(words)
    mark = marker(given.weights)
    for page in sorted(given.pool.glob("*.npy")):
        since = max(page.stat().st_mtime, given.weights.stat().st_mtime)
        if file_of(page).exists() and file_of(page).stat().st_mtime > since:
            continue
        part = page.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, cells(np.load(page), mark))
        part.replace(file_of(page))


if __name__ == "__main__":
    main()
