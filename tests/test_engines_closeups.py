"""Close looks at lines that can be read: which lines, how often, and what becomes of the maps."""

import cv2
import numpy as np
import pytest

from mangaclean.engines import closeups
from mangaclean.engines.textmap import Maps
from mangaclean.types import Line

SIZE = 1280, 960  # of the page: the network sees it at its own size


class Network:
    """Sees as type what is nearly black; counts what it is shown."""

    def __init__(self):
        self.seen = []

    def __call__(self, data):
        self.seen.append(data.shape[2:])
        dark = (data[:, 0] < 0.2).astype(np.float32)
        return np.stack([dark, np.zeros_like(dark), np.zeros_like(dark)], 1)


def sign(ground=120, ink=90, angle=0.0, text="SIGN"):
    """A page with a word, `ink` on `ground`, turned round its middle; the line round it, and where its ink is."""
    image = np.full((*SIZE, 3), ground, np.uint8)
    cv2.putText(image, text, (400, 620), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (ink,) * 3, 5)
    turn = cv2.getRotationMatrix2D((460, 600), angle, 1)
    image = cv2.warpAffine(image, turn, SIZE[::-1], borderMode=cv2.BORDER_REPLICATE)
    corners = np.array([[392, 576], [540, 576], [540, 630], [392, 630]]) @ turn[:, :2].T + turn[:, 2]
    a, b, c, d = ((round(float(x)), round(float(y))) for x, y in corners)
    return image, Line((a, b, c, d), 0.9, text, 0.9), np.abs(image[:, :, 0].astype(int) - ink) < 4


def nothing():
    return Maps(*np.zeros((3, *SIZE), np.uint8))


@pytest.mark.parametrize("angle", [0, 20, -35])
def test_faint_letters_that_can_be_read_are_found_where_they_are(angle):
    image, line, ink = sign(angle=angle)
    maps = nothing()
    closeups.look(image, [line], maps, Network())
    found = maps.typeset > 190
    assert found[ink].mean() > 0.9
    assert not (found & ~cv2.dilate(ink.astype(np.uint8), np.ones((7, 7))).astype(bool)).any()
    assert not maps.sfx.any()


def unread(line):
    return Line(line.polygon, 0.9, line.text, 0.4)


def single(line):
    return Line(line.polygon, 0.9, "S", 0.9)


@pytest.mark.parametrize("other", [unread, single])
def test_what_cannot_be_read_and_single_letters_are_not_looked_at(other):
    image, line, _ = sign()
    maps, network = nothing(), Network()
    closeups.look(image, [other(line)], maps, network)
    assert not network.seen
    assert not maps.typeset.any()


def test_ink_on_paper_is_clear_enough():
    image, line, _ = sign(ground=255, ink=150)
    network = Network()
    closeups.look(image, [line], nothing(), network)
    assert not network.seen


def test_balloons_and_what_is_seen_well_are_not_looked_at():
    image, line, _ = sign()
    housed, known, network = nothing(), nothing(), Network()
    housed.balloon[:] = 255
    known.typeset[560:640, 380:560] = 255
    closeups.look(image, [line], housed, network)
    closeups.look(image, [line], known, network)
    assert not network.seen


def test_a_look_that_tells_little_more_changes_nothing():
    image, line, ink = sign()
    maps = nothing()
    maps.sfx[ink] = 200
    closeups.look(image, [line], maps, Network())
    assert not maps.typeset.any()


def test_a_look_that_shows_a_letter_of_many_changes_nothing():
    image, line, _ = sign(text="S")
    maps = nothing()
    closeups.look(image, [Line(line.polygon, 0.9, "SIGN", 0.9)], maps, Network())
    assert not maps.typeset.any()


def test_the_least_seen_lines_come_first_and_all_looks_are_bounded():
    image = np.full((*SIZE, 3), 120, np.uint8)
    lines = [Line(((50, y), (910, y), (910, y + 40), (50, y + 40)), 0.9, "faint", 0.9) for y in range(50, 1200, 60)]
    for line in lines:
        image[line.polygon[0][1] + 10 : line.polygon[0][1] + 25, 100:600] = 90
    maps, network = nothing(), Network()
    maps.sfx[60:70, 60:160] = 200  # the first line is known in part
    closeups.look(image, lines, maps, network)
    found = [bool(maps.typeset[line.polygon[0][1] + 12, 300] > 190) for line in lines]
    assert found[1]
    assert not all(found)
    assert not found[0]
    assert sum(high * wide for high, wide in network.seen) <= 1.1 * closeups.PAGES * SIZE[0] * SIZE[1]
