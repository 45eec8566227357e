"""Pages drawn for tests: black blocks for letters, so that no font is needed."""

import cv2
import numpy as np

from mangaclean.types import Image, Line


def page(width: int = 400, height: int = 560, tone: int = 255) -> Image:
    return np.full((height, width, 3), tone, np.uint8)


def column(image: Image, left: int, top: int, letters: int, em: int = 20, ink: int = 0, text: str = "") -> Line:
    """Draw a column of letters (a cross and a dot each) and give the line that a detector would report."""
    for n in range(letters):
        y = top + n * (em + 2)
        cv2.rectangle(image, (left + 2, y + em // 2 - 1), (left + em - 3, y + em // 2 + 1), (ink,) * 3, -1)
        cv2.rectangle(image, (left + em // 2 - 1, y + 2), (left + em // 2 + 1, y + em - 3), (ink,) * 3, -1)
    right, bottom = left + em, top + letters * (em + 2)
    pad = 2
    corners = (left - pad, top - pad), (right + pad, top - pad), (right + pad, bottom + pad), (left - pad, bottom + pad)
    return Line(corners, 0.95, text or "あ" * letters, 0.98)


def balloon(image: Image, centre: tuple[int, int], axes: tuple[int, int], tone: int = 255) -> None:
    cv2.ellipse(image, centre, axes, 0, 0, 360, (tone,) * 3, -1, cv2.LINE_AA)
    cv2.ellipse(image, centre, axes, 0, 0, 360, (0, 0, 0), 3, cv2.LINE_AA)


def joined(image: Image, *centres: tuple[int, int], axes: tuple[int, int] = (70, 90)) -> None:
    """Balloons that run into each other, with one outline round all of them."""
    for centre in centres:
        balloon(image, centre, axes)
    for centre in centres:
        cv2.ellipse(image, centre, (axes[0] - 4, axes[1] - 4), 0, 0, 360, (255, 255, 255), -1)


def hatched(image: Image, step: int = 6) -> None:
    """Cover a page with hatching, as a stand-in for art."""
    for x in range(-image.shape[0], image.shape[1], step):
        cv2.line(image, (x, 0), (x + image.shape[0], image.shape[0]), (60, 60, 60), 1, cv2.LINE_AA)


def sheet(image: Image, left: int, top: int, right: int, bottom: int) -> None:
    """Draw a framed sheet of paper or parchment, whose grain is no flat ground."""
    cv2.rectangle(image, (left, top), (right, bottom), (225, 225, 225), -1)
    cv2.rectangle(image, (left, top), (right, bottom), (0, 0, 0), 3)
    inside = image[top + 3 : bottom - 3, left + 3 : right - 3]
    grain = np.random.default_rng(0).integers(-22, 23, (*inside.shape[:2], 1))
    inside[...] = (inside + grain).clip(0, 255).astype(np.uint8)


def shaded(image: Image, left: int, top: int, right: int, bottom: int) -> None:
    """Draw a framed patch that darkens downwards: no flat ground, and none whose ink is hard to tell."""
    cv2.rectangle(image, (left, top), (right, bottom), (0, 0, 0), 3)
    inside = image[top + 3 : bottom - 3, left + 3 : right - 3]
    inside[...] = np.linspace(248, 218, len(inside)).round().astype(np.uint8)[:, None, None]
