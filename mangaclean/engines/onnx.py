"""ONNX Runtime sessions, quiet and with a bounded number of threads."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mangaclean import memory
from mangaclean.errors import UsageError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Network = Callable[..., NDArray[np.float32]]  # one tensor in, or several; one out


def threads() -> int:
    """Threads that one process may use: MANGACLEAN_THREADS, else all cores. UsageError: no number."""
    said = os.environ.get("MANGACLEAN_THREADS") or "0"
    if not said.isdecimal():
        raise UsageError(f"MANGACLEAN_THREADS is {said!r}; give a number of threads, or 0 for all cores")
    return int(said) or os.cpu_count() or 1


def session(model: bytes | str) -> "InferenceSession":
    """A session on a CPU for an ONNX model (its bytes, or its file).

    Numbers so small that processors take long over them (subnormals) count as 0 in the session's threads, and from then
    on in the thread that loads the first session, for numpy as well: PP-OCR's detector has them by the hundred
    thousand, and took three times as long.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    # Memory that is kept from run to run saves a tenth of a page's time; patterns would have it taken anew each time.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def answer(session: "InferenceSession", given: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """A session's first output for its inputs by name. While a large page is worked on, it keeps no memory."""
    import onnxruntime

    options = onnxruntime.RunOptions()
    if memory.is_short():
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return np.asarray(session.run(None, given, options)[0], np.float32)


def network(model: bytes) -> Network:
    """The function that an ONNX model with one output computes of its inputs, in their order in the model."""
    net = session(model)
    names = [given.name for given in net.get_inputs()]
    return lambda *data: answer(net, dict(zip(names, data, strict=True)))
