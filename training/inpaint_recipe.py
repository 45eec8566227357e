"""What a run of the painter is: its settings, and those that each network's paper gives."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from training.inpaint_losses import Weights
from training.recipe import Recipe, TrainingError, rate_at


@dataclass(frozen=True, slots=True)
class PaintRecipe(Weights):
    """What a run is; travels inside its checkpoints. Weights of losses stand beside the rest."""

    net: str = "lite"
    steps: int = 20_000
    batch: int = 8
    sizes: tuple[int, ...] = (256,)
    rate: float = 1e-3  # the highest
    critic_rate: float = 4e-4
    decay: float = 1e-4
    warm: float = 0.05  # share of the steps that go up
    average: float = 0.998
    seed: int = 1

    def plain(self) -> dict[str, object]:
        """As lists and numbers, for a checkpoint."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def share_at(self, step: int) -> float:
        """The share of the highest rate that a step has: one cycle."""
        return rate_at(step, Recipe(steps=self.steps, warm=self.warm, rate=1.0))


def of_stored(stored: Mapping[str, object]) -> PaintRecipe:
    """The recipe of a checkpoint, which may be older than some fields, or younger."""
    known = {field.name for field in fields(PaintRecipe)}
    taken = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    return changed(PaintRecipe(), {name: value for name, value in taken.items() if name in known})


def changed(recipe: PaintRecipe, changes: Mapping[str, object]) -> PaintRecipe:
    """With other settings; TrainingError where they cannot be."""
    try:
        new = replace(recipe, **changes)  # type: ignore[arg-type]
    except ValueError as error:
        raise TrainingError(str(error)) from error
    if not new.sizes or any(size % 32 for size in new.sizes):
        raise TrainingError(f"sizes of crops are multiples of 32, not {new.sizes}")
    return new


_ADVERSARIAL = PaintRecipe(similar=0.0, adversarial=0.1, matching=1.0, penalty=0.001)

# Where a run of a network begins; the light one is to come near the truth, pixel by pixel, before all else. Papers
# weigh features of VGG or ResNet; those of this encoder are larger, so that their weights are smaller here.
PRESETS: Mapping[str, PaintRecipe] = {
    "lite": PaintRecipe(),
    "partial": PaintRecipe(net="partial", valid=1.0, similar=0.0, perceptual=0.05, style=10.0, tv=0.1),
    "gated": replace(_ADVERSARIAL, net="gated", valid=1.0, rate=5e-4),
    "lama": replace(_ADVERSARIAL, net="lama", hole=10.0, wide=0.1),
}
