"""Averages runs that began from one another: `python -m training.average A.pt B.pt --out C.pt`.

Networks that lie in one basin of the loss do better together than each alone (Wortsman et al. 2022, model soups).
Exported weights (.onnx) can be averaged, too: a run that began from such has norms of its own, which export folds away,
and the mean of folded weights is not damped as that of weights whose norms have seen other crops.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.export import is_large
from training.loop import read_checkpoint
from training.packing import STORES, Weights, pack, unpacked
from training.recipe import TrainingError


def averaged(paths: list[Path]) -> dict[str, object]:
    """A checkpoint with the mean of the weights in others; TrainingError where these are of different networks."""
    stored = [read_checkpoint(path, "net") for path in paths]
    each: list[dict[str, Tensor]] = [one["net"] for one in stored]
    _check_alike(paths, each)
    weights = dict(each[0])
    for name, value in weights.items():
        if value.is_floating_point():
            weights[name] = torch.stack([other[name].float() for other in each]).mean(0)
    return {**stored[0], "net": weights}


def averaged_exports(paths: list[Path], out: Path, store: str) -> None:
    """Writes the mean of exported weights, stored as `packing.STORES` says.

    TrainingError: they are of different networks, or none is stored in fp32, whose graph the mean could take over.
    """
    import onnx
    from onnx import numpy_helper

    each = [unpacked(path) for path in paths]
    _check_alike(paths, each)
    models = [onnx.load(str(path)) for path in paths]
    plain = [model for model in models if {weight.name for weight in model.graph.initializer} == set(each[0])]
    if not plain:
        raise TrainingError("all of these are stored narrow; export one of them with --store fp32")
    for weight in plain[0].graph.initializer:
        mean = np.stack([weights[weight.name] for weights in each]).mean(0)
        weight.CopyFrom(numpy_helper.from_array(np.asarray(mean, np.float32), weight.name))
    onnx.save(plain[0], str(out))
    pack(out, store, is_large)


def _check_alike(paths: list[Path], each: Sequence[Mapping[str, Tensor | Weights]]) -> None:
    shapes = [{name: tuple(values.shape) for name, values in weights.items()} for weights in each]
    for path, other in zip(paths, shapes, strict=True):
        if other != shapes[0]:
            raise TrainingError(f"{path} holds weights of another network than {paths[0]}")


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--store", choices=STORES, default="int8", help="how the mean of exported weights is stored")
    given = parser.parse_args(words)
    try:
        if given.out.suffix == ".onnx":
            averaged_exports(given.checkpoints, given.out, given.store)
        else:
            torch.save(averaged(given.checkpoints), given.out)
    except TrainingError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
