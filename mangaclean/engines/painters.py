"""Networks that paint: the one that is shipped, which weighs classical fills, and LaMa from the user's own file."""

import importlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean import tiles
from mangaclean.config import InpaintConfig
from mangaclean.engines import exemplar, fills, onnx, openvino, texture, weights
from mangaclean.engines.fills import Stack
from mangaclean.engines.inpaint import distinct_channels, monochrome, windows
from mangaclean.engines.onnx import Network
from mangaclean.errors import MissingError, UsageError
from mangaclean.types import Image, Inpainter, Mask

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MULTIPLE = 32  # height and width of what the shipped network sees
LAMA_MULTIPLE = 8
SHALLOW, DEEP = 3.0, 8.0  # px from a hole's edge from which a painting is said again in patches, and wholly so
SEEN = 96  # px round a part that a network of one size sees, where a tile has to be cut


def net(cfg: InpaintConfig) -> Inpainter:
    """The shipped network, or one of ours in `inpaint.weights`; by OpenVINO where that is installed and can.

    MissingError: no weights, or damaged ones; UsageError: the file holds another network.
    """
    path = weights.find(Path(cfg.weights) if cfg.weights else None, weights.INPAINT)
    model = weights.read(path)
    run = openvino.network(model)
    seen = _seen(run) if run else 0
    if run is None or not seen:
        try:
            run = onnx.network(model)
        except UsageError:
            raise
        except Exception as error:  # ONNX Runtime has an exception of its own for each way to be broken
            raise UsageError(f"{path} is no network that ONNX Runtime can load: {error}") from error
        if not (seen := _seen(run)):
            raise UsageError(f"{path} is no network that paints: it does not make (1, 3, H, W) of image and mask")
    return painter(run, MULTIPLE) if seen == 3 else blender(run, MULTIPLE)


def blender(run: Network, multiple: int) -> Inpainter:
    """What paints tiles (H, W, 3) by a network that weighs and corrects fills, in 0–1.

    It takes them as (1, 3 × methods, H, W), with a mask (1, 1, H, W), 1 where hidden. It sees them twice, the second
    time with patches that its own painting has found; where it hedges all the same, deep in holes, patches decide. Fine
    tones that it levels are copied.
    """

    def paint(image: Image, mask: Mask) -> Image:
        if mask.all():  # nothing to continue from
            return np.full_like(image, 255)
        if not mask.any():
            return image.copy()
        stack = fills.stacked(image, mask)
        first = weighed(run, multiple, image, mask, stack)
        second = weighed(run, multiple, image, mask, fills.guided(image, mask, stack, first))
        return toned(image, mask, crisp(image, mask, second))

    return paint


def weighed(run: Network, multiple: int, image: Image, mask: Mask, stack: Stack) -> Image:
    """What a network makes of a stack of fills of an image (H, W, 3), which has holes (H, W)."""
    out = image.copy()
    # Most of a tile is far from any hole; the network would take as long for it.
    for box in windows(mask):
        down, across = -box.height % multiple, -box.width % multiple
        part = np.pad(stack[box.slices], ((0, down), (0, across), (0, 0)), "symmetric")
        hidden = np.pad(mask[box.slices], ((0, down), (0, across)), "symmetric")
        data = np.divide(part.transpose(2, 0, 1)[None], 255, dtype=np.float32, order="C")
        painted = run(data, np.ascontiguousarray(hidden[None, None], np.float32))
        out[box.slices] = _laid(image[box.slices], mask[box.slices], painted)
    return out


def crisp(image: Image, mask: Mask, painted: Image) -> Image:
    """A painting (H, W, 3) of an image's holes (H, W), in patches of the page where they are deep.

    A network hedges there: between black and white it paints fog. Where a tile has colours, little is like anything
    else: that painting stays.
    """
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    if depth.max() <= SHALLOW or not monochrome(image[~mask]):
        return painted
    art = distinct_channels(image)
    patches = exemplar.refined(art, mask, painted[..., : art.shape[2]], exemplar.CRISP)
    share = np.clip((depth - SHALLOW) / (DEEP - SHALLOW), 0, 1)[..., None]
    made: Image = np.rint(painted + share * (patches.astype(np.float32) - painted)).astype(np.uint8)
    return made


def toned(image: Image, mask: Mask, painted: Image) -> Image:
    """A painting (H, W, 3) of an image's holes (H, W), in the dots of an even tone where it has levelled one."""
    art = distinct_channels(image)
    return np.array(np.broadcast_to(texture.restored(painted[..., : art.shape[2]], mask), image.shape))


