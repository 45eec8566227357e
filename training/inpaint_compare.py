"""One table of all that paints holes: size, work, time, likeness: `python -m training.inpaint_compare [--val DIR]`."""

import argparse
import logging
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from training import inpaint_export, rivals
from training.art import Picture
from training.compare import multiply_adds
from training.fill import MULTIPLE, Fill
from training.inpaint_loop import of_net
from training.inpaint_losses import Features
from training.inpaint_nets import NETS
from training.loop import read_checkpoint
from training.recipe import TrainingError
from training.rivals import Likeness, Paint, Trial

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """How one painter did on a pool."""

    likeness: Likeness
    distance: float | None

    def cells(self) -> list[str]:
        """For the table."""
        distance = "–" if self.distance is None else f"{self.distance:.2f}"
        return [f"{self.likeness.psnr:.2f}", f"{self.likeness.ssim:.4f}", distance]


def milliseconds(name: str, side: int, threads: int, times: int) -> float:
    """Of a tile in ONNX Runtime, the median of `times` after one to warm up; what the weights are does not matter."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    given = {"image": np.zeros((1, 3, side, side), np.float32), "mask": np.zeros((1, 1, side, side), np.float32)}
    given["mask"][:, :, side // 4 : side // 2] = 1
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, target = Path(folder, "net.pt"), Path(folder, "net.onnx")
        torch.save({"net": NETS[name]().state_dict(), "recipe": {"net": name}}, checkpoint)
        inpaint_export.write(checkpoint, target, side, store="fp32")
        session = onnxruntime.InferenceSession(str(target), options, providers=["CPUExecutionProvider"])
        taken = []
        for _ in range(times + 1):
            began = time.perf_counter()
            session.run(None, given)
            taken.append(time.perf_counter() - began)
    return float(np.median(taken[1:])) * 1e3


def judge(paint: Paint, tried: Sequence[Trial], features: nn.Module | None) -> Judged:
    """PSNR and SSIM of hidden pixels, and with `features` the Fréchet distance of painted crops to true ones."""
    result, painted = rivals.measure(paint, tried)
    if features is None:
        return Judged(result, None)
    sets = [_features(features, crops) for crops in (painted, [trial.truth for trial in tried])]
    return Judged(result, rivals.frechet(*sets))


def _features(features: nn.Module, crops: Sequence[Picture]) -> NDArray[np.float64]:
    found = []
    with torch.inference_mode():
        for crop in crops:
            taps = features(torch.from_numpy(crop).permute(2, 0, 1)[None].float() / 255)
            found.append(taps[-1].mean((0, 2, 3)).numpy())
    return np.stack(found).astype(np.float64)


def trained(path: Path) -> tuple[str, nn.Module]:
    """The network of a checkpoint, and its name."""
    stored = read_checkpoint(path, "net", "recipe")
    net = NETS[stored["recipe"]["net"]]()
    net.load_state_dict(stored["net"])
    return stored["recipe"]["net"], net.eval()


def rows(given: argparse.Namespace) -> list[list[str]]:
    """The cells of the table: networks with their weights where there are any, the fill, classical rivals."""
    tried = rivals.trials(given.val, given.crops, given.crop) if given.val else []
    features = Features() if given.frechet and tried else None
    weights = dict(map(trained, given.weights))
    table = []
    for name in given.nets:
        parameters = sum(parameter.numel() for parameter in NETS[name]().parameters())
        work = multiply_adds(NETS[name], *((1, channels, given.tile, given.tile) for channels in (3, 1)))
        cells = [name, f"{parameters / 1e6:.2f} M", f"{work / 1e9:.1f} G"]
        cells.append(f"{milliseconds(name, given.tile, given.threads, given.times):,.0f}")
        if tried:
            known = name in weights
            cells += judge(of_net(weights[name]), tried, features).cells() if known else ["–"] * 3
        table.append(cells)
    if not tried:
        return table
    others = {"fill": of_net(Fill()), **rivals.RIVALS}
    for name, paint in others.items():
        try:
            table.append([name, "", "", "", *judge(paint, tried, features).cells()])
        except ImportError as error:
            _log.warning("%s is left out: %s", name, error)
    if given.sheet:
        columns = [rivals.measure(paint, tried)[1] for paint in (rivals.telea, *map(of_net, weights.values()))]
        rivals.sheet(given.sheet, tried, *columns)
    return table


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", choices=sorted(NETS), nargs="+", default=list(NETS), metavar="NAME")
    parser.add_argument("--tile", type=int, default=512)
    parser.add_argument("--times", type=int, default=3, help="how often a tile is timed")
    parser.add_argument("--threads", type=int, default=2, help="of ONNX Runtime")
    parser.add_argument("--weights", type=Path, nargs="+", default=[], help="averaged weights (inpaint.pt) of networks")
    parser.add_argument("--val", type=Path, help="pool drawn with --validation, to measure on")
    parser.add_argument("--crops", type=int, default=96)
    parser.add_argument("--crop", type=int, default=256, help="height and width of a crop")
    parser.add_argument("--frechet", action="store_true", help="Fréchet distance too; wants some hundred crops")
    parser.add_argument("--sheet", type=Path, help="PNG to write: seen, Telea, each of --weights, truth")
    given = parser.parse_args(words)
    if given.tile % MULTIPLE or given.crop % MULTIPLE:
        parser.error(f"--tile and --crop must be multiples of {MULTIPLE}")
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    torch.set_num_threads(given.threads)
    cv2.setNumThreads(given.threads)
    try:
        head = ["painter", "parameters", "multiply-adds", "ms a tile", "PSNR", "SSIM", "Fréchet"]
        head = head if given.val else head[:4]
        table = rows(given)
    except TrainingError as error:
        raise SystemExit(str(error)) from error
    for cells in (head, ["---", *["---:"] * (len(head) - 1)], *table):
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
