"""Sound effects: how the source's lettering lies on the page, and the place that the translation takes over."""

from math import atan2, cos, degrees, hypot, pi, radians, sin

import numpy as np

from mangaclean.rooms import Place
from mangaclean.types import Box, Region

LARGEST = 2.0  # size of an effect, as a share of the source's or of speech, at most
LEVEL = 4.0  # degrees; what is less was meant to be level
STEEP = 1.5  # height / width from which an effect runs down the page


def slanted(region: Region, place: Place, upright: bool = False) -> tuple[float, Place]:
    """How far an effect is turned, in radians anticlockwise, and its place as it is before that turn.

    What ran down the page as a column runs down it on its side, unless it is set `upright`; what climbed, climbs.
    """
    box = place.box
    width, height = float(box.width), float(box.height)
    turn = radians(region.style.angle) if region.style.angle is not None else _slope(region)
    if region.style.angle is None and not turn and not upright and height > STEEP * width:
        turn = -pi / 2
    if abs(abs(turn) - pi / 2) < 0.01:
        width, height = height, width
    elif turn:
        # The largest rectangle of the lettering's own shape that stays within the box when it is turned
        long, short = _extent(region, turn)
        need = long * abs(cos(turn)) + short * abs(sin(turn)), long * abs(sin(turn)) + short * abs(cos(turn))
        scale = min(width / max(need[0], 1.0), height / max(need[1], 1.0), 1.0)
        width, height = long * scale, short * scale
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    made = Box(round(x - width / 2), round(y - height / 2), round(x + width / 2), round(y + height / 2))
    made = Box(made.left, made.top, max(made.right, made.left + 3), max(made.bottom, made.top + 3))
    return turn, Place(made, np.ones((made.height, made.width), bool), False)


def _slope(region: Region) -> float:
    """Along the longest line across; level where the source ran down, or nearly level."""
    if region.angle:
        return radians(region.angle)
    if region.vertical or not region.lines:
        return 0.0
    sides = [(line.polygon[0], line.polygon[1]) for line in region.lines]
    (x0, y0), (x1, y1) = max(sides, key=lambda side: hypot(side[1][0] - side[0][0], side[1][1] - side[0][1]))
    turn = atan2(y0 - y1, x1 - x0)
    return turn if LEVEL <= abs(degrees(turn)) <= 60 else 0.0


def _extent(region: Region, turn: float) -> tuple[float, float]:
    """Length and height of the lettering along a slope."""
    points = np.array(region.polygon, float)
    along = points @ np.array([cos(turn), -sin(turn)])
    across = points @ np.array([sin(turn), cos(turn)])
    return max(float(np.ptp(along)), 1.0), max(float(np.ptp(across)), 1.0)
