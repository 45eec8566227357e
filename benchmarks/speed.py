"""How long a chapter takes, against a second set of options: whole runs in turn, with the ratio of each pair.

    python benchmarks/speed.py CHAPTER [--times 3] [--with "--set inpaint.engine=telea"]

Times vary from machine to machine and from hour to hour; the ratio of runs side by side does not.
"""

import argparse
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("chapter", type=Path)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--with", dest="other", default="--set inpaint.engine=telea", help="options of the second run")
    args = parser.parse_args()
    plain, other, again = [], [], []
    for _ in range(args.times):
        with tempfile.TemporaryDirectory() as folder:
            plain.append(seconds(args.chapter, Path(folder) / "a", []))
            again.append(seconds(args.chapter, Path(folder) / "a", []))
            other.append(seconds(args.chapter, Path(folder) / "b", shlex.split(args.other)))
    ratios = [b / a for a, b in zip(plain, other, strict=True)]
    print(f"defaults        {statistics.median(plain):7.2f} s")
    print(f"up to date      {statistics.median(again):7.2f} s")
    print(f"{args.other}  {statistics.median(other):7.2f} s, {statistics.median(ratios):.2f} of the defaults")


def seconds(chapter: Path, out: Path, options: list[str]) -> float:
    """Wall time of one run."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "mangaclean", "chapter", str(chapter), "--out", str(out), "-q", *options]
    subprocess.run(command, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
