"""How well a chapter was cleaned and read, against a set with known truth.

    python benchmarks/score.py SET OUT [--again]

SET holds pages/, and clean/ + mask/ (the same pages without lettering; its pixels white) or truth.json
([{"page": name, "regions": [{"box": [left, top, right, bottom], "text": …}, …]}, …], in reading order), or both.
OUT is what `mangaclean chapter SET/pages --out OUT` left. Pages that OUT lacks count as untouched.
"""

import argparse
import json
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

sys.path.insert(0, str(Path(__file__).parent))

from inpaint import FEWEST, FLAT, VISIBLE, blocks_of, grown, psnr, ssim

from mangaclean import engines
from mangaclean.config import SegmentConfig

SAME = 24  # levels within which a pixel of the lettering is unchanged, thus left
HARM = 16  # levels from which a pixel is altered
MARGIN = 8  # px round the lettering within which alterations are no harm
READABLE = 0.5  # confidence from which a line counts as read
LEFT = 0.02  # share of a block's ink up to which it counts as erased


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--again", action="store_true", help="read the cleaned pages, too, for what is left on them")
    args = parser.parse_args()
    figures: dict[str, float] = {}
    if (args.set / "clean").is_dir():
        figures |= cleaning(args.set, args.out)
    if (args.set / "truth.json").is_file():
        figures |= reading(args.set, args.out)
        figures |= leftover(args.set, args.out) if args.again else {}
    for name, value in figures.items():
        print(f"{name:20} {value:.4f}")


def cleaning(root: Path, out: Path) -> dict[str, float]:
    """Share of blocks erased, on flat grounds and on art; alterations elsewhere in ‰ of the page; PSNR and SSIM."""
    left: dict[bool, list[float]] = {True: [], False: []}
    likeness: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    harm = []
    for file in sorted((root / "pages").iterdir()):
        page, clean = _grey(file), _grey(_of(root / "clean", file.stem))
        mask = _grey(_of(root / "mask", file.stem)) > 127
        made = _of(out / "cleaned", file.stem)
        result = _grey(made) if made else page
        changed = np.abs(result.astype(int) - page)
        harm.append(float(((changed > HARM) & ~grown(mask, MARGIN)).mean() * 1000))
        ink = mask & (np.abs(page.astype(int) - clean) > VISIBLE)
        similar = ssim(result, clean)
        for block in blocks_of(mask):
            count = int((ink & block).sum())
            if count < FEWEST:
                continue
            ring = block & ~grown(mask, 2)
            flat = bool(ring.any()) and float(clean[ring].std()) < FLAT
            left[flat].append(float((ink & block & (changed < SAME)).sum()) / count)
            where = grown(mask, 3) & block
            likeness[flat].append((psnr(result, clean, where), float(similar[where].mean())))
    figures = {"harm_permille": float(np.mean(harm))}
    for flat, word in ((True, "flat"), (False, "art")):
        if left[flat]:
            figures[f"erased_{word}"] = float(np.mean(np.array(left[flat]) <= LEFT))
            figures[f"psnr_{word}"], figures[f"ssim_{word}"] = (float(v) for v in np.mean(likeness[flat], axis=0))
    return figures


def reading(root: Path, out: Path) -> dict[str, float]:
    """Share of regions found, character error rate, share read without error, share of pairs in the right order."""
    made = {Path(page["page"]).name: page["regions"] for page in json.loads((out / "text.json").read_text())["pages"]}
    count = found = exact = errors = letters = pairs = right = 0
    for page in json.loads((root / "truth.json").read_text()):
        regions = sorted(made.get(page["page"], []), key=lambda region: region["order"])
        owners = [_owner(region["box"], page["regions"]) for region in regions]
        first = []
        for i, want in enumerate(page["regions"]):
            mine = [region for region, owner in zip(regions, owners, strict=True) if owner == i]
            text, got = _plain(want["text"]), _plain("".join(region["text"] for region in mine))
            if not text:
                continue
            count, found, exact = count + 1, found + bool(mine), exact + (got == text)
            errors, letters = errors + distance(got, text), letters + len(text)
            if mine:
                first.append(owners.index(i))
        for i, place in enumerate(first):
            pairs, right = pairs + len(first) - i - 1, right + sum(place < later for later in first[i + 1 :])
    return {
        "region_recall": found / max(count, 1),
        "cer": errors / max(letters, 1),
        "exact": exact / max(count, 1),
        "order_pairs_right": right / max(pairs, 1),
    }


def leftover(root: Path, out: Path) -> dict[str, float]:
    """Share of the true letters in whose place letters can still be read on the cleaned pages."""
    segmenter = engines.load("segment", SegmentConfig())
    letters = still = 0
    for page in json.loads((root / "truth.json").read_text()):
        path = _of(out / "cleaned", Path(page["page"]).stem) or root / "pages" / page["page"]
        lines = segmenter(np.asarray(Pillow.open(path).convert("RGB"))).lines
        for want in page["regions"]:
            left, top, right, bottom = want["box"]
            text = _plain(want["text"])
            got = ""
            for line in lines:
                x, y = np.mean(line.polygon, axis=0)
                if left - MARGIN <= x <= right + MARGIN and top - MARGIN <= y <= bottom + MARGIN:
                    got += line.text if line.confidence >= READABLE else ""
            letters, still = letters + len(text), still + min(len(_plain(got)), len(text))
    return {"still_readable": still / max(letters, 1)}


def _owner(box: list[int], truth: list[dict[str, Any]]) -> int | None:
    """The true region that a box lies in, by at least 30 % of its area."""
    shares = [_overlap(box, want["box"]) for want in truth]
    best = max(range(len(shares)), key=shares.__getitem__, default=None)
    area = (box[2] - box[0]) * (box[3] - box[1])
    return best if best is not None and shares[best] > 0.3 * area else None


def _overlap(a: list[int], b: list[int]) -> int:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)


def _plain(text: str) -> str:
    """Compatibility forms folded, spaces, punctuation and long marks dropped."""
    return re.sub(r"[^\w]|ー|_", "", unicodedata.normalize("NFKC", text))


def distance(a: str, b: str) -> int:
    """Edits that make one text the other (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def _grey(path: Path | None) -> Any:
    if path is None:
        raise SystemExit("a page has no counterpart in clean/ or mask/")
    return np.asarray(Pillow.open(path).convert("L"))


def _of(folder: Path, stem: str) -> Path | None:
    return next((file for file in sorted(folder.glob("*")) if file.stem == stem), None)


if __name__ == "__main__":
    main()
