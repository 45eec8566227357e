"""The training loop of a painter: its critic, moving average, checkpoints that can go on, sheets to look at."""

import copy
import csv
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training import rivals
from training.art import Picture
from training.critic import LAZY, Critic, critic_loss
from training.fill import Fill, Painting
from training.holes import Hole
from training.inpaint_crops import Batch, batches
from training.inpaint_losses import Losses
from training.inpaint_nets import NETS
from training.inpaint_recipe import PaintRecipe
from training.loop import _follow, _load, _on_cpu, _save, fast_bf16, read_checkpoint
from training.recipe import TrainingError
from training.rivals import Likeness, Paint, Trial

_log = logging.getLogger(__name__)

_CHECKED = ("telea", "navier-stokes")  # rivals quick enough to be measured in every run
_TERMS = ("hole", "valid", "similar", "perceptual", "style", "wide", "tv", "adversarial", "matching", "critic")


class Painter:
    """A network, its critic where the recipe has one, and their optimizers: `step` learns one batch."""

    def __init__(self, net: Painting, recipe: PaintRecipe, device: torch.device, pretrained: bool = True) -> None:
        self.net: Painting = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.recipe, self.device, self.half = recipe, device, fast_bf16(device)
        self.losses = Losses(recipe, device, pretrained)
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=recipe.rate, weight_decay=recipe.decay, fused=True)
        self.critic = Critic().to(device) if recipe.adversarial else None
        rate = recipe.critic_rate
        self.critics = torch.optim.AdamW(self.critic.parameters(), rate, (0.5, 0.9)) if self.critic else None

    def step(self, batch: Batch, number: int) -> Mapping[str, float]:
        """Learns, and gives the weighted terms of the loss."""
        image, mask, truth = (part.to(self.device) for part in batch)
        share = self.recipe.share_at(number)
        _set(self.optimizer, share * self.recipe.rate)
        self.net.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            guesses = self.net.guesses(image.to(memory_format=torch.channels_last), mask)
            terms = {}
            if self.critic is not None and self.critics is not None:
                terms["critic"] = self._learn_to_tell(guesses[-1], truth, mask, number, share)
                self.critic.requires_grad_(False)
            judged = self.losses(guesses, truth, mask, self.critic)
        if not judged:
            raise TrainingError("all weights of the loss are 0; give --hole one")
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(judged.values())).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimizer.step()
        return {name: value.item() for name, value in judged.items()} | terms

    def _learn_to_tell(self, guess: Tensor, truth: Tensor, mask: Tensor, number: int, share: float) -> float:
        assert self.critic is not None
        assert self.critics is not None
        self.critic.requires_grad_(True)
        _set(self.critics, share * self.recipe.critic_rate)
        painted = torch.where(mask > 0.5, guess.detach().clamp(0, 1), truth)
        penalty = 0.0 if number % LAZY else self.recipe.penalty * LAZY
        value = critic_loss(self.critic, truth, painted, mask, penalty)
        self.critics.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        self.critics.step()
        return value.item()

    def state(self) -> dict[str, Any]:
        """All but the averaged weights that a run needs to go on."""
        state = {"net": _on_cpu(self.net), "optimizer": self.optimizer.state_dict()}
        if self.critic is not None and self.critics is not None:
            state |= {"critic": _on_cpu(self.critic), "critics": self.critics.state_dict()}
        return state

    def resume(self, stored: dict[str, Any]) -> None:
        """Takes back what `state` gave; a critic that the run did not have yet begins anew."""
        self.optimizer.load_state_dict(stored["optimizer"])
        if self.critic is not None and self.critics is not None and "critic" in stored:
            self.critic.load_state_dict(stored["critic"])
            self.critics.load_state_dict(stored["critics"])