def lama(cfg: InpaintConfig) -> Inpainter:
    """LaMa (Suvorov et al. 2022) from `inpaint.weights`: an ONNX file, or TorchScript where torch is installed.

    Taken are files that get an image (1, 3, H, W) in 0–1 and a mask (1, 1, H, W), 1 where hidden, and give the painted
    image in 0–1 or 0–255, at one size or at any. MissingError: no file, or no torch; UsageError: another network.
    """
    if not cfg.weights:
        raise MissingError(
            "inpaint.engine 'lama' needs a file of weights; --set inpaint.weights=FILE (big-lama.pt or a LaMa .onnx)"
        )
    path = weights.find(Path(cfg.weights))
    try:
        run, side = _onnx_lama(path) if path.suffix.lower() == ".onnx" else (_script(path), 0)
        # What is known comes back as it went in, in the file's own scale.
        shape = (side or 64, side or 64)
        seen = run(np.full((1, 3, *shape), 0.5, np.float32), np.zeros((1, 1, *shape), np.float32))
    except (MissingError, UsageError):
        raise
    except Exception as error:  # of torch or ONNX Runtime: each way to be broken has an exception of its own
        raise UsageError(f"{path} cannot be run as LaMa: {str(error).partition(chr(10))[0]}") from error
    if seen.shape != (1, 3, *shape):
        raise UsageError(f"{path} is no LaMa: of an image (1, 3, {shape[0]}, {shape[1]}) it makes {seen.shape}")
    scale = 255.0 if float(seen.mean()) > 2 else 1.0
    return painter(lambda image, mask: run(image, mask) / np.float32(scale), LAMA_MULTIPLE, side)


def painter(run: Network, multiple: int, side: int = 0) -> Inpainter:
    """What paints tiles (H, W, 3) by a network for images in 0–1 and masks.

    `multiple`: of what the network's height and width must be; `side`: the only height and width that it takes, or 0.
    """

    def paint(image: Image, mask: Mask) -> Image:
        if mask.all():  # nothing to continue from
            return np.full_like(image, 255)
        if not mask.any():
            return image.copy()
        if side and max(mask.shape) > side:
            around, out = min(SEEN, side // 4), image.copy()
            tiles.compose(out, mask, side - 2 * around, around, paint)
            return out
        height, width = mask.shape
        down, across = (side - height, side - width) if side else (-height % multiple, -width % multiple)
        # Mirrored and hidden: the edge of a tile is no edge of the art.
        framed = cv2.copyMakeBorder(image, 0, down, 0, across, cv2.BORDER_REFLECT)
        hidden = cv2.copyMakeBorder(mask.astype(np.uint8), 0, down, 0, across, cv2.BORDER_REFLECT)
        data = np.divide(framed.transpose(2, 0, 1)[None], 255, dtype=np.float32, order="C")
        holes = np.ascontiguousarray(hidden[None, None], np.float32)
        return _laid(image, mask, run(data * (1 - holes), holes))

    return paint


def _laid(image: Image, mask: Mask, painted: NDArray[np.float32]) -> Image:
    """`image` with what a network painted (1, 3, ≥ H, ≥ W) under the mask; grey where the image is."""
    height, width = mask.shape
    part = painted[0, :, :height, :width].transpose(1, 2, 0)
    if distinct_channels(image).shape[2] == 1:
        part = np.repeat(part.mean(2, keepdims=True), 3, axis=2)
    made = np.asarray(np.rint(part * 255).clip(0, 255), np.uint8)
    return np.where(mask[..., None], made, image)


def _seen(run: Network) -> int:
    """How many channels a network paints from: 3 of an image, or those of fills; 0: it does not paint."""
    high, wide = MULTIPLE, 2 * MULTIPLE
    for channels in (3, 3 * len(fills.NAMES)):
        try:
            made = run(np.zeros((1, channels, high, wide), np.float32), np.ones((1, 1, high, wide), np.float32))
        except Exception:  # of ONNX Runtime or OpenVINO; whatever it is, these channels are not what it takes
            continue
        if made.shape == (1, 3, high, wide):
            return channels
    return 0


def _onnx_lama(path: Path) -> tuple[Network, int]:
    """A LaMa in ONNX, and the one size that it takes; 0: any."""
    session = onnx.session(path.read_bytes())
    inputs = {3: "", 1: ""}
    side = 0
    for given in session.get_inputs():
        if len(given.shape) != 4 or given.shape[1] not in inputs or inputs[given.shape[1]]:
            break
        inputs[given.shape[1]] = given.name
        side = max([side, *(length for length in given.shape[2:] if isinstance(length, int))])
    if not all(inputs.values()):
        told = ", ".join(f"{given.name} {given.shape}" for given in session.get_inputs())
        raise UsageError(f"{path} is no LaMa: it takes {told} instead of an image (1, 3, H, W) and a mask (1, 1, H, W)")
    return _named(session, inputs[3], inputs[1]), side


def _named(session: "InferenceSession", image: str, mask: str) -> Network:
    return lambda pixels, hidden: onnx.answer(session, {image: pixels, mask: hidden})


def _script(path: Path) -> Network:
    """A network in TorchScript, such as big-lama.pt. MissingError: torch is not installed."""
    try:
        torch: Any = importlib.import_module("torch")
    except ImportError as error:
        raise MissingError(
            f"{path} needs torch, which is not installed; pip install torch, or name a LaMa .onnx"
        ) from error
    torch.set_num_threads(onnx.threads())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is out of favour; the files are there
        module: Any = torch.jit.load(str(path), map_location="cpu").eval()

    def run(pixels: NDArray[np.float32], hidden: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            made = module(torch.from_numpy(pixels), torch.from_numpy(hidden))
        return np.asarray(made.float().numpy())

    return run
