"""Trains the network that weighs fills: `python -m training.train_blend --crops DIR --out DIR`.

Crops come from `training.inpaint_fills`; more may be added while a run goes on. A run that was stopped goes on.
"""

import argparse
import copy
import csv
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.blend import FILLS, Blend, distance, widened
from training.inpaint_losses import similarity
from training.loop import _follow, _on_cpu, _save, read_checkpoint
from training.packing import unpacked
from training.recipe import Recipe, TrainingError, rate_at

_log = logging.getLogger(__name__)

Crops = NDArray[np.uint8]  # (N, S, S, 4 + 3 × FILLS)


def batches(folder: Path, batch: int, seed: int) -> Iterator[Crops]:
    """Batches without end of crops, turned, mirrored, as negatives and with colours exchanged."""
    rng = np.random.default_rng(seed)
    while True:
        shards = [np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))]
        if not shards:
            raise TrainingError(f"no crops in {folder}; python -m training.inpaint_fills makes them")
        for _ in range(200):
            chosen = [shards[rng.integers(len(shards))] for _ in range(batch)]
            yield np.stack([varied(rng, np.asarray(shard[rng.integers(len(shard))])) for shard in chosen])


def varied(rng: np.random.Generator, crop: Crops) -> Crops:
    """A crop (S, S, C) of another look; the fills would come out (nearly) the same."""
    crop = np.rot90(crop, int(rng.integers(4)))
    crop = crop[:, ::-1] if rng.random() < 0.5 else crop
    truth, hole, fills = crop[..., :3], crop[..., 3:4], crop[..., 4:].reshape(*crop.shape[:2], FILLS, 3)
    order = rng.permutation(3)
    truth, fills = truth[..., order], fills[..., order]
    if rng.random() < 0.15:
        truth, fills = 255 - truth, 255 - fills
    return np.concatenate([truth, hole, fills.reshape(*crop.shape[:2], -1)], axis=2)


def tensors(crops: Crops) -> tuple[Tensor, Tensor, Tensor]:
    """Fills (N, 3 × FILLS, S, S) in 0–1, masks (N, 1, S, S) and truth (N, 3, S, S) of crops."""
    whole = torch.from_numpy(np.ascontiguousarray(crops.transpose(0, 3, 1, 2))).float().div_(255)
    mask = (whole[:, 3:4] > 0.5).float()
    return whole[:, 4:], mask, whole[:, :3]


def losses(guess: Tensor, truth: Tensor, mask: Tensor, fills: Tensor) -> tuple[Tensor, Tensor]:
    """Means over a batch: bels of error, and 1 − SSIM about hidden pixels."""
    painted = torch.where(mask > 0.5, guess, fills[:, :3])
    about = functional.max_pool2d(mask, 3, 1, 1)[..., 5:-5, 5:-5]
    unlike = ((1 - similarity(painted, truth)) * about).sum((1, 2, 3)) / about.sum((1, 2, 3)).clamp_min(1)
    return distance(painted, truth, mask).mean(), unlike.mean()


def check(net: Blend, folder: Path, most: int = 200) -> list[float]:
    """dB and SSIM on crops kept apart: of the network, then of each fill."""
    rows = []
    for path in sorted(folder.glob("*.npy")):
        for crops in np.array_split(np.load(path)[:most], 20):
            if not len(crops):
                continue
            fills, mask, truth = tensors(crops)
            with torch.inference_mode():
                made = [net.eval()(fills, mask), *fills.chunk(FILLS, 1)]
                each = [losses(one, truth, mask, fills) for one in made]
            rows.append([value for bels, unlike in each for value in (-10 * bels.item(), 1 - unlike.item())])
    return np.mean(rows, axis=0).round(4).tolist() if rows else []


def _weights(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".onnx":
        return {name: torch.from_numpy(values) for name, values in unpacked(path).items()}
    return dict(read_checkpoint(path, "net")["net"])


def train(given: argparse.Namespace) -> nn.Module:
    """Runs, or goes on; leaves `last.pt`, `blend.pt` (averaged weights) and `log.csv`."""
    torch.manual_seed(given.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    last = given.out / "last.pt"
    net = Blend()
    optimizer = torch.optim.AdamW(net.parameters(), given.rate, (0.9, 0.98), weight_decay=1e-4, fused=True)
    step = 0
    if given.start:
        net.load_state_dict(widened(_weights(given.start)))
    mean = copy.deepcopy(net).eval()
    if last.exists():
        stored = read_checkpoint(last, "net", "mean", "optimizer", "step")
        net.load_state_dict(stored["net"])
        mean.load_state_dict(stored["mean"])
        optimizer.load_state_dict(stored["optimizer"])
        step = stored["step"]
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    supply = batches(given.crops, given.batch, given.seed + step)
    saved = began = time.monotonic()
    seen: list[tuple[float, ...]] = []
    rivals: list[tuple[Tensor, Tensor]] = []
    recipe = Recipe(steps=given.steps, warm=0.03, rate=given.rate)
    while step < given.steps:
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, recipe)
        fills, mask, truth = tensors(next(supply))
        guess = net.guess(fills.contiguous(memory_format=torch.channels_last), mask)
        bels, unlike = losses(guess, truth, mask, fills)
        if step % 5 == 0 or not rivals:  # how hard these crops are
            with torch.no_grad():
                rivals = [losses(each, truth, mask, fills) for each in fills.chunk(FILLS, 1)]
        if not math.isfinite(bels.item()):
            raise TrainingError(f"the loss is {bels.item()} at step {step}; go on from {last} at a lower --rate")
        optimizer.zero_grad(set_to_none=True)
        (bels + given.similar * unlike).backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(net.parameters(), given.clip)
        optimizer.step()
        step += 1
        _follow(mean, net, min(0.998, (step + 1) / (step + 10)))
        hardness = (value.item() for pair in rivals for value in pair)
        seen.append((bels.item(), unlike.item(), *hardness, float(norm)))
        done = step == given.steps
        if step % 50 == 0 or done:
            with (given.out / "log.csv").open("a", newline="") as file:
                figures = [f"{figure:.4f}" for figure in np.mean(seen, axis=0)]
                csv.writer(file).writerow([step, *figures, f"{time.monotonic() - began:.0f}"])
            seen = []
        if time.monotonic() - saved > 120 or done:
            saved = time.monotonic()
            _save(given.out / "blend.pt", {"net": _on_cpu(mean), "step": step})
            state = {"net": _on_cpu(net), "mean": _on_cpu(mean), "optimizer": optimizer.state_dict(), "step": step}
            _save(last, state)
        if given.val and (step % given.val_every == 0 or done):
            with (given.out / "validation.csv").open("a", newline="") as file:
                csv.writer(file).writerow([step, *check(mean, given.val)])
    return mean


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--crops", type=Path, required=True, help="folder that training.inpaint_fills fills")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints and log; a run that stands there goes on")
    parser.add_argument("--val", type=Path, help="crops of pages that are not trained on")
    parser.add_argument("--val-every", type=int, default=500, metavar="STEPS")
    parser.add_argument("--start", type=Path, help="averaged weights (blend.pt), or inpaint.onnx, to begin from")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3, help="the highest")
    parser.add_argument("--similar", type=float, default=5.0, help="weight of 1 − SSIM beside bels of PSNR")
    parser.add_argument("--clip", type=float, default=1.0, help="largest norm of the gradient")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    torch.set_num_threads(given.threads)
    try:
        train(given)
    except TrainingError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
