"""Trains a network that paints holes, on a pool of pages: `python -m training.train_inpaint --pool DIR --out DIR`."""

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import get_args

import torch

from training.inpaint_loop import Check, train
from training.inpaint_nets import NETS
from training.inpaint_recipe import PRESETS, PaintRecipe, changed, of_stored
from training.loop import pick_device, read_checkpoint
from training.recipe import TrainingError


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """An option for each field of a recipe; those not given keep what the run, or else the network's preset, says."""
    group = parser.add_argument_group("recipe", "a run that goes on keeps what is not given here; a loss of 0 is off")
    for field in dataclasses.fields(PaintRecipe):
        option = f"--{field.name.replace('_', '-')}"
        if field.name == "net":
            group.add_argument(option, choices=sorted(NETS))
        elif get_args(field.type):  # a tuple
            group.add_argument(option, type=get_args(field.type)[0], nargs="+", help="in pixels, multiples of 32")
        else:
            group.add_argument(option, type=field.type)


def chosen(given: argparse.Namespace, base: PaintRecipe) -> PaintRecipe:
    """`base` with the options that were given."""
    named = {field.name: getattr(given, field.name) for field in dataclasses.fields(PaintRecipe)}
    taken = {name: tuple(value) if isinstance(value, list) else value for name, value in named.items()}
    return changed(base, {name: value for name, value in taken.items() if value is not None})


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, required=True, help="folder that training.inpaint_data fills")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints and log; a run that stands there goes on")
    parser.add_argument("--val", type=Path, help="pool drawn with --validation, to measure on")
    parser.add_argument("--val-every", type=int, default=500, metavar="STEPS")
    parser.add_argument("--val-crops", type=int, default=48, metavar="COUNT")
    parser.add_argument("--val-size", type=int, default=256, metavar="PIXELS")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1, help="processes that cut crops; 0: none but this one")
    parser.add_argument("--device", help="cpu, cuda or cuda:1; CUDA where there is any")
    parser.add_argument("--start", type=Path, help="averaged weights (inpaint.pt) to begin from")
    parser.add_argument("--scratch", action="store_true", help="losses on features without ImageNet weights")
    add_recipe(parser)
    given = parser.parse_args(words)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    torch.set_num_threads(given.threads)
    last = given.out / "last.pt"
    try:
        stored = of_stored(read_checkpoint(last, "recipe")["recipe"]) if last.exists() else None
        train(
            chosen(given, stored or PRESETS[given.net or "lite"]),
            given.pool,
            given.out,
            pretrained=not given.scratch,
            start=given.start,
            check=Check.of(given.val, given.val_crops, given.val_size) if given.val else None,
            check_every=given.val_every,
            device=pick_device(given.device),
            workers=given.workers,
        )
    except TrainingError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
