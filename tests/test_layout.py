"""Lines in a room: nothing leaves it, nothing is lost, and they follow its shape."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mangaclean import layout
from mangaclean.layout import Measured, fit, room_of

SPACE = 0.25


def words(lengths, forced=(), hyphens=()):
    """A text of words of these lengths in ems; a line has to end after those in `forced`."""
    blank = [0.0] + [SPACE] * (len(lengths) - 1) + [0.0]
    reach = np.concatenate([[0.0], np.cumsum(np.array(lengths) + np.array(blank[1:]))])
    marks = np.zeros(len(lengths) + 1, bool)
    marks[[*forced, len(lengths)]] = True
    extra = np.zeros(len(lengths) + 1)
    extra[list(hyphens)] = 0.3
    return Measured(reach, np.array(blank), extra, np.zeros(len(lengths) + 1), marks, 0.75, 0.2, 0.05)


def ellipse(width, height):
    y, x = np.mgrid[0:height, 0:width]
    return ((x + 0.5) / width * 2 - 1) ** 2 + ((y + 0.5) / height * 2 - 1) ** 2 <= 1


def inside(found, text, size, mask):
    """Whether all ink of a layout lies on the mask's pixels."""
    for line in found.lines:
        top, bottom = line.y - text.above * size, line.y + text.below * size
        left, right = line.x - text.side * size, line.x + line.length + text.side * size
        rows = slice(int(np.floor(top + 1e-6)), int(np.ceil(bottom - 1e-6)))
        window = mask[rows, int(np.floor(left + 1e-6)) : int(np.ceil(right - 1e-6))]
        if top < 0 or left < 0 or not window.all() or bottom > mask.shape[0] or right > mask.shape[1]:
            return False
    return True


@settings(max_examples=150, deadline=None)
@given(
    lengths=st.lists(st.floats(0.3, 8), min_size=1, max_size=24),
    size=st.floats(6, 40),
    shape=st.tuples(st.integers(20, 300), st.integers(20, 300)),
    round_room=st.booleans(),
    align=st.sampled_from(["left", "center", "right"]),
    data=st.data(),
)
def test_nothing_leaves_the_room_and_no_word_is_lost(lengths, size, shape, round_room, align, data):
    forced = data.draw(st.sets(st.integers(1, len(lengths)), max_size=3))
    text = words(lengths, forced)
    mask = ellipse(*shape) if round_room else np.ones(shape[::-1], bool)
    found = fit(text, room_of(mask), size, 1.1, align)
    if found is None:
        return
    ends = [0, *(line.last for line in found.lines)]
    assert [line.first for line in found.lines] == ends[:-1]
    assert ends[-1] == len(lengths)
    assert ends == sorted(set(ends))
    assert forced <= set(ends)
    assert inside(found, text, size, mask)


@settings(max_examples=80, deadline=None)
@given(
    lengths=st.lists(st.floats(0.3, 8), min_size=1, max_size=16),
    size=st.floats(6, 40),
    shape=st.tuples(st.integers(20, 300), st.integers(20, 300)),
    hyphens=st.sets(st.integers(1, 15), max_size=4),
)
def test_the_quick_look_whether_lines_can_hold_a_text_takes_none_away(lengths, size, shape, hyphens):
    text = words(lengths, hyphens=[at for at in hyphens if at < len(lengths)])
    room = room_of(ellipse(*shape))
    found = fit(text, room, size, 1.1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout._Reach, "within", lambda reach, widths: True)
        assert fit(text, room, size, 1.1) == found


def test_a_text_that_is_too_long_has_no_layout():
    assert fit(words([30.0]), room_of(np.ones((100, 100), bool)), 20, 1.0) is None
    assert fit(words([3.0] * 40), room_of(np.ones((100, 100), bool)), 20, 1.0) is None


def test_ink_outside_would_be_seen():
    text, mask = words([2.0, 2.0]), np.ones((100, 100), bool)
    found = fit(text, room_of(mask), 10, 1.0)
    mask[:, :50] = False
    assert not inside(found, text, 10, mask)


def test_lines_follow_a_round_balloon():
    text = words([2.0] * 14)
    found = fit(text, room_of(ellipse(190, 190)), 15, 1.0)
    lengths = [line.length for line in found.lines]
    assert len(lengths) >= 4
    assert max(lengths) > min(lengths[0], lengths[-1])
    assert lengths.index(max(lengths)) not in (0, len(lengths) - 1)


def test_text_stands_in_the_middle_on_one_axis():
    found = fit(words([4.0, 4.0, 4.0]), room_of(np.ones((200, 120), bool)), 16, 1.0)
    centres = {round(line.x + line.length / 2, 3) for line in found.lines}
    assert centres == {60.0}
    tops, bottoms = found.lines[0].y - 0.75 * 16, found.lines[-1].y + 0.2 * 16
    assert (tops + bottoms) / 2 == pytest.approx(100, abs=1)


def test_left_lines_begin_together_and_the_block_stands_in_the_middle():
    found = fit(words([4.0, 3.0, 4.0, 2.0]), room_of(np.ones((200, 100), bool)), 16, 1.0, "left")
    assert len({line.x for line in found.lines}) == 1
    longest = max(line.length for line in found.lines)
    assert found.lines[0].x + longest / 2 == pytest.approx(50, abs=2)


def test_two_hyphens_never_stand_one_below_the_other():
    hyphens = {1, 3, 4}
    text = words([3.0] * 6, hyphens=hyphens)
    found = fit(text, room_of(np.ones((300, 70), bool)), 10, 1.0)
    ends = [line.last for line in found.lines]
    assert len(ends) >= 3
    assert not any({a, b} <= hyphens for a, b in pairwise(ends))


def test_a_tail_is_no_room_beside_the_balloon():
    mask = np.zeros((100, 100), bool)
    mask[10:60, 10:90] = True
    mask[60:95, 80:84] = True
    room = room_of(mask)
    assert room.window(20, 40) == (10, 90)
    assert room.window(50, 80) == (80, 84)
    assert room_of(np.zeros((5, 5), bool)) is None
