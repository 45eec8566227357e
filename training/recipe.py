"""What a training run is: its settings, and the learning rate of each step."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

SCHEDULES = ("one-cycle", "cyclical")


class TrainingError(Exception):
    """Something that whoever started the run can mend; the message says what, where and how."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a run is; travels inside its checkpoints."""

    net: str = "lite-unet"
    steps: int = 20_000
    batch: int = 8
    sizes: tuple[int, ...] = (256, 384)
    rate: float = 2e-3  # the highest
    decay: float = 1e-4
    warm: float = 0.08  # share of the steps of one cycle that go up
    average: float = 0.998
    seed: int = 1
    schedule: str = "one-cycle"
    low: float = 1e-4  # the lowest rate of the cyclical schedule
    period: int = 2_000  # steps from low to low
    positive: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)  # weights of marked pixels: typeset, sfx, balloon, any lettering
    focal: float = 0.0  # gamma; 0 is plain cross entropy
    dice: float = 1.0
    hard: float = 0.0  # share of crops that are cut where training.hard found an earlier network wrong
    frozen: int = 0  # steps before the encoder learns too
    still: int = 0  # first parts of the encoder that never learn: at full size they cost most, and change least

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise TrainingError(f"unknown schedule {self.schedule!r}; there are {', '.join(SCHEDULES)}")
        if self.schedule == "cyclical" and not (0 < self.low <= self.rate and self.period >= 2):
            raise TrainingError(f"a cyclical rate needs 0 < low ({self.low}) <= rate ({self.rate}) and a period >= 2")
        if len(self.positive) != 4:
            raise TrainingError("positive weights are four: typeset, sfx, balloon, any lettering")
        if not self.sizes:
            raise TrainingError("a run needs at least one size of crops")

    def plain(self) -> dict[str, object]:
        """As lists and numbers, for a checkpoint."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def of_stored(stored: Mapping[str, object]) -> Recipe:
    """The recipe of a checkpoint, which may be older than some fields, or younger."""
    known = {field.name for field in fields(Recipe)}
    taken = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    return Recipe(**{name: value for name, value in taken.items() if name in known})  # type: ignore[arg-type]


def rate_at(step: int, recipe: Recipe) -> float:
    """The learning rate of a step.

    One cycle: up in a line, down along a cosine (Smith & Topin 2018). Cyclical: from `low` to `rate` and back in lines,
    every `period` steps (Smith 2017, the triangular policy).
    """
    if recipe.schedule == "cyclical":
        share = step % recipe.period / recipe.period
        return recipe.low + (recipe.rate - recipe.low) * (1 - abs(2 * share - 1))
    warm = recipe.steps * recipe.warm
    if step < warm:
        return recipe.rate * (0.05 + 0.95 * step / warm)
    share = min((step - warm) / max(recipe.steps - warm, 1), 1.0)
    return recipe.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
