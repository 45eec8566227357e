"""Engines for tests, named in the registry like any other."""

import numpy as np

from mangaclean.errors import PageError
from mangaclean.types import Finding, Line, Reading

LINE = Line(((188, 128), (212, 128), (212, 242), (188, 242)), 0.95, "あいうえお", 0.98)


def segmenter(cfg):
    """Reports the column that `tests.drawn` pages hold; fails on pages whose first pixel is 13."""

    def run(image):
        if image[0, 0, 0] == 13:
            raise PageError("unlucky page")
        return Finding(lines=(LINE,))

    return run


def inpainter(cfg):
    return lambda image, mask: np.where(mask[..., None], 255, image).astype(np.uint8)


def reader(cfg):
    """Reads what the segmenter said; fails on pages whose first pixel is 14."""

    def run(image, regions):
        if image[0, 0, 0] == 14:
            raise RuntimeError("cannot read this")
        return [Reading(region.lines[0].text if region.lines else "", 0.9) for region in regions]

    return run
