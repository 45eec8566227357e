"""Reading one line at a time with the PP-OCRv6 small recogniser of the rapidocr wheel."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files

import cv2
import numpy as np

from mangaclean.engines.onnx import session
from mangaclean.types import Image, Line

HEIGHT = 48  # px to which the network wants a line scaled
NARROWEST = 16  # px
COLUMN = 1.5  # times as high as wide, from which a crop is a column and is turned on its side

Recogniser = Callable[[Image], tuple[str, float]]


def crop(image: Image, line: Line) -> Image:
    """The quadrilateral of a line, straightened; a column is turned by 90° to the left, as the network wants it."""
    corners = np.array(line.polygon, np.float32)
    width = max(round(float(np.hypot(*(corners[1] - corners[0])))), 2)
    height = max(round(float(np.hypot(*(corners[3] - corners[0])))), 2)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    flat = cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8)
    return np.ascontiguousarray(np.rot90(flat)) if height >= COLUMN * width else flat


@cache
def recogniser() -> Recogniser:
    """A function from a level crop (h, w, 3) to its text and the mean confidence of its letters, 0 to 1."""
    net = session(files("rapidocr").joinpath("models/PP-OCRv6_rec_small.onnx").read_bytes())
    name = net.get_inputs()[0].name
    letters = ["", *net.get_modelmeta().custom_metadata_map["character"].splitlines(), " "]

    def read(image: Image) -> tuple[str, float]:
        width = max(round(image.shape[1] * HEIGHT / image.shape[0]), NARROWEST)
        data = cv2.resize(image, (width, HEIGHT))[:, :, ::-1].astype(np.float32) / 127.5 - 1
        scores = np.asarray(net.run(None, {name: data.transpose(2, 0, 1)[None]})[0])[0]
        best, sure = scores.argmax(1), scores.max(1)
        # Connectionist temporal classification: repeats are one letter, class 0 is the gap between two.
        first = (best > 0) & np.concatenate([[True], best[1:] != best[:-1]])
        return "".join(letters[i] for i in best[first]), float(sure[first].mean()) if first.any() else 0.0

    return read
