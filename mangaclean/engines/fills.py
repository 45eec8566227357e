"""What classical methods make of a hole: the fills that a network weighs and corrects."""

import numpy as np
from numpy.typing import NDArray

from mangaclean.config import InpaintConfig
from mangaclean.engines import inpaint
from mangaclean.types import Image, Inpainter, Mask

NAMES = ("navier-stokes", "frequency-selective", "patchmatch", "patchmatch of small patches")


def painters(cfg: InpaintConfig) -> tuple[Inpainter, ...]:
    """The methods of `NAMES`."""
    copies = (inpaint.patchmatch(cfg, patch) for patch in (inpaint.PATCH, inpaint.FINE))
    return inpaint.navier_stokes(cfg), inpaint.frequency_selective(cfg), *copies


def stacked(image: Image, mask: Mask, made: tuple[Inpainter, ...]) -> NDArray[np.uint8]:
    """(H, W, 3 × number of methods): what each makes of an image (H, W, 3) with holes (H, W)."""
    return np.concatenate([paint(image, mask) for paint in made], axis=2)
