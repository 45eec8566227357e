"""Range test of the learning rate: `python -m training.rates --pool DIR --net NAME --csv FILE`."""

import argparse
import csv
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from training.crops import batches
from training.loop import Stepper, pick_device
from training.nets import NETS
from training.recipe import Recipe, TrainingError
from training.train_segment import add_recipe, chosen

_BETA = 0.95  # memory of the smoothed loss


@dataclass(frozen=True, slots=True)
class Trial:
    """One step of the test."""

    rate: float
    loss: float
    smoothed: float


def trials(stepper: Stepper, pool: Path, low: float, high: float, steps: int, workers: int = 1) -> Iterator[Trial]:
    """Learns at rates from `low` to `high`, each so many times the one before (Smith 2017, section 3.3).

    Ends early once the smoothed loss is four times its lowest: from there on nothing is to be learnt.
    """
    supply = batches(pool, stepper.recipe, stepper.recipe.seed, workers)
    mean, lowest = 0.0, math.inf
    for number in range(steps):
        rate = low * (high / low) ** (number / max(steps - 1, 1))
        value = stepper.step(next(supply), rate)
        mean = _BETA * mean + (1 - _BETA) * value
        smoothed = mean / (1 - _BETA ** (number + 1))  # the mean began at zero
        lowest = min(lowest, smoothed)
        if not smoothed <= 4 * lowest:  # nan too
            return
        yield Trial(rate, value, smoothed)


def steepest(tried: list[Trial]) -> float:
    """The rate at which the smoothed loss falls fastest over the logarithm of the rate; TrainingError if nowhere.

    The slope is taken across a tenth of the test, on both sides: single batches differ more than rates do.
    """
    across = max(len(tried) // 20, 1)
    rates = np.log([trial.rate for trial in tried])
    losses = np.array([trial.smoothed for trial in tried])
    if len(tried) <= 2 * across:
        raise TrainingError(f"only {len(tried)} rates could be tried; take more --tries, or a lower --from")
    slopes = (losses[2 * across :] - losses[: -2 * across]) / (rates[2 * across :] - rates[: -2 * across])
    if slopes.min() >= 0:
        raise TrainingError("the loss fell at no rate; take more --tries, or other ends")
    return tried[int(slopes.argmin()) + across].rate


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, required=True, help="folder that training.draw_pool fills")
    parser.add_argument("--csv", type=Path, default=Path("rates.csv"), help="rate, loss, smoothed loss")
    parser.add_argument("--from", type=float, default=1e-6, dest="first", help="lowest rate to try")
    parser.add_argument("--to", type=float, default=1.0, help="highest rate to try")
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1, help="processes that cut crops; 0: none but this one")
    parser.add_argument("--device", help="cpu, cuda or cuda:1; CUDA where there is any")
    parser.add_argument("--scratch", action="store_true", help="without ImageNet weights")
    add_recipe(parser)
    given = parser.parse_args(words)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    torch.set_num_threads(given.threads)
    if not 0 < given.first < given.to:
        parser.error(f"rates go from above zero upwards, not from {given.first:g} to {given.to:g}")
    try:
        recipe = chosen(given, Recipe())
        torch.manual_seed(recipe.seed)
        stepper = Stepper(NETS[recipe.net](pretrained=not given.scratch), recipe, pick_device(given.device))
        tried = []
        with given.csv.open("w", newline="") as file:
            log = csv.writer(file)
            log.writerow(["rate", "loss", "smoothed"])
            for trial in trials(stepper, given.pool, given.first, given.to, given.tries, given.workers):
                tried.append(trial)
                log.writerow([f"{trial.rate:.3e}", f"{trial.loss:.4f}", f"{trial.smoothed:.4f}"])
        print(f"{recipe.net}: the loss falls fastest at a rate of {steepest(tried):.1e} ({len(tried)} tried)")
    except TrainingError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
