"""Reading one line at a time with a PP-OCR recogniser: that of the rapidocr wheel (PP-OCRv6 small), or a file."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mangaclean import kana
from mangaclean.engines.onnx import answer, session
from mangaclean.errors import MissingError
from mangaclean.types import Image, Line

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

HEIGHT = 48  # px to which the network wants a line scaled
NARROWEST = 16  # px
COLUMN = 1.5  # times as high as wide, from which a crop is a column and is turned on its side

# What the letters of a language can be written in; the network knows many more, and takes 歩 for its Chinese form
CHARSETS = {"ja": "cp932", "ko": "cp949", "en": "cp1252"}
SIGNS = frozenset("♪♫♡♥❤★☆…‼⁉〜—–“”‘’")  # that any language may use
# A letter without which a network cannot read the language
LETTERS = {
    "ja": "の", "zh": "的", "ko": "이", "en": "e", "el": "ω", "ru": "ж", "uk": "ї", "bg": "ж", "sr": "ж",
    "ar": "ش", "fa": "ش", "he": "ש", "th": "ก", "hi": "क",
}  # fmt: skip

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


def alphabet(language: str) -> Callable[[str], bool] | None:
    """Whether a text holds only letters and signs that a language uses; None if nothing is known of it."""
    charset = CHARSETS.get(language)
    return None if charset is None else lambda text: all(sign in SIGNS or _writable(sign, charset) for sign in text)


def _writable(sign: str, charset: str) -> bool:
    try:
        sign.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


@cache
def _network(weights: str) -> tuple["InferenceSession", str, tuple[str, ...]]:
    """The network, the name of its input, and its letters; class 0 is the gap between two letters."""
    if not weights:
        net = session(files("rapidocr").joinpath("models/PP-OCRv6_rec_small.onnx").read_bytes())
    else:
        try:
            net = session(Path(weights).expanduser().read_bytes())
        except Exception as error:  # ONNX Runtime has an exception of its own for each way to be broken
            raise MissingError(f"ocr.weights: {weights} is no .onnx file that can be read: {error}") from error
    letters = net.get_modelmeta().custom_metadata_map.get("character")
    if letters is None:
        raise MissingError(
            f"ocr.weights: {weights} does not say which letters it knows; give a PP-OCR recogniser as RapidOCR has "
            "them, with 'character' among its metadata"
        )
    return net, net.get_inputs()[0].name, ("", *letters.splitlines(), " ")


def knows(language: str, weights: str = "") -> bool:
    """Whether the network can write a language; True for a language of which nothing is known."""
    return LETTERS.get(language, " ") in _network(weights)[2]


@cache
def recogniser(language: str = "", weights: str = "") -> Recogniser:
    """A function from a level crop (h, w, 3) to its text and the mean confidence of its letters, 0 to 1.

    With a language it answers with letters of that language only. `weights`: another PP-OCR recogniser than the
    wheel's, an .onnx file. MissingError: it cannot be used.
    """
    net, name, letters = _network(weights)
    allowed = alphabet(language)
    foreign = np.array([allowed is not None and not allowed(letter) for letter in letters])

    def read(image: Image) -> tuple[str, float]:
        width = max(round(image.shape[1] * HEIGHT / image.shape[0]), NARROWEST)
        data = cv2.resize(image, (width, HEIGHT))[:, :, ::-1].astype(np.float32) / 127.5 - 1
        scores = answer(net, {name: data.transpose(2, 0, 1)[None]})[0]
        scores[:, foreign] = 0
        best, sure = scores.argmax(1), scores.max(1)
        # Connectionist temporal classification: repeats are one letter.
        begins = np.flatnonzero(np.concatenate([[True], best[1:] != best[:-1]]))
        ends = np.append(begins[1:], len(best))
        real = best[begins] > 0
        if not real.any():
            return "", 0.0
        first = begins[real]
        middles = (first + ends[real]) / 2 * image.shape[1] / len(best)
        text = kana.measured(image, "".join(letters[i] for i in best[first]), middles.tolist())
        return text, float(sure[first].mean())

    return read
