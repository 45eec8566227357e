"""Keeps a pool of drawn pages on disk: `python -m training.draw_pool --data DIR --fonts DIR … --pool DIR`."""

import argparse
from pathlib import Path

import numpy as np

from training import art, lettering, pages

VALIDATION = ("E06", "E12", "E18", "E24")  # episodes that no training page shows


def sources(data: Path, fonts: list[Path]) -> pages.Sources:
    """Art and strings under `data` (its layout: README.md), and the faces under `fonts`."""
    pictures = art.find_art([data / "peppercarrot" / "clean", data / "openart"], VALIDATION)
    table = data / "sfx_strings.tsv"
    cries = pages.read_cries(table) if table.exists() else ()
    return pages.Sources(pictures, lettering.Faces.of(lettering.find_faces(fonts)), cries)


def save(path: Path, image: art.Picture, labels: pages.Labels) -> None:
    """Page and labels as one (H, W, 4) array that can be mapped; readers never see half of it."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.save(file, np.dstack([image, labels]))
    part.replace(path)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=400, help="pages in the pool; the oldest are overwritten")
    parser.add_argument("--draws", type=int, default=400, help="how many to draw before the end")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(words)
    given.pool.mkdir(parents=True, exist_ok=True)
    drawn_from = sources(given.data, given.fonts)
    for number in range(given.draws):
        rng = np.random.default_rng([given.seed, number])
        save(given.pool / f"{given.seed:02d}-{number % given.pages:05d}.npy", *pages.draw(rng, drawn_from))


if __name__ == "__main__":
    main()