def _set(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def of_net(net: nn.Module) -> Paint:
    """A network as what paints one crop; height and width multiples of 32."""

    def paint(image: Picture, hole: Hole) -> Picture:
        device = next(iter(net.parameters()), torch.zeros(0)).device
        tensor = torch.from_numpy(image).permute(2, 0, 1)[None].to(device).float() / 255
        mask = torch.from_numpy(hole)[None, None].to(device).float()
        with torch.inference_mode():
            painted = net.eval()(tensor, mask)[0].permute(1, 2, 0) * 255
        return np.asarray(painted.round().to(torch.uint8).cpu().numpy())

    return paint


@dataclass(frozen=True, slots=True)
class Check:
    """Trials to measure a network on, and how its rivals did."""

    tried: Sequence[Trial]
    rivals: Mapping[str, Likeness]
    telea: Sequence[Picture]

    @classmethod
    def of(cls, pool: Path, count: int, size: int) -> "Check":
        """From a pool of pages that were not trained on."""
        tried = rivals.trials(pool, count, size)
        if not tried:
            raise TrainingError(f"no lettering over art in {pool}; draw more pages with --validation")
        known = {name: rivals.measure(rivals.RIVALS[name], tried)[0] for name in _CHECKED}
        known["fill"] = rivals.measure(of_net(Fill()), tried)[0]
        return cls(tried, known, rivals.measure(rivals.telea, tried)[1])

    def measure(self, net: nn.Module, out: Path, step: int) -> Likeness:
        """Writes a line to `validation.csv` and a sheet: seen, Telea, network, truth."""
        ours, painted = rivals.measure(of_net(net), self.tried)
        table = out / "validation.csv"
        with table.open("a", newline="") as file:
            lines = csv.writer(file)
            if not file.tell():
                names = ("net", *self.rivals)
                lines.writerow(["step", *(f"{name} {what}" for name in names for what in ("psnr", "ssim"))])
            every = (ours, *self.rivals.values())
            lines.writerow([step, *(f"{figure:.4f}" for each in every for figure in (each.psnr, each.ssim))])
        rivals.sheet(out / f"sheet-{step:06d}.png", self.tried, self.telea, painted)
        best = max(self.rivals[name].psnr for name in _CHECKED)
        _log.info("step %d: %.2f dB, SSIM %.4f; classical %.2f dB", step, ours.psnr, ours.ssim, best)
        return ours


def train(
    recipe: PaintRecipe,
    pool: Path,
    out: Path,
    pretrained: bool = True,
    start: Path | None = None,
    every: float = 150.0,
    check: Check | None = None,
    check_every: int = 500,
    device: torch.device | None = None,
    workers: int = 1,
) -> nn.Module:
    """Runs `recipe`, or goes on where the checkpoint in `out` stands; `start`: averaged weights to begin from.

    Gives the averaged network. Leaves `last.pt` (all there is to go on) and `inpaint.pt` (averaged weights alone) every
    `every` seconds, `log.csv`, and with `check`, every `check_every` steps, `validation.csv` and sheets.
    """
    device = device or torch.device("cpu")
    torch.manual_seed(recipe.seed)
    out.mkdir(parents=True, exist_ok=True)
    last = out / "last.pt"
    stored = read_checkpoint(last, "net", "mean", "optimizer", "step") if last.exists() else None
    net = NETS[recipe.net]()
    _fit(net, stored or (read_checkpoint(start, "net") if start else None), "net", recipe, last if stored else start)
    painter = Painter(net, recipe, device, pretrained)
    mean = copy.deepcopy(painter.net).eval()
    step, crops, before = 0, 0, 0.0
    if stored is not None:
        _fit(mean, stored, "mean", recipe, last)
        painter.resume(stored)
        step, crops, before = stored["step"], stored["crops"], stored["seconds"]
    supply = batches(pool, recipe.sizes, recipe.batch, recipe.seed + step, workers)
    saved = began = time.monotonic()
    values: list[Mapping[str, float]] = []
    with (out / "log.csv").open("a", newline="") as file:
        log = csv.writer(file)
        if not file.tell():
            log.writerow(["step", "loss", *_TERMS, "rate", "crops", "seconds"])
        while step < recipe.steps:
            batch = next(supply)
            values.append(painter.step(batch, step))
            loss = sum(value for name, value in values[-1].items() if name != "critic")
            if not math.isfinite(loss):
                raise TrainingError(f"the loss is {loss} at step {step}; go on from {last} at a lower --rate")
            step, crops = step + 1, crops + len(batch[0])
            # A young average must not hold on to the weights it began with.
            _follow(mean, painter.net, min(recipe.average, (step + 1) / (step + 10)))
            done = step == recipe.steps
            seconds = before + time.monotonic() - began
            if step % 20 == 0 or done:
                terms = [float(np.mean([value.get(name, 0.0) for value in values])) for name in _TERMS]
                rate = f"{recipe.rate * recipe.share_at(step):.2e}"
                figures = [f"{figure:.4f}" for figure in (sum(terms[:-1]), *terms)]
                log.writerow([step, *figures, rate, crops, f"{seconds:.0f}"])
                file.flush()
                values = []
            if time.monotonic() - saved > every or done:
                saved = time.monotonic()
                at = {"recipe": recipe.plain(), "step": step}
                weights = _on_cpu(mean)
                _save(out / "inpaint.pt", {"net": weights, **at})
                _save(last, {**painter.state(), "mean": weights, **at, "crops": crops, "seconds": seconds})
            if check is not None and (step % check_every == 0 or done):
                check.measure(mean, out, step)
    return mean


def _fit(net: nn.Module, stored: dict[str, Any] | None, name: str, recipe: PaintRecipe, path: Path | None) -> None:
    if stored is not None and path is not None:
        _load(net, stored, name, recipe, path)  # type: ignore[arg-type]
