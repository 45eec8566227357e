"""Writes averaged weights as ONNX: `python -m training.inpaint_export inpaint.pt inpaint.onnx [--tile 512]`."""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mangaclean.engines.fills import NAMES
from training import export
from training.blend import FILLS, Blend
from training.fill import MULTIPLE
from training.fourier import as_matrices
from training.inpaint_nets import NETS
from training.loop import read_checkpoint
from training.packing import STORES, pack
from training.recipe import TrainingError

CHANNELS = {"image": 3, "fills": 3 * FILLS}
_INPUTS = {
    "image": "image: float32 (N, 3, H, W), RGB in 0–1",
    "fills": f"fills: float32 (N, {3 * FILLS}, H, W), RGB in 0–1, by " + ", ".join(NAMES),
}


def write(checkpoint: Path, target: Path, tile: int | None = None, store: str = "fp16") -> float:
    """Exports, and gives the largest difference of a painted pixel (0–1) between torch, by FFT, and ONNX Runtime.

    `tile`: fixed height and width, in px; None leaves both free, and matrices of Fourier units are then made anew for
    each image. `store`: how weights of convolutions lie on disk (`packing.STORES`); arithmetic stays fp32.
    """
    stored = read_checkpoint(checkpoint, "net")
    net = (NETS[stored["recipe"]["net"]]() if "recipe" in stored else Blend()).eval()
    net.load_state_dict(stored["net"])
    seen = "fills" if isinstance(net, Blend) else "image"
    part = target.with_suffix(".part")
    side = tile or 2 * MULTIPLE
    free = {0: "batch", 2: "height", 3: "width"}
    named = {name: free if tile is None else {0: "batch"} for name in (seen, "mask", "painted")}
    as_matrices(net)
    with warnings.catch_warnings():
        # The new exporter needs onnxscript, this one does not; and it warns of sizes that are free all the same.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (torch.rand(1, CHANNELS[seen], side, side), torch.ones(1, 1, side, side)),
            str(part),
            input_names=[seen, "mask"],
            output_names=["painted"],
            dynamic_axes=named,
            opset_version=17,
            dynamo=False,
        )
    as_matrices(net, False)
    # Matrices of the Fourier transform stay as they are: narrowed, they would no longer undo each other.
    pack(part, store, lambda values, convolved: convolved)
    sizes = [(tile, tile)] if tile else [(64, 64), (96, 160)]
    difference = max(_difference(net, part, seen, *size) for size in sizes)
    part.replace(target)
    return difference


def _difference(net: nn.Module, path: Path, seen: str, high: int, wide: int) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    image = rng.random((1, CHANNELS[seen], high, wide), np.float32)
    mask = np.zeros((1, 1, high, wide), np.float32)
    mask[:, :, high // 4 : high // 2, wide // 4 : -wide // 4] = 1
    with torch.inference_mode():
        ours = net(torch.from_numpy(image), torch.from_numpy(mask)).numpy()
    return export.apart(ours, session.run(None, {seen: image, "mask": mask})[0], path.stem)


def enter(target: Path, tile: int | None, metric: str, made: str, seen: str = "image") -> dict[str, object]:
    """Writes a file's entry to the weights.json beside it, in place of an older one, and returns it."""
    size = f"H = W = {tile}" if tile else f"H and W multiples of {MULTIPLE}"
    beside = target.with_name("weights.json")
    others = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else []
    new = export.entry(target, metric, made) | {
        "input": f"{_INPUTS[seen]}; mask: float32 (N, 1, H, W), 1 where hidden; {size}",
        "output": "painted: float32 (N, 3, H, W), RGB in 0–1; known pixels as they went in",
    }
    entries = sorted([*(old for old in others if old["file"] != target.name), new], key=lambda each: str(each["file"]))
    part = beside.with_suffix(".part")
    part.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(beside)
    return new


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument(
        "--tile", type=int, help=f"fixed height and width, a multiple of {MULTIPLE}; else they are free"
    )
    parser.add_argument("--store", choices=STORES, default="fp16", help="how weights lie on disk")
    parser.add_argument("--metric", default="not measured", help="for the entry in weights.json")
    parser.add_argument("--made", default="training/README.md", help="for the entry in weights.json")
    given = parser.parse_args(words)
    if given.tile is not None and given.tile % MULTIPLE:
        parser.error(f"--tile must be a multiple of {MULTIPLE}")
    try:
        print(f"largest difference to torch: {write(given.checkpoint, given.target, given.tile, given.store):.2g}")
        seen = "image" if "recipe" in read_checkpoint(given.checkpoint, "net") else "fills"
    except TrainingError as error:
        raise SystemExit(str(error)) from error
    print(json.dumps(enter(given.target, given.tile, given.metric, given.made, seen), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
