"""Keeps a pool of drawn pages on disk: `python -m training.draw_pool --data DIR --fonts DIR … --pool DIR`."""

import argparse
import time
from pathlib import Path

import numpy as np

from training import art, canvas, comics, effects, lettering, pages

# Whole episodes and artists that no training page shows: for validation.
EPISODES = ("E06", "E12", "E18", "E24")
LISTS = ("E10P06", "E11P07", "E12P08")  # names of patrons stand on these clean pages: lettering with no truth
ARTISTS = {"dialogic", "gophers_egonelbre", "gutenberg_pg27175", "gutenberg_pg17161", "dicebear_croodles"}


def sources(data: Path, fonts: list[Path], validation: bool = False) -> pages.Sources:
    """Art and strings under `data` (its layout: README.md), and the faces under `fonts`."""
    pages_of = data / "peppercarrot"
    found = [comics.find(pages_of, (*LISTS, *leave_out)) for leave_out in ((), EPISODES)]
    chosen = tuple(page for page in found[0] if page not in found[1]) if validation else found[1]
    unlettered = {page.clean for page in chosen}

    def wanted(path: Path) -> bool:
        if path.is_relative_to(pages_of):
            return path in unlettered
        return (path.parent.name in ARTISTS) == validation

    table = data / "sfx_strings.tsv"
    cries = effects.read_cries(table) if table.exists() else ()
    pictures = art.Art.under([pages_of / "clean", data / "openart"], wanted)
    return pages.Sources(pictures, lettering.Faces.of(lettering.find_faces(fonts)), cries, chosen)


def save(path: Path, image: art.Picture, labels: canvas.Labels) -> None:
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
    parser.add_argument("--real", type=float, default=0.3, help="share of pages that are real comics")
    parser.add_argument("--validation", action="store_true", help="draw from the art that training pages never show")
    parser.add_argument(
        "--pause", type=float, default=0.0, help="seconds of rest after each page, beside a training run"
    )
    given = parser.parse_args(words)
    given.pool.mkdir(parents=True, exist_ok=True)
    drawn_from = sources(given.data, given.fonts, given.validation)
    for number in range(given.draws):
        rng = np.random.default_rng([given.seed, number])
        drawn = pages.draw(rng, drawn_from, real=given.real)
        save(given.pool / f"{given.seed:02d}-{number % given.pages:05d}.npy", *drawn)
        time.sleep(given.pause)


if __name__ == "__main__":
    main()
