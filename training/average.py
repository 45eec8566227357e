"""Averages runs that began from one another: `python -m training.average A.pt B.pt --out C.pt`.

Networks that lie in one basin of the loss do better together than each alone (Wortsman et al. 2022, model soups).
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from training.loop import read_checkpoint
from training.recipe import TrainingError


def averaged(paths: list[Path]) -> dict[str, object]:
    """A checkpoint with the mean of the weights in others; TrainingError where these are of different networks."""
    first, *others = (read_checkpoint(path, "net") for path in paths)
    weights: dict[str, Tensor] = {name: value.clone() for name, value in first["net"].items()}
    for path, other in zip(paths[1:], others, strict=True):
        if {k: v.shape for k, v in other["net"].items()} != {k: v.shape for k, v in weights.items()}:
            raise TrainingError(f"{path} holds weights of another network than {paths[0]}")
    for name, value in weights.items():
        if value.is_floating_point():
            each = [stored["net"][name].float() for stored in (first, *others)]
            weights[name] = torch.stack(each).mean(0)
    return {**first, "net": weights}


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(words)
    try:
        torch.save(averaged(given.checkpoints), given.out)
    except TrainingError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
