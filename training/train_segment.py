"""Trains the segmentation network on a pool of pages: `python -m training.train_segment --pool DIR --out DIR`."""

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import Any

import torch

from training.loop import pick_device, stored_recipe, train
from training.nets import NETS
from training.recipe import SCHEDULES, Recipe, TrainingError


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """The options of a recipe; those not given keep what the run, or else the recipe, says."""
    group = parser.add_argument_group("recipe", "a run that goes on keeps what is not given here")
    group.add_argument("--net", choices=sorted(NETS))
    group.add_argument("--steps", type=int)
    group.add_argument("--batch", type=int, help="crops a step, at the smallest size")
    group.add_argument("--sizes", type=int, nargs="+", help="of crops, in pixels; multiples of 32")
    group.add_argument("--rate", type=float, help="the highest learning rate")
    group.add_argument("--seed", type=int)
    group.add_argument("--schedule", choices=SCHEDULES)
    group.add_argument("--low", type=float, help="the lowest rate of the cyclical schedule")
    group.add_argument("--period", type=int, help="steps of one cycle of the cyclical schedule")
    group.add_argument(
        "--positive",
        type=float,
        nargs=4,
        metavar=("TYPESET", "SFX", "BALLOON", "ANY"),
        help="weights of marked pixels in the cross entropy",
    )
    group.add_argument("--focal", type=float, help="gamma of the focal loss; 0: plain cross entropy")
    group.add_argument("--dice", type=float, help="weight of the Dice loss")
    group.add_argument("--hard", type=float, help="share of crops that are cut where training.hard found errors")
    group.add_argument("--frozen", type=int, help="steps before the encoder learns too")
    group.add_argument("--still", type=int, metavar="PARTS", help="first parts of the encoder that never learn")


def chosen(given: argparse.Namespace, base: Recipe) -> Recipe:
    """`base` with the options that were given."""
    names = [field.name for field in dataclasses.fields(Recipe)]
    changes: dict[str, Any] = {name: getattr(given, name, None) for name in names}
    tuples = {name: tuple(value) for name, value in changes.items() if isinstance(value, list)}
    return dataclasses.replace(base, **{k: v for k, v in {**changes, **tuples}.items() if v is not None})


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, required=True, help="folder that training.draw_pool fills")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints and log; a run that stands there goes on")
    parser.add_argument("--val", type=Path, help="pool of pages by other artists, to measure on")
    parser.add_argument("--val-every", type=int, default=1_000, metavar="STEPS")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1, help="processes that cut crops; 0: none but this one")
    parser.add_argument("--device", help="cpu, cuda or cuda:1; CUDA where there is any")
    parser.add_argument("--start", type=Path, help="weights to begin from: segment.pt of a run, or segment.onnx")
    parser.add_argument("--scratch", action="store_true", help="without ImageNet weights")
    add_recipe(parser)
    given = parser.parse_args(words)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    torch.set_num_threads(given.threads)
    last = given.out / "last.pt"
    try:
        recipe = chosen(given, stored_recipe(last) if last.exists() else Recipe())
        train(
            recipe,
            given.pool,
            given.out,
            pretrained=not given.scratch,
            start=given.start,
            val=given.val,
            val_every=given.val_every,
            device=pick_device(given.device),
            workers=given.workers,
        )
    except TrainingError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
