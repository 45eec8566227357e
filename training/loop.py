"""The training loop of a segmentation network: loss, two stages, moving average, checkpoints that can go on."""

import copy
import csv
import logging
import math
import pickle
import time
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training import evaluate, unfold
from training.crops import Batch, batches, pages_in
from training.nets import NETS, shallow
from training.recipe import Recipe, TrainingError, of_stored, rate_at

_log = logging.getLogger(__name__)

_KINDS = (0.5, 0.5, 0.5, 1.0)  # what typeset, sfx, balloon and any lettering weigh in the loss
_PLAIN = Recipe()
_SETTLING = 8  # batches that norms of exported weights see before a run


def loss(logits: Tensor, truth: Tensor, known: Tensor, recipe: Recipe = _PLAIN) -> Tensor:
    """Cross entropy and Dice of each kind where kinds are known, and of all lettering together everywhere.

    `logits`, `truth`: (N, 3, H, W); `known`: (N,), 1 where kinds are told apart. `recipe` gives the weights of marked
    pixels, the gamma of the focal loss (Lin et al. 2017; for soft truth as in Li et al. 2020) and the weight of Dice
    (Milletari et al. 2016).
    """
    logits = logits.float()
    guess = torch.cat([logits, logits[:, :2].amax(1, keepdim=True)], 1)
    right = torch.cat([truth, truth[:, :2].amax(1, keepdim=True)], 1)
    weight = logits.new_tensor([_KINDS]).repeat(len(truth), 1)
    weight[:, :3] *= known[:, None]
    positive = logits.new_tensor(recipe.positive)[:, None, None]
    entropy = functional.binary_cross_entropy_with_logits(guess, right, pos_weight=positive, reduction="none")
    shares = guess.sigmoid()
    if recipe.focal:
        # Below gamma 1 the slope at zero is infinite.
        entropy = entropy * (right - shares).abs().clamp_min(1e-6) ** recipe.focal
    marked, there = shares * weight[:, :, None, None], right * weight[:, :, None, None]
    dice = 1 - (2 * (marked * right).sum((0, 2, 3)) + 50) / (marked.sum((0, 2, 3)) + there.sum((0, 2, 3)) + 50)
    return (entropy.mean((2, 3)) * weight).mean() * 2 + recipe.dice * (dice * weight.mean(0)).mean()


