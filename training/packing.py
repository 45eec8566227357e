"""Weights of ONNX files in less room: narrow on disk, widened once when the file is loaded; arithmetic stays fp32."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from training.recipe import TrainingError

STORES = ("fp32", "fp16", "int8")
HALF = 60_000.0  # values up to this fit fp16
_HALF, _BYTE, _SCALE, _WIDE = "_half", "_byte", "_scale", "_wide"  # end the names of what stands for a weight
_OUTPUTS = {"Conv": 0, "ConvTranspose": 1}  # which axis of a convolution's weights are the channels that it gives

Weights = NDArray[np.float32]


class Wanted(Protocol):
    """Whether a weight may be narrowed: its values, and whether they are the weights of a convolution."""

    def __call__(self, values: Weights, convolved: bool) -> bool: ...


def pack(path: Path, store: str, wanted: Wanted) -> None:
    """Narrows, in place, the fp32 weights of a file that are `wanted`.

    fp16: those that fit. int8: weights of convolutions, each channel that they give with a scale of its own
    (Krishnamoorthi 2018), the rest as fp16. Runtimes fold the widening away on loading.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    if store == "fp32":
        return
    model = onnx.load(str(path))
    axes = {node.input[1]: _OUTPUTS[node.op_type] for node in model.graph.node if node.op_type in _OUTPUTS}
    nodes: list[Any] = []
    more: list[Any] = []
    for weight in model.graph.initializer:
        name, values = weight.name, numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or not wanted(values, name in axes) or np.abs(values).max() > HALF:
            continue
        if store == "int8" and name in axes:
            steps, scale = _rounded(values, axes[name])
            weight.CopyFrom(numpy_helper.from_array(steps, name + _BYTE))
            more.append(numpy_helper.from_array(scale, name + _SCALE))
            nodes.append(helper.make_node("Cast", [name + _BYTE], [name + _WIDE], to=TensorProto.FLOAT))
            nodes.append(helper.make_node("Mul", [name + _WIDE, name + _SCALE], [name]))
        else:
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + _HALF))
            nodes.append(helper.make_node("Cast", [name + _HALF], [name], to=TensorProto.FLOAT))
    model.graph.initializer.extend(more)
    nodes += model.graph.node
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def unpacked(path: Path) -> dict[str, Weights]:
    """The weights of a network without batch norm (that is folded), by the names they have in it.

    TrainingError: the file cannot be read.
    """
    import onnx
    from onnx import numpy_helper

    try:
        found = {weight.name: numpy_helper.to_array(weight) for weight in onnx.load(str(path)).graph.initializer}
    except Exception as error:  # protobuf has an exception of its own
        raise TrainingError(f"{path} cannot be read as ONNX ({error})") from error
    scales = {name.removesuffix(_SCALE): found.pop(name) for name in list(found) if name.endswith(_SCALE)}
    weights = {}
    for stored, values in found.items():
        name = stored.removesuffix(_BYTE if stored.endswith(_BYTE) else _HALF)
        weights[name] = np.asarray(values.astype(np.float32) * scales.get(name, np.float32(1)), np.float32)
    return weights


def _rounded(values: Weights, axis: int) -> tuple[NDArray[np.int8], Weights]:
    """Weights in whole steps from -127 to 127, and the step of each channel on `axis`."""
    others = tuple(each for each in range(values.ndim) if each != axis)
    scale = np.abs(values).max(others, keepdims=True) / 127
    scale[scale == 0] = 1
    return np.rint(values / scale).astype(np.int8), scale.astype(np.float32)
