"""One table of all networks: size, work, time, what they learn: `python -m training.compare [--pool DIR --val DIR]`."""

import argparse
import dataclasses
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from training import evaluate, export
from training.crops import pages_in
from training.fourier import as_matrices
from training.loop import pick_device, train
from training.nets import NETS
from training.recipe import Recipe, TrainingError
from training.train_segment import add_recipe, chosen

_HEAD = "| network | parameters | multiply-adds | ms a page |"


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a network."""

    name: str
    parameters: int
    work: int  # multiply-adds a page
    milliseconds: float
    result: evaluate.Result | None = None

    def __str__(self) -> str:
        cells = [self.name, f"{self.parameters / 1e6:.2f} M", f"{self.work / 1e9:.1f} G", f"{self.milliseconds:,.0f}"]
        if self.result is not None:
            cells += [f"{self.result.score.f1:.4f}", f"{self.result.curve.average_precision:.4f}"]
        return f"| {' | '.join(cells)} |"


def multiply_adds(make: Callable[[], nn.Module], *shapes: tuple[int, ...]) -> int:
    """Of a network, as it is exported, on inputs of these shapes; nothing is computed, so that it takes no time."""
    with torch.device("meta"), torch.inference_mode(), FlopCounterMode(display=False) as counted:
        net = make().eval()
        as_matrices(net)
        net(*(torch.zeros(shape) for shape in shapes))
    return int(counted.get_total_flops()) // 2


def milliseconds(name: str, high: int, wide: int, threads: int, times: int) -> float:
    """Of a page in ONNX Runtime, the median of `times` after one to warm up; what the weights are does not matter."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, target = Path(folder, "net.pt"), Path(folder, "net.onnx")
        torch.save({"net": NETS[name]().state_dict(), "recipe": {"net": name}}, checkpoint)
        export.export(checkpoint, target, store="fp32")
        session = onnxruntime.InferenceSession(str(target), options, providers=["CPUExecutionProvider"])
        page = np.zeros((1, 3, high, wide), np.float32)
        taken = []
        for _ in range(times + 1):
            began = time.perf_counter()
            session.run(None, {"image": page})
            taken.append(time.perf_counter() - began)
    return float(np.median(taken[1:])) * 1e3


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", choices=sorted(NETS), nargs="+", default=list(NETS), metavar="NAME")
    parser.add_argument("--page", type=int, nargs=2, default=[1664, 1248], metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--times", type=int, default=3, help="how often a page is timed")
    parser.add_argument("--threads", type=int, default=2, help="of ONNX Runtime, and of torch where it trains")
    learnt = parser.add_argument_group("what they learn", "each network sees the same number of crops")
    learnt.add_argument("--pool", type=Path, help="train on it")
    learnt.add_argument("--val", type=Path, help="and measure on this pool, or set, of other pages")
    learnt.add_argument("--out", type=Path, default=Path("compared"), help="a folder for each network; runs go on")
    learnt.add_argument("--workers", type=int, default=1, help="processes that cut crops; 0: none but this one")
    learnt.add_argument("--device", help="cpu, cuda or cuda:1; CUDA where there is any")
    learnt.add_argument("--scratch", action="store_true", help="without ImageNet weights")
    add_recipe(parser)
    given = parser.parse_args(words)
    if (given.pool is None) != (given.val is None):
        parser.error("--pool and --val go together")
    if given.net is not None:
        parser.error("it is --nets here")
    high, wide = given.page
    if high % 32 or wide % 32:
        parser.error("height and width must be multiples of 32")
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    torch.set_num_threads(given.threads)
    try:
        if given.val is not None and not (given.val / "pages").is_dir():
            pages_in(given.val)
        learns = given.pool is not None
        print(f"{_HEAD} pixel F1 | AP |" if learns else _HEAD)
        print("| --- |" + " ---: |" * (5 if learns else 3))
        for name in given.nets:
            parameters = sum(parameter.numel() for parameter in NETS[name]().parameters())
            work = multiply_adds(NETS[name], (1, 3, high, wide))
            row = Row(name, parameters, work, milliseconds(name, high, wide, given.threads, given.times))
            if learns:
                recipe = dataclasses.replace(chosen(given, Recipe()), net=name)
                device = pick_device(given.device)
                net = train(
                    recipe, given.pool, given.out / name, not given.scratch, device=device, workers=given.workers
                )
                row = dataclasses.replace(row, result=evaluate.measure(evaluate.of_net(net), given.val))
            print(row, flush=True)
    except TrainingError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
