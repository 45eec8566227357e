"""Weights of networks: those that are shipped, those of the user, and whether a file is sound."""

import hashlib
import json
from importlib import metadata
from pathlib import Path

from mangaclean.errors import MissingError

FOLDER = Path(__file__).parent.parent / "weights"
SEGMENT, INPAINT = SHIPPED = "segment.onnx", "inpaint.onnx"
LIST = "weights.json"  # what is known of the files beside it: a list of entries, or entries by file name

_RUNTIMES = "openvino", "onnxruntime"  # the first that is installed runs the networks


def find(given: Path | None = None, name: str = SEGMENT) -> Path:
    """The file of a network: `given`, else the shipped one. MissingError: there is none."""
    path = given or FOLDER / name
    if path.is_file():
        return path
    if given:
        raise MissingError(f"no weights at {path}; name an .onnx file")
    raise MissingError(f"the weights {path} are missing; install mangaclean again, or name a file of weights")


def read(path: Path) -> bytes:
    """The content of a file of weights. MissingError: it is not what the list beside it says."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingError(f"the weights {path} cannot be read: {error.strerror}") from error
    # Some milliseconds for each process: less than a stamp of the last check would cost in trouble.
    said = _listed(path)
    if said and hashlib.sha256(content).hexdigest() != said:
        raise MissingError(
            f"the weights {path} are damaged: {len(content)} bytes that do not match the sha256 in {LIST}; "
            "install mangaclean again"
        )
    return content


def digest(path: Path) -> str:
    """What tells these weights from others: 16 hexadecimal digits, from the list beside the file where they stand."""
    return (_listed(path) or hashlib.sha256(read(path)).hexdigest())[:16]


def runtime() -> str:
    """Name and version of what runs the networks here; nothing is loaded to find out."""
    for package in _RUNTIMES:
        try:
            return f"{package} {metadata.version(package)}"
        except metadata.PackageNotFoundError:
            continue
    return "no runtime"


def revision(given: Path | None = None, name: str = SEGMENT) -> str:
    """What the maps of a network depend on: its weights, and what runs it. MissingError: there are no weights."""
    path = find(given, name)
    return f"{path.name} {digest(path)}; {runtime()}"


def _listed(path: Path) -> str:
    """The sha256 that the list beside a file says, or nothing."""
    beside = path.with_name(LIST)
    if not beside.is_file():
        return ""
    try:
        said = json.loads(beside.read_text(encoding="utf-8"))
        if isinstance(said, list):
            said = {entry["file"]: entry for entry in said}
        return str(said[path.name]["sha256"]).lower() if path.name in said else ""
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise MissingError(f"{beside} cannot be read ({error!r}); install mangaclean again") from error
