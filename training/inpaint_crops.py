"""Batches of crops with holes: what stands there, lettered; what is hidden; and the art below."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import holes
from training.art import Picture
from training.crops import _scanned, pages_in
from training.holes import Hole
from training.inpaint_data import lettered

Batch = tuple[Tensor, Tensor, Tensor]
Rng = np.random.Generator


def batches(pool: Path, sizes: tuple[int, ...], batch: int, seed: int, workers: int = 1) -> Iterator[Batch]:
    """Batches without end, made by so many processes; 0: by this one."""
    pages_in(pool)  # in this process, where the error is easy to read
    return iter(
        torch.utils.data.DataLoader(
            Holed(pool, sizes, batch, seed),
            batch_size=None,
            num_workers=workers,
            # A forked worker would hang in OpenCV where this process has used its threads already.
            multiprocessing_context="spawn" if workers else None,
        )
    )


class Holed(torch.utils.data.IterableDataset[Batch]):
    """(N, 3, S, S) lettered images in 0–1, (N, 1, S, S) masks, 1 where hidden, and (N, 3, S, S) truth, without end.

    `batch`: crops of the smallest of `sizes`; larger ones are as many fewer.
    """

    def __init__(self, pool: Path, sizes: tuple[int, ...], batch: int, seed: int) -> None:
        self.pool, self.sizes, self.batch, self.seed = pool, sizes, batch, seed

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            paths = pages_in(self.pool)  # looked up again now and then: the pool may be growing
            for _ in range(50):
                size = int(rng.choice(self.sizes))
                count = max(self.batch * min(self.sizes) ** 2 // size**2, 2)
                yield tensors([crop(rng, _page(rng, paths), _page(rng, paths), size) for _ in range(count)])


def tensors(crops: list[tuple[Picture, Hole, Picture]]) -> Batch:
    """Crops as one batch."""
    images, masks, truths = (torch.from_numpy(np.stack(parts)) for parts in zip(*crops, strict=True))
    image, truth = (part.permute(0, 3, 1, 2).float().div_(255) for part in (images, truths))
    return image, masks[:, None].float(), truth


def _page(rng: Rng, paths: list[Path]) -> NDArray[np.uint8]:
    return np.asarray(np.load(paths[rng.integers(len(paths))], mmap_mode="r"))


def crop(
    rng: Rng, art: NDArray[np.uint8], other: NDArray[np.uint8], size: int, own: float = 0.3
) -> tuple[Picture, Hole, Picture]:
    """Image, hole and truth: art of a page under lettering of another or (`own`, a share) of its own, as scans are."""
    scale = 1.0 if rng.random() < 0.6 else float(np.exp(rng.uniform(np.log(0.6), np.log(1.5))))
    its_own = rng.random() < own
    for _ in range(4):  # rather over something than over nothing
        part = window(rng, art, size, scale, its_own)
        letters = (part if its_own else window(rng, other, size, float(rng.uniform(0.7, 1.4)), True))[:, :, 3] > 0
        truth, hidden = part[:, :, :3], holes.hole(rng, letters)
        if truth[hidden].std() > 8 or rng.random() < 0.1:
            break
    printed = letters & hidden
    if printed.sum() * 10 < hidden.sum() or rng.random() < 0.3:
        printed = hidden
    image = lettered(rng, truth, printed)
    if rng.random() < 0.5:
        return np.where(hidden[:, :, None], image, truth), hidden, truth
    # What scanning leaves of lettering round the hole must not lead astray; both copies get the same noise.
    seed = int(rng.integers(2**32))
    image, truth = (_scanned(np.random.default_rng(seed), each) for each in (image, truth))
    return image, hidden, truth


def window(rng: Rng, page: NDArray[np.uint8], size: int, scale: float = 1.0, wanted: bool = False) -> NDArray[np.uint8]:
    """A square of a page (H, W, 4), turned and mirrored, `size` px wide at `scale`; `wanted`: with lettering."""
    side = min(round(size / scale), *page.shape[:2])
    for _ in range(4 if wanted else 1):
        top, left = (int(rng.integers(length - side + 1)) for length in page.shape[:2])
        part = np.asarray(page[top : top + side, left : left + side])
        if part[::4, ::4, 3].any():
            break
    if side != size:
        how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
        art = cv2.resize(part[:, :, :3], (size, size), interpolation=how)
        part = np.dstack([art, cv2.resize(part[:, :, 3], (size, size), interpolation=cv2.INTER_NEAREST)])
    part = np.rot90(part, int(rng.integers(4)))
    return np.ascontiguousarray(part[:, ::-1] if rng.random() < 0.5 else part).astype(np.uint8)
