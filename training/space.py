"""Where on a page that is being drawn there is room for lettering."""

import numpy as np

from training.art import Picture
from training.canvas import Canvas


class Space(Canvas):
    """A page's picture, its labels, and where something stands already: `taken` (H, W), 0 or 1."""

    def __init__(self, rng: np.random.Generator, width: int, height: int, ground: int) -> None:
        super().__init__(width, height, ground)
        self.rng = rng
        self.taken = np.zeros((height, width), np.uint8)

    def vacant(self, wide: int, high: int, tries: int = 12) -> tuple[int, int] | None:
        """Left and top of a place where next to nothing stands, some of it beyond the page; taken from now on."""
        for _ in range(tries):
            left = int(self.rng.integers(-wide // 8, max(self.labels.shape[1] - wide * 7 // 8, 1)))
            top = int(self.rng.integers(-high // 8, max(self.labels.shape[0] - high * 7 // 8, 1)))
            part = self.taken[max(top, 0) : top + high, max(left, 0) : left + wide]
            if part.size and part.mean() < 0.03:
                part[:] = 1
                return left, top
        return None

    def quiet(self, wide: int, high: int) -> tuple[int, int] | None:
        """A place where little is drawn, as people choose it who letter by hand; what stands beside it stays close."""
        best, least = None, 1e9
        for _ in range(8):
            place = self.vacant(wide, high, 2)
            if place is None:
                continue
            left, top = max(place[0], 0), max(place[1], 0)
            self.taken[top : place[1] + high, left : place[0] + wide] = 0
            under = self.image[top : place[1] + high : 3, left : place[0] + wide : 3]
            unrest = float(under.std()) * self.rng.uniform(0.7, 1.3)
            if unrest < least:
                best, least = place, unrest
        if best is not None:
            self.taken[max(best[1], 0) : best[1] + high, max(best[0], 0) : best[0] + wide] = 1
        return best

    def like_ground(self, text: Picture, place: tuple[int, int], dark: bool) -> bool:
        """Whether what stands at a place is as dark as a stamp that is to come there."""
        under = self.under(text, place)
        return bool(under.size) and bool(under.mean() < 140) == dark

    def under(self, text: Picture, place: tuple[int, int]) -> Picture:
        """What of the page a stamp will cover."""
        left, top = max(place[0], 0), max(place[1], 0)
        return self.image[top : top + text.shape[0], left : left + text.shape[1]]

    def across(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Left and top for an effect: effects stand across everything but balloons, if need be."""
        place = self.vacant(shape[1], shape[0], 3) if self.rng.random() < 0.7 else None
        if place is not None:
            return place
        left = int(self.rng.integers(-shape[1] // 3, self.labels.shape[1]))
        return left, int(self.rng.integers(-shape[0] // 3, self.labels.shape[0]))
