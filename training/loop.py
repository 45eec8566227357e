"""The training loop of a segmentation network: crops from a pool, loss, moving average, checkpoints that can go on."""

import copy
import csv
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.nets import NETS
from training.pages import BALLOON, MIXED, SFX, TYPESET

_BITS = (TYPESET, SFX, BALLOON)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a run is; travels inside its checkpoints."""

    net: str = "lite-unet"
    steps: int = 20_000
    batch: int = 8
    sizes: tuple[int, ...] = (256, 384)
    rate: float = 2e-3
    decay: float = 1e-4
    warm: float = 0.08
    average: float = 0.998
    seed: int = 1


class Crops(torch.utils.data.IterableDataset[tuple[Tensor, Tensor, Tensor]]):
    """Batches without end: (N, 3, S, S) images in 0–1, (N, 3, S, S) truth, (N,) 1 where kinds are known."""

    def __init__(self, pool: Path, recipe: Recipe, seed: int) -> None:
        self.pool, self.recipe, self.seed = pool, recipe, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        cv2.setNumThreads(1)
        rng = np.random.default_rng(self.seed)
        while True:
            paths = sorted(self.pool.glob("*.npy"))  # looked up again now and then: the pool may be growing
            if not paths:
                raise FileNotFoundError(f"no pages in {self.pool}; draw some with training.draw_pool")
            for _ in range(50):
                size = int(rng.choice(self.recipe.sizes))
                # As many pixels in each batch, so that steps weigh alike.
                count = max(self.recipe.batch * min(self.recipe.sizes) ** 2 // size**2, 2)
                crops = [
                    _crop(rng, np.load(paths[rng.integers(len(paths))], mmap_mode="r"), size) for _ in range(count)
                ]
                images, truths, known = zip(*crops, strict=True)
                yield (
                    torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float().div_(255),
                    torch.from_numpy(np.stack(truths)).permute(0, 3, 1, 2).float(),
                    torch.tensor(known),
                )


def _crop(
    rng: np.random.Generator, page: NDArray[np.uint8], size: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32], float]:
    high, wide = page.shape[:2]
    side = min(int(size / np.exp(rng.uniform(np.log(0.6), np.log(1.6)))), high, wide)
    for _ in range(3):  # rather with lettering than without
        top, left = int(rng.integers(high - side + 1)), int(rng.integers(wide - side + 1))
        part = np.asarray(page[top : top + side, left : left + side])
        if (part[::4, ::4, 3] & (TYPESET | SFX)).any() or rng.random() < 0.3:
            break
    truth = np.stack([(part[:, :, 3] & bit > 0).astype(np.float32) for bit in _BITS], axis=2)
    how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    image = cv2.resize(part[:, :, :3], (size, size), interpolation=how)
    return (
        _scanned(rng, image.astype(np.uint8)),
        cv2.resize(truth, (size, size), interpolation=how).astype(np.float32),
        float(not (part[:, :, 3] & MIXED).any()),
    )


def _scanned(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As scanners, resizers and JPEG leave pages."""
    work: NDArray[np.float32] = image.astype(np.float32)
    if rng.random() < 0.3:
        work = np.repeat(work.mean(2, keepdims=True), 3, axis=2)
    if rng.random() < 0.25:
        work = cv2.GaussianBlur(work, (0, 0), rng.uniform(0.4, 1.2)).astype(np.float32)
    if rng.random() < 0.4:
        low, top = rng.uniform(0, 40), rng.uniform(215, 255)
        bent = (work / 255) ** rng.uniform(0.7, 1.4)
        work = (bent * (top - low) + low).astype(np.float32)
        work *= rng.uniform(0.9, 1.0, 3).astype(np.float32)
    if rng.random() < 0.25:
        work += rng.normal(0, rng.uniform(1, 9), work.shape).astype(np.float32)
    done = np.clip(work, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, packed = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96))])
        done = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return done


