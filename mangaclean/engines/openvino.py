"""The same networks by OpenVINO, which needs less time than ONNX Runtime where it is installed."""

import logging
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mangaclean.engines.onnx import Network, threads

log = logging.getLogger(__name__)


def network(model: bytes, precision: str = "") -> Network | None:
    """The function that an ONNX model with one output computes of its inputs, in order; None where OpenVINO cannot.

    `precision` is "f32" or "bf16"; without it, bf16 on a CPU that computes in it (twice as fast there, and a mask
    differs by some pixels at the edges of strokes), else f32. It is always set: OpenVINO's own choice differs between
    CPUs and releases (f16 on ARM), and would change masks unasked.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the package about itself
            import openvino
    except Exception as error:  # not installed, or its libraries do not load here
        log.debug("no OpenVINO: %s", error)
        return None
    try:
        core = openvino.Core()
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": precision or _precision(core),
            "INFERENCE_NUM_THREADS": threads(),
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # or all workers of a run would share the first cores
        }
        request = core.compile_model(core.read_model(model), "CPU", options).create_infer_request()
    except Exception as error:
        log.debug("OpenVINO cannot run this network: %s", error)
        return None

    def run(*data: NDArray[np.float32]) -> NDArray[np.float32]:
        # The answer is the request's own memory: good until the next call.
        return np.asarray(request.infer(list(data), share_inputs=True, share_outputs=True)[0], np.float32)

    return run


def _precision(core: Any) -> str:
    """What OpenVINO would choose, if that is bf16: it does so only where the CPU has instructions for it."""
    own = core.get_property("CPU", "INFERENCE_PRECISION_HINT")
    return "bf16" if "bf16" in str(own) or "bfloat16" in str(own) else "f32"
