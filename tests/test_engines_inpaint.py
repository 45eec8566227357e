"""What each inpainter paints; that all keep to the contract is tested in test_contract.py."""

import subprocess
import sys

import numpy as np
import pytest

from mangaclean import engines
from mangaclean.config import InpaintConfig
from mangaclean.types import Image, Inpainter, Mask


def engine(name: str) -> Inpainter:
    return engines.load("inpaint", InpaintConfig(engine=name))


def stripes(height: int = 120, width: int = 120, period: int = 8) -> Image:
    page = np.full((height, width, 3), 255, np.uint8)
    page[:, np.arange(width) % period < period // 2] = 0
    return page


def hole(height: int = 120, width: int = 120) -> Mask:
    mask = np.zeros((height, width), bool)
    mask[50:66, 40:80] = True
    return mask


def error(name: str, clean: Image, mask: Mask) -> float:
    page = np.where(mask[..., None], np.uint8(128), clean)
    painted = engine(name)(page, mask).astype(float)
    return float(np.sqrt(((painted - clean)[mask] ** 2).mean()))


@pytest.mark.parametrize(("name", "period", "most"), [("patchmatch", 6, 1), ("patchmatch", 12, 1), ("fsr", 7, 10)])
def test_a_pattern_that_telea_blurs_goes_on(name: str, period: int, most: float) -> None:
    assert error(name, stripes(period=period), hole()) < most
    assert error("telea", stripes(period=period), hole()) > 50


@pytest.mark.parametrize("name", ["telea", "navier-stokes", "patchmatch", "fsr"])
def test_lettering_does_not_leak_into_paper(name: str) -> None:
    clean = np.full((120, 120, 3), 240, np.uint8)
    assert error(name, clean, hole()) < 1.5


def test_white_is_white() -> None:
    painted = engine("white")(stripes(), hole())
    assert (painted[hole()] == 255).all()
    np.testing.assert_array_equal(painted[~hole()], stripes()[~hole()])


@pytest.mark.parametrize("name", ["patchmatch", "fsr"])
def test_holes_in_the_corners_of_a_tile_are_filled(name: str) -> None:
    mask = np.zeros((200, 300), bool)
    mask[:12, :12] = mask[-9:, -30:] = True
    page = stripes(200, 300)
    page[mask] = (255, 0, 0)
    painted = engine(name)(page, mask)
    assert (painted[mask] == painted[mask][:, :1]).all()  # nothing red is left


def test_patchmatch_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib, numpy as np; from mangaclean import engines; from mangaclean.config import InpaintConfig\n"
        "page = np.random.default_rng(5).integers(0, 256, (90, 80, 3), np.uint8); mask = np.zeros((90, 80), bool)\n"
        "mask[30:50, 20:60] = True\n"
        "engines.load('inpaint', InpaintConfig(engine='telea'))(page, mask)\n"
        "done = engines.load('inpaint', InpaintConfig(engine='patchmatch'))(page, mask)\n"
        "print(hashlib.sha256(done.tobytes()).hexdigest())"
    )
    runs = {subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(runs) == 1
    assert len(runs.pop().strip()) == 64
