"""Networks that paint: sizes, scales and conventions of their files, with networks made on the spot."""

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest

from mangaclean import engines
from mangaclean.config import InpaintConfig
from mangaclean.engines import painters
from mangaclean.errors import MissingError, UsageError
from mangaclean.types import Image, Mask

PAINT = np.array([0.25, 0.5, 0.75], np.float32)


def striped(height: int, width: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def hole(height: int, width: int) -> Mask:
    mask = np.zeros((height, width), bool)
    mask[height // 3 : height // 2 + 1, width // 4 : width // 2 + 1] = True
    return mask


def model(path: Path, side: int | str = "s", scale: float = 1.0, names: tuple[str, str] = ("image", "mask")) -> Path:
    """A network that paints holes in one colour: known pixels × scale, hidden ones `PAINT` × scale."""
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    float32 = onnx.TensorProto.FLOAT
    constants = {"one": np.ones(1), "paint": PAINT.reshape(1, 3, 1, 1), "scale": np.full(1, scale)}
    given = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()]
    image, mask = names
    nodes = [
        helper.make_node("Sub", ["one", mask], ["open"]),
        helper.make_node("Mul", [image, "open"], ["known"]),
        helper.make_node("Mul", [mask, "paint"], ["made"]),
        helper.make_node("Add", ["known", "made"], ["whole"]),
        helper.make_node("Mul", ["whole", "scale"], ["painted"]),
    ]
    shape = [1, 3, side, side if isinstance(side, int) else "w"]
    inputs = [helper.make_tensor_value_info(image, float32, shape)]
    inputs.append(helper.make_tensor_value_info(mask, float32, [1, 1, *shape[2:]]))
    graph = helper.make_graph(nodes, "paint", inputs, [helper.make_tensor_value_info("painted", float32, shape)], given)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


@pytest.mark.parametrize(("side", "scale"), [("s", 1.0), ("s", 255.0), (64, 255.0), (128, 1.0)])
@pytest.mark.parametrize("size", [(20, 33), (64, 64), (150, 210)])
def test_lama_in_onnx(tmp_path: Path, side: int | str, scale: float, size: tuple[int, int]) -> None:
    file = model(tmp_path / "lama.onnx", side, scale, ("l_image_", "l_mask_"))
    page, mask = striped(*size), hole(*size)
    painted = engines.load("inpaint", InpaintConfig(engine="lama", weights=str(file)))(page, mask)
    assert np.abs(painted[mask].astype(float) - 255 * PAINT).max() <= 1
    assert (painted[~mask] == page[~mask]).all()


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_lama_in_torchscript(tmp_path: Path) -> None:
    import torch

    class Flat(torch.nn.Module):
        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return image * (1 - mask) + mask * 0.5

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(Flat()).save(str(tmp_path / "big-lama.pt"))
    page, mask = striped(45, 71), hole(45, 71)
    cfg = InpaintConfig(engine="lama", weights=str(tmp_path / "big-lama.pt"))
    painted = engines.load("inpaint", cfg)(page, mask)
    assert set(np.unique(painted[mask])) <= {127, 128}
    assert (painted[~mask] == page[~mask]).all()


def test_our_network_from_a_file(tmp_path: Path) -> None:
    file = model(tmp_path / "own.onnx")
    painted = engines.load("inpaint", InpaintConfig(engine="net", weights=str(file)))(striped(50, 70), hole(50, 70))
    assert np.abs(painted[hole(50, 70)].astype(float) - 255 * PAINT).max() <= 1


def test_networks_do_not_see_what_is_hidden() -> None:
    seen: list[np.ndarray] = []

    def run(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        seen.append(image[:, :, mask[0, 0] > 0])
        return image

    painters.painter(run, 32)(striped(50, 70), hole(50, 70))
    assert seen[0].size
    assert not seen[0].any()


def test_what_cannot_be_used_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"inpaint.weights=FILE"):
        engines.load("inpaint", InpaintConfig(engine="lama"))
    with pytest.raises(MissingError, match="no weights at"):
        engines.load("inpaint", InpaintConfig(engine="lama", weights=str(tmp_path / "none.onnx")))
    (tmp_path / "text.onnx").write_text("no network")
    for name in ("lama", "net"):
        with pytest.raises(UsageError, match=r"text\.onnx"):
            engines.load("inpaint", InpaintConfig(engine=name, weights=str(tmp_path / "text.onnx")))
