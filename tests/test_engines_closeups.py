"""Close looks at lines that can be read: which lines, how often, and what becomes of the maps."""

import cv2
import numpy as np
import pytest

from mangaclean.engines import closeups
from mangaclean.engines.textmap import Maps
from mangaclean.types import Line

SIZE = 1280, 960  # of the page: the network sees it at its own size


class Network:
    """Sees what is nearly black as lettering, at the looks that are not `blind`; counts what it is shown."""

    def __init__(self, kind=0, blind=()):
        self.kind, self.blind = kind, blind
        self.seen = []

    def __call__(self, data):
        maps = np.zeros((1, 3, *data.shape[2:]), np.float32)
        if len(self.seen) not in self.blind:
            maps[:, self.kind] = data[:, 0] < 0.2
        self.seen.append(data.shape[2:])
        return maps


def sign(ground=120, ink=90, angle=0.0, text="SIGN", thick=5):
    """A page with a word, `ink` on `ground`, turned round its middle; the line round it, and where its ink is."""
    image = np.full((*SIZE, 3), ground, np.uint8)
    cv2.putText(image, text, (400, 620), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (ink,) * 3, thick)
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


def test_effects_are_laid_on_their_own_map_and_what_was_known_stays():
    image, line, ink = sign()
    maps = nothing()
    maps.sfx[600:604, 400:440] = 100
    closeups.look(image, [line], maps, Network(kind=1))
    assert (maps.sfx > 190)[ink].mean() > 0.9
    assert (maps.sfx[600:604, 400:440] >= 100).all()
    assert not maps.typeset.any()


@pytest.mark.parametrize(("blind", "found"), [((0,), True), ((2,), True), ((0, 1), False), ((1, 2), False)])
def test_two_looks_of_three_decide(blind, found):
    image, line, _ = sign()
    maps = nothing()
    closeups.look(image, [line], maps, Network(blind=blind))
    assert maps.typeset.any() == found


def test_nothing_changes_beside_the_line():
    image, line, ink = sign(angle=20)
    inside = cv2.fillPoly(np.zeros(SIZE, np.uint8), [np.array(line.polygon)], 1) > 0
    image[~inside] = 90
    maps = nothing()
    closeups.look(image, [line], maps, Network())
    assert maps.typeset[ink & inside].mean() > 200
    assert not maps.typeset[~inside].any()


def unread(line):
    return Line(line.polygon, 0.9, line.text, 0.4)


def single(line):
    return Line(line.polygon, 0.9, "S", 0.9)


def outside(line):
    return Line(tuple((x - 2000, y) for x, y in line.polygon), 0.9, "SIGN", 0.9)


def beside(line):
    return Line(((-100, 50), (50, -100), (60, -90), (-90, 60)), 0.9, "SIGN", 0.9)


def flat(line):
    a, b, c, _ = line.polygon
    return Line((a, b, c, a), 0.9, "SIGN", 0.9)


def huge(line):
    return Line(((50, 300), (900, 300), (900, 900), (50, 900)), 0.9, "SIGN", 0.9)


@pytest.mark.parametrize("other", [unread, single, outside, beside, flat, huge])
def test_what_cannot_be_read_or_is_no_line_of_a_usual_size_is_not_looked_at(other):
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
    image, line, ink = sign(thick=3)
    maps, network = nothing(), Network()
    maps.sfx[ink & (np.arange(SIZE[1]) < 485)] = 200  # most of SIGN
    closeups.look(image, [line], maps, network)
    assert network.seen
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
    lines.insert(0, Line(((50, 1000), (900, 1000), (900, 1160), (50, 1160)), 0.9, "too much", 0.9))  # of which none is
    maps, network = nothing(), Network()
    maps.sfx[60:70, 60:160] = 200  # the first line is known in part
    closeups.look(image, lines, maps, network)
    found = [bool(maps.typeset[line.polygon[0][1] + 12, 300] > 190) for line in lines[1:]]
    assert found[1]
    assert not all(found)
    assert not found[0]
    assert sum(high * wide for high, wide in network.seen) <= 1.1 * closeups.PAGES * SIZE[0] * SIZE[1]
