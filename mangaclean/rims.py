"""White rims, which set dark letters off from art."""

from mangaclean.strokes import grown
from mangaclean.types import Image, Mask

RIM, BEYOND = (1, 3), (8, 12)  # px from a letter to both edges of its rim, and of the ground that is looked at beyond
LIGHT = 190  # levels above which a pixel is white
WHITE, SOME = 0.7, 0.4  # share of a rim that is white, at least, and of the ground beyond it, at most


def white(page: Image, letter: Mask) -> bool:
    """Whether a letter (h, w) on a page (h, w, 3) has a white rim, and other ground beyond: it is outlined."""
    light = page.min(2) > LIGHT
    rim, beyond = (grown(letter, far) & ~grown(letter, near) for near, far in (RIM, BEYOND))
    return bool(rim.any() and beyond.any() and light[rim].mean() >= WHITE and light[beyond].mean() <= SOME)
