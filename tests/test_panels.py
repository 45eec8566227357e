"""Panels on drawn pages: frames, gutters that balloons cross, slanted frames, strips of four, lines of art."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mangaclean import gutters, panels
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


def test_long_strips_are_looked_at_smaller_and_in_parts(monkeypatch: pytest.MonkeyPatch):
    frames = [Box(30, 30 + 600 * i, 770, 560 + 600 * i) for i in range(12)]
    image = framed(*frames, height=7220)
    monkeypatch.setattr(panels, "MOST", 1_500_000)
    monkeypatch.setattr(gutters, "AT_ONCE", 10_000)
    assert_found(frames, panels.find(image))


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


def over(image, box):
    """A framed panel drawn over what is there: its own grey figure on white, black lines round it."""
    cv2.rectangle(image, (box.left, box.top), (box.right, box.bottom), (255, 255, 255), -1)
    cv2.rectangle(image, (box.left, box.top), (box.right, box.bottom), (0, 0, 0), 3)
    cv2.circle(image, ((box.left + box.right) // 2, (box.top + box.bottom) // 2), 40, (90, 90, 90), -1)


def art(image, box):
    """A picture without a frame: blots of many greys."""
    rng = np.random.default_rng(5)
    for x, y, size, tone in rng.integers((0, 0, 12, 60), (box.width, box.height, 40, 220), (500, 4)).tolist():
        cv2.circle(image[box.slices], (x, y), size, (tone,) * 3, -1)


def test_frames_over_a_picture_that_bleeds_are_panels_and_so_is_the_picture():
    image = drawn.page(800, 1100)
    whole, first, second = Box(0, 0, 800, 1100), Box(40, 60, 330, 420), Box(420, 600, 760, 1040)
    art(image, whole)
    over(image, first)
    over(image, second)
    assert_found([whole, first, second], panels.find(image))


def test_picture_without_a_frame_lies_between_rows_of_frames():
    image = drawn.page(800, 1100)
    upper, middle, lower = Box(40, 40, 760, 330), Box(10, 300, 790, 740), Box(40, 710, 760, 1060)
    art(image, middle)
    over(image, upper)
    over(image, lower)
    assert_found([upper, Box(10, 330, 790, 710), lower], panels.find(image))


def test_sign_askew_in_a_picture_is_no_panel():
    image = drawn.page(800, 1100)
    art(image, Box(0, 0, 800, 1100))
    sign = np.array([(200, 300), (600, 380), (560, 580), (160, 500)])
    cv2.fillPoly(image, [sign], (255, 255, 255))
    cv2.polylines(image, [sign], True, (0, 0, 0), 3)
    assert_found([Box(0, 0, 800, 1100)], panels.find(image))


def test_what_sticks_out_of_a_frame_is_no_panel():
    frames = Box(40, 120, 760, 500), Box(40, 520, 760, 1060)
    image = framed(*frames)
    for x in (130, 400, 670):
        cv2.ellipse(image, (x, 118), (85, 75), 0, 180, 360, (60, 60, 60), -1)
    assert_found(frames, panels.find(image))


def test_a_steep_line_across_a_frame_parts_no_panel():
    frames = Box(40, 40, 760, 500), Box(40, 520, 760, 1060)
    image = framed(*frames)
    cv2.line(image, (400, 520), (516, 1060), (0, 0, 0), 3)
    image[1050:1070, 490:514] = 255  # beside it the frame is hidden
    assert_found(frames, panels.find(image))
