"""Panels on drawn pages: frames, gutters that balloons cross, slanted frames, strips of four, lines of art."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mangaclean import panels
from mangaclean.types import Box, Line, Region
from tests import drawn


def framed(*frames, width=800, height=1100):
    """A page with framed panels, each with an upright figure in it; frames are boxes or corners."""
    image = drawn.page(width, height)
    for frame in frames:
        left, top, right, bottom = frame if isinstance(frame, Box) else (0, 0, 0, 0)
        box = (left, top), (right, top), (right, bottom), (left, bottom)
        corners = np.array(box if isinstance(frame, Box) else frame)
        cv2.polylines(image, [corners], True, (0, 0, 0), 3)
        x, y = corners.mean(0).astype(int).tolist()
        cv2.circle(image, (x, y - 20), 25, (90, 90, 90), -1)
        cv2.line(image, (x, y), (x, y + 60), (60, 60, 60), 12)
    return image


def speech(box):
    corners = (box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)
    inner = Box(box.left + 30, box.top + 30, box.right - 30, box.bottom - 30)
    return Region("", 0, 0, "speech", inner, corners, box, True, 0.0, 20.0, "#000000", None, "fill", "")


def share(a, b):
    both = a.overlap(b)
    return both / (a.area + b.area - both)


def assert_found(want, got):
    assert len(got) == len(want)
    assert all(max(share(a, b) for b in got) > 0.9 for a in want), got


def test_gutter_that_a_balloon_hides_in_part():
    frames = Box(40, 40, 390, 500), Box(404, 40, 760, 500), Box(40, 520, 760, 1060)
    image = framed(*frames)
    bubble = Box(330, 120, 480, 360)
    drawn.balloon(image, (405, 240), (75, 120))
    assert_found(frames, panels.find(image, [speech(bubble)]))


def test_slanted_frames_are_cut_apart():
    upper = ((40, 40), (760, 40), (760, 420), (40, 520))
    lower = ((40, 540), (760, 440), (760, 1060), (40, 1060))
    got = panels.find(framed(upper, lower))
    assert_found([Box(40, 40, 760, 520), Box(40, 440, 760, 1060)], got)


def test_panels_that_run_off_the_page():
    frames = Box(-20, -20, 390, 500), Box(404, -20, 820, 500), Box(40, 520, 820, 1120)
    want = Box(0, 0, 390, 500), Box(404, 0, 800, 500), Box(40, 520, 800, 1100)
    assert_found(want, panels.find(framed(*frames)))


def test_strip_of_four_is_read_downwards():
    frames = [Box(40, 40 + 260 * n, 360, 280 + 260 * n) for n in range(4)]
    got = panels.find(framed(*frames, width=400))
    assert_found(frames, got)
    assert [got[i].top for i in panels.sort(got, "rtl")] == sorted(box.top for box in got)


def test_lines_of_art_cut_no_panel():
    frame = Box(40, 40, 760, 1060)
    image = framed(frame)
    for y in (300, 330):  # a shelf from side to side
        cv2.line(image, (40, y), (760, y), (0, 0, 0), 3)
    assert_found([frame], panels.find(image))


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_empty_pages_have_no_panels(tone):
    assert panels.find(drawn.page(300, 400, tone)) == []


def test_direction_is_guessed_from_texts_alone():
    lines = (Line(((0, 0), (9, 0), (9, 9), (0, 9))),) * 3
    column = replace(speech(Box(0, 0, 100, 200)), lines=lines)
    row = replace(column, vertical=False)
    effect = replace(row, kind="sfx", lines=lines * 9)
    assert panels.guess([column, effect], 800, 1100) == "rtl"
    assert panels.guess([row, row, column], 800, 1100) == "ltr"
    assert panels.guess([column], 800, 4000) == "ttb"
