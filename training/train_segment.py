"""Trains the segmentation network on a pool of pages: `python -m training.train_segment --pool DIR --out DIR`."""

import argparse
from pathlib import Path

import torch

from training.loop import Recipe, train
from training.nets import NETS


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, required=True, help="folder that training.draw_pool fills")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints and log; a run that stands there goes on")
    parser.add_argument("--net", choices=sorted(NETS), default="lite-unet")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 384])
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--start", type=Path, help="averaged weights (segment.pt) to begin from")
    parser.add_argument("--scratch", action="store_true", help="without ImageNet weights")
    given = parser.parse_args(words)
    torch.set_num_threads(given.threads)
    recipe = Recipe(given.net, given.steps, given.batch, tuple(given.sizes), given.rate, seed=given.seed)
    train(recipe, given.pool, given.out, pretrained=not given.scratch, start=given.start)


if __name__ == "__main__":
    main()