def loss(logits: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Cross entropy and Dice of each kind where kinds are known, and of all lettering together everywhere."""
    logits = logits.float()
    together = logits[:, :2].amax(1, keepdim=True), truth[:, :2].amax(1, keepdim=True)
    every = torch.cat([logits, together[0]], 1), torch.cat([truth, together[1]], 1)
    weight = torch.tensor([0.5, 0.5, 0.5, 1.0])[None].repeat(len(truth), 1)
    weight[:, :3] *= known[:, None]
    entropy = functional.binary_cross_entropy_with_logits(*every, reduction="none").mean((2, 3))
    guess = every[0].sigmoid() * weight[:, :, None, None]
    right = every[1] * weight[:, :, None, None]
    dice = 1 - (2 * (guess * every[1]).sum((0, 2, 3)) + 50) / (guess.sum((0, 2, 3)) + right.sum((0, 2, 3)) + 50)
    return (entropy * weight).mean() * 2 + (dice * weight.mean(0)).mean()


def fast_bf16() -> bool:
    """Whether this processor multiplies bf16 itself; else torch emulates it, ten times slower than fp32."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(cpuinfo.read_text().split()) if cpuinfo.exists() else set()
    return bool(flags & {"avx512_bf16", "amx_bf16"})


def rate_at(step: int, recipe: Recipe) -> float:
    """One cycle: up in a line, down along a cosine (Smith & Topin 2018)."""
    warm = recipe.steps * recipe.warm
    if step < warm:
        return recipe.rate * (0.05 + 0.95 * step / warm)
    share = min((step - warm) / max(recipe.steps - warm, 1), 1.0)
    return recipe.rate * (0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * share))))


def train(
    recipe: Recipe, pool: Path, out: Path, pretrained: bool = True, start: Path | None = None, every: float = 150.0
) -> nn.Module:
    """Runs `recipe`, or goes on where the checkpoint in `out` stands; `start`: weights to begin from.

    Gives the averaged network. Leaves, every `every` seconds, `last.pt` (all there is to go on) and `segment.pt`
    (averaged weights alone), and `log.csv`.
    """
    torch.manual_seed(recipe.seed)
    out.mkdir(parents=True, exist_ok=True)
    last = out / "last.pt"
    net: nn.Module = NETS[recipe.net](pretrained=pretrained and not last.exists() and start is None)
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None and not last.exists():
        net.load_state_dict(torch.load(start, weights_only=True)["net"])
    mean = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    step = 0
    if last.exists():
        stored = torch.load(last, weights_only=True)
        net.load_state_dict(stored["net"])
        mean.load_state_dict(stored["mean"])
        optimizer.load_state_dict(stored["optimizer"])
        step = stored["step"]
    # A forked worker would hang in OpenCV where this process has used its threads already.
    crops_of = Crops(pool, recipe, recipe.seed + step)
    loader = torch.utils.data.DataLoader(crops_of, batch_size=None, num_workers=1, multiprocessing_context="spawn")
    batches = iter(loader)
    saved = began = time.monotonic()
    first, sum_loss, counted, crops = step, 0.0, 0, 0
    half = fast_bf16()
    with (out / "log.csv").open("a", newline="") as file:
        log = csv.writer(file)
        while step < recipe.steps:
            images, truth, known = next(batches)
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step, recipe)
            net.train()
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                logits = net(images.to(memory_format=torch.channels_last))
            value = loss(logits, truth, known)
            optimizer.zero_grad(set_to_none=True)
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimizer.step()
            step += 1
            counted += 1
            # A young average must not hold on to the weights it began with.
            _follow(mean, net, min(recipe.average, (step - first + 1) / (step - first + 10)))
            sum_loss, crops = sum_loss + value.item(), crops + len(images)
            if step % 50 == 0 or step == recipe.steps:
                since = time.monotonic() - began
                log.writerow([step, f"{sum_loss / counted:.4f}", f"{rate_at(step, recipe):.2e}", crops, f"{since:.0f}"])
                file.flush()
                sum_loss, counted = 0.0, 0
            if time.monotonic() - saved > every or step == recipe.steps:
                saved = time.monotonic()
                _save(out / "segment.pt", {"net": mean.state_dict(), "recipe": _plain(recipe), "step": step})
                state = {"net": net.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict()}
                _save(last, {**state, "recipe": _plain(recipe), "step": step})
    return mean


def _plain(recipe: Recipe) -> dict[str, object]:
    return {**asdict(recipe), "sizes": list(recipe.sizes)}


def _follow(mean: nn.Module, net: nn.Module, share: float) -> None:
    with torch.no_grad():
        for ours, theirs in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
            if ours.is_floating_point():
                ours.lerp_(theirs, 1 - share)
            else:
                ours.copy_(theirs)


def _save(path: Path, state: dict[str, object]) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)
