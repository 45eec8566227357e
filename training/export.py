"""Writes averaged weights as ONNX with free height and width: `python -m training.export segment.pt segment.onnx`."""

import argparse
import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.loop import read_checkpoint
from training.nets import CLASSES, NETS
from training.packing import HALF, STORES, pack
from training.recipe import TrainingError


class _Probabilities(nn.Module):
    def __init__(self, net: nn.Module, lower: float) -> None:
        super().__init__()
        self.net = net
        self.lower = torch.tensor([lower, lower, 0.0])[None, :, None, None]

    def forward(self, image: Tensor) -> Tensor:
        return torch.sigmoid(self.net(image) - self.lower)


def is_large(values: NDArray[np.float32], convolved: bool) -> bool:
    """Whether a weight is worth narrowing."""
    return values.size >= 64


def export(checkpoint: Path, target: Path, store: str = "fp16", lower: float = 0.0) -> float:
    """Exports, and gives the largest difference of a probability between torch and ONNX Runtime.

    `store`: how weights lie on disk (`packing.STORES`); arithmetic stays fp32. `lower`: taken from the logits of
    lettering; ln w undoes what weighing marked pixels w times in training does to probabilities.
    """
    stored = read_checkpoint(checkpoint, "net", "recipe")
    net = NETS[stored["recipe"]["net"]]()
    net.load_state_dict(stored["net"])
    whole = _Probabilities(net, lower).eval()
    part = target.with_suffix(".part")
    free = {0: "batch", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the new exporter needs onnxscript, this one does not
        torch.onnx.export(
            whole,
            (torch.zeros(1, 3, 64, 64),),
            str(part),
            input_names=["image"],
            output_names=["maps"],
            dynamic_axes={"image": free, "maps": free},
            opset_version=17,
            dynamo=False,
        )
    pack(part, store, is_large)
    difference = _difference(whole, part)
    part.replace(target)
    return difference


def apart(ours: NDArray[np.float32], theirs: NDArray[np.float32], name: str) -> float:
    """The largest difference of two results. TrainingError: one is not finite, which no maximum would show."""
    most = float(np.abs(theirs - ours).max())
    if not np.isfinite(most):
        raise TrainingError(f"what the network of {name} gives is not finite; these weights are of no use")
    return most


def _difference(whole: nn.Module, path: Path) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    worst = 0.0
    for high, wide in ((64, 64), (96, 160)):
        image = rng.random((1, 3, high, wide), np.float32)
        with torch.inference_mode():
            ours = whole(torch.from_numpy(image)).numpy()
        worst = max(worst, apart(ours, session.run(None, {"image": image})[0], path.stem))
    return worst


def compact(checkpoint: Path, target: Path) -> None:
    """Averaged weights to go on from, in half the room: fp16 where they fit. Variances of large activations do not."""
    stored = read_checkpoint(checkpoint, "net", "recipe")
    for name, value in stored["net"].items():
        if value.dtype == torch.float32 and float(value.abs().max()) <= HALF:
            stored["net"][name] = value.half()
    torch.save({"net": stored["net"], "recipe": stored["recipe"], "step": stored.get("step", 0)}, target)


def entry(target: Path, metric: str, made: str) -> dict[str, object]:
    """What weights.json says of a file."""
    return {
        "file": target.name,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "input": "image: float32 (N, 3, H, W), RGB in 0–1, H and W multiples of 32",
        "output": f"maps: float32 (N, {len(CLASSES)}, H, W), probabilities of {', '.join(CLASSES)}",
        "licence": "Apache-2.0",
        "data": "pages drawn over art under open licences, pages of Pepper&Carrot among them; see training/README.md",
        "metric": metric,
        "made": made,
    }


def enter(target: Path, metric: str, made: str) -> dict[str, object]:
    """Writes a file's entry to the weights.json beside it, in place of an older one, and returns it."""
    beside = target.with_name("weights.json")
    others = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else []
    new = entry(target, metric, made)
    entries = sorted([*(old for old in others if old["file"] != target.name), new], key=lambda each: str(each["file"]))
    beside.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return new


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--store", choices=STORES, default="fp16", help="how weights lie on disk")
    parser.add_argument("--lower", type=float, default=0.0, help="taken from the logits of lettering")
    parser.add_argument("--metric", default="not measured", help="for the entry in weights.json")
    parser.add_argument("--made", default="training/README.md", help="for the entry in weights.json")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="also write the weights, to begin another run from")
    given = parser.parse_args(words)
    try:
        if given.keep:
            compact(given.checkpoint, given.keep)
        print(f"largest difference to torch: {export(given.checkpoint, given.target, given.store, given.lower):.2g}")
    except TrainingError as error:
        raise SystemExit(str(error)) from error
    print(json.dumps(enter(given.target, given.metric, given.made), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