def fast_bf16(device: torch.device) -> bool:
    """Whether this device multiplies bf16 itself; else torch emulates it, on a processor ten times slower than fp32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(cpuinfo.read_text().split()) if cpuinfo.exists() else set()
    return bool(flags & {"avx512_bf16", "amx_bf16"})


def pick_device(name: str | None) -> torch.device:
    """The device of that name; without one CUDA where there is any, else the processor."""
    if name and name.startswith("cuda") and not torch.cuda.is_available():
        raise TrainingError(f"torch finds no CUDA here, so there is no device {name}; leave --device out")
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


class Stepper:
    """A network and its optimizer on a device: `step` learns one batch."""

    def __init__(self, net: nn.Module, recipe: Recipe, device: torch.device) -> None:
        self.net: nn.Module = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.recipe, self.device, self.half = recipe, device, fast_bf16(device)
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=recipe.rate, weight_decay=recipe.decay, fused=True)

    def step(self, batch: Batch, rate: float, frozen: bool = False) -> float:
        """Learns at `rate`, and gives the loss; `frozen`: the encoder stays as it is, its batch norms too."""
        images, truth, known = (part.to(self.device) for part in batch)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        encoder = self.net.get_submodule("encoder")
        self.net.train()
        encoder.train(not frozen)
        encoder.requires_grad_(not frozen)
        for part in shallow(encoder, self.recipe.still):
            part.train(False)
            part.requires_grad_(False)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            logits = self.net(images.to(memory_format=torch.channels_last))
        value = loss(logits, truth, known, self.recipe)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimizer.step()
        return value.item()


def train(
    recipe: Recipe,
    pool: Path,
    out: Path,
    pretrained: bool = True,
    start: Path | None = None,
    every: float = 150.0,
    val: Path | None = None,
    val_every: int = 1_000,
    device: torch.device | None = None,
    workers: int = 1,
) -> nn.Module:
    """Runs `recipe`, or goes on where the checkpoint in `out` stands; `start`: weights to begin from (.pt or .onnx).

    A run that goes on may be given other steps, rates and weights, but not another network. Gives the averaged network.
    Leaves, every `every` seconds, `last.pt` (all there is to go on) and `segment.pt` (averaged weights alone);
    `log.csv`; and with `val`, a pool of pages by other artists, `validation.csv`, a line every `val_every` steps.
    """
    device = device or torch.device("cpu")
    pages_in(pool)
    if val is not None:
        pages_in(val)
    torch.manual_seed(recipe.seed)
    out.mkdir(parents=True, exist_ok=True)
    last = out / "last.pt"
    stored = read_checkpoint(last, "net", "mean", "optimizer", "step") if last.exists() else None
    net = NETS[recipe.net](pretrained=pretrained and stored is None and start is None)
    if stored is None and start is not None and start.suffix == ".onnx":
        unfold.load(net, start, islice(batches(pool, recipe, recipe.seed, 0), _SETTLING))
    elif stored is None and start is not None:
        _load(net, read_checkpoint(start, "net"), "net", recipe, start)
    stepper = Stepper(net, recipe, device)
    mean = copy.deepcopy(stepper.net).eval()
    step, crops, before = 0, 0, 0.0
    if stored is not None:
        _load(stepper.net, stored, "net", recipe, last)
        _load(mean, stored, "mean", recipe, last)
        stepper.optimizer.load_state_dict(stored["optimizer"])
        step, crops, before = stored["step"], stored.get("crops", 0), stored.get("seconds", 0.0)
    elif recipe.frozen and not pretrained and start is None:
        _log.warning("the encoder stays frozen for %d steps, but holds random weights", recipe.frozen)
    supply = batches(pool, recipe, recipe.seed + step, workers)
    saved = began = time.monotonic()
    values: list[float] = []
    with (out / "log.csv").open("a", newline="") as file:
        log = csv.writer(file)
        if not file.tell():
            log.writerow(["step", "loss", "rate", "crops", "seconds"])
        while step < recipe.steps:
            batch = next(supply)
            values.append(stepper.step(batch, rate_at(step, recipe), frozen=step < recipe.frozen))
            if not math.isfinite(values[-1]):
                raise TrainingError(f"the loss is {values[-1]} at step {step}; go on from {last} at a lower --rate")
            step, crops = step + 1, crops + len(batch[0])
            # A young average must not hold on to the weights it began with.
            _follow(mean, stepper.net, min(recipe.average, (step + 1) / (step + 10)))
            done = step == recipe.steps
            seconds = before + time.monotonic() - began
            if step % 50 == 0 or done:
                share = f"{sum(values) / len(values):.4f}"
                log.writerow([step, share, f"{rate_at(step, recipe):.2e}", crops, f"{seconds:.0f}"])
                file.flush()
                values = []
            if time.monotonic() - saved > every or done:
                saved = time.monotonic()
                at = {"recipe": recipe.plain(), "step": step}
                weights = _on_cpu(mean)
                _save(out / "segment.pt", {"net": weights, **at})
                state = {"net": _on_cpu(stepper.net), "mean": weights, "optimizer": stepper.optimizer.state_dict()}
                _save(last, {**state, **at, "crops": crops, "seconds": seconds})
            if val is not None and (step % val_every == 0 or done):
                _validate(mean, val, out / "validation.csv", step, crops)
    return mean


def _validate(net: nn.Module, val: Path, table: Path, step: int, crops: int) -> None:
    result = evaluate.measure(evaluate.of_net(net), val)
    with table.open("a", newline="") as file:
        lines = csv.writer(file)
        if not file.tell():
            lines.writerow(["step", "crops", "ap", "f1", "precision", "recall"])
        figures = result.curve.average_precision, result.score.f1, result.score.precision, result.score.recall
        lines.writerow([step, crops, *(f"{figure:.4f}" for figure in figures)])


def read_checkpoint(path: Path, *needed: str) -> dict[str, Any]:
    """What a checkpoint holds, on the processor; TrainingError where the file is damaged or lacks what is needed."""
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        missing = [name for name in needed if name not in stored]
    except (OSError, RuntimeError, EOFError, ValueError, TypeError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise TrainingError(f"{path} cannot be read ({reason}); move it away, or use another checkpoint") from error
    if missing:
        raise TrainingError(f"{path} is no whole checkpoint: it lacks {', '.join(missing)}; move it away")
    for part in ("net", "mean"):
        for name, value in stored.get(part, {}).items():
            if value.is_floating_point() and not bool(value.isfinite().all()):
                raise TrainingError(
                    f"{path} holds weights that are not finite ({part}, {name}); use another checkpoint"
                )
    return dict(stored)


def stored_recipe(path: Path) -> Recipe:
    """The recipe inside a checkpoint."""
    return of_stored(read_checkpoint(path, "recipe")["recipe"])


def _load(net: nn.Module, stored: dict[str, Any], name: str, recipe: Recipe, path: Path) -> None:
    try:
        net.load_state_dict(stored[name])
    except RuntimeError as error:
        theirs = stored.get("recipe", {}).get("net", "another network")
        raise TrainingError(f"{path} holds weights of {theirs}, which do not fit {recipe.net}") from error


def _follow(mean: nn.Module, net: nn.Module, share: float) -> None:
    with torch.no_grad():
        for ours, theirs in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
            if ours.is_floating_point():
                ours.lerp_(theirs, 1 - share)
            else:
                ours.copy_(theirs)


def _on_cpu(net: nn.Module) -> dict[str, Tensor]:
    return {name: value.cpu() for name, value in net.state_dict().items()}


def _save(path: Path, state: dict[str, object]) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)
