"""ONNX Runtime sessions, quiet and with a bounded number of threads."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Network = Callable[..., NDArray[np.float32]]  # one tensor in, or several; one out


def threads() -> int:
    """Threads that one process may use: MANGACLEAN_THREADS, else all cores."""
    return int(os.environ.get("MANGACLEAN_THREADS", 0)) or os.cpu_count() or 1


def session(model: bytes | str) -> "InferenceSession":
    """A session on a CPU for an ONNX model (its bytes, or its file)."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # the arena doubles the memory of a page and saves a tenth of its time
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def network(model: bytes) -> Network:
    """The function that an ONNX model with one output computes of its inputs, in their order in the model."""
    net = session(model)
    names = [given.name for given in net.get_inputs()]
    return lambda *data: np.asarray(net.run(None, dict(zip(names, data, strict=True)))[0], np.float32)
