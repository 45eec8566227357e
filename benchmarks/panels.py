"""How well panels are found, and read in order, against a set with known panels.

    python benchmarks/panels.py SET OUT [--worst N]

SET holds pages/ and truth.json ([{"page": name, "panels": [[left, top, right, bottom], …], …}, …], panels in reading
order); OUT is what `mangaclean chapter SET/pages --out OUT` left, as balloons tell which gutters they hide. A panel
counts as found when the intersection over union of a box of ours with it is 0.7 or more, each box for one panel.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from mangaclean import panels, textfile
from mangaclean.types import Box

IOU = 0.7


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--direction", default="rtl", choices=("rtl", "ltr", "ttb"))
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="name the N pages with most mistakes")
    args = parser.parse_args()
    truth = json.loads((args.set / "truth.json").read_text(encoding="utf-8"))
    text = textfile.load(args.out / "text.json")
    hits = wanted = made = right = pairs = 0
    mistakes: list[tuple[int, str]] = []
    for page in truth:
        image = np.asarray(Pillow.open(args.set / "pages" / page["page"]).convert("RGB"))
        want = [Box(*box) for box in page["panels"]]
        entry = text.page(page["page"])
        got = panels.find(image, [textfile.to_region(region) for region in entry.regions] if entry else [])
        got = [got[i] for i in panels.sort(got, args.direction)]
        found = matched(want, got)
        hits, wanted, made = hits + len(found), wanted + len(want), made + len(got)
        turns = [found[i] for i in sorted(found)]
        right += sum(a < b for k, b in enumerate(turns) for a in turns[:k])
        pairs += len(turns) * (len(turns) - 1) // 2
        mistakes.append((len(want) + len(got) - 2 * len(found), page["page"]))
    recall, precision = hits / max(wanted, 1), hits / max(made, 1)
    print(f"panels      {wanted}")
    print(f"recall      {recall:.4f}")
    print(f"precision   {precision:.4f}")
    print(f"f1          {2 * hits / max(wanted + made, 1):.4f}")
    print(f"order       {right / max(pairs, 1):.4f}")
    for count, name in sorted(mistakes, reverse=True)[: args.worst]:
        print(f"{name}: {count} missed or too many")


def matched(want: list[Box], got: list[Box]) -> dict[int, int]:
    """Index of a panel → index of the box that found it, best overlap first."""
    shares = sorted(((-iou(a, b), i, k) for i, a in enumerate(want) for k, b in enumerate(got)), key=lambda s: s[0])
    found: dict[int, int] = {}
    for share, i, k in shares:
        if -share >= IOU and i not in found and k not in found.values():
            found[i] = k
    return found


def iou(a: Box, b: Box) -> float:
    both = a.overlap(b)
    return both / max(a.area + b.area - both, 1)


if __name__ == "__main__":
    main()
