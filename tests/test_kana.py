"""Small kana told from large ones by their ink."""

import cv2
import numpy as np
import pytest

from mangaclean import kana

EM = 40


def line(*sizes):
    """Square letters of these sizes in a row, and the middle of each."""
    image = np.full((50, len(sizes) * 50, 3), 255, np.uint8)
    for n, size in enumerate(sizes):
        left, top = n * 50 + (50 - size) // 2, 45 - size
        cv2.rectangle(image, (left, top), (left + size - 1, top + size - 1), (0, 0, 0), 4)
    return image, [n * 50 + 25.0 for n in range(len(sizes))]


@pytest.mark.parametrize(
    ("read", "sizes", "want"),
    [
        ("なるねえ", (EM, EM, EM, 27), "なるねぇ"),
        ("なるねえ", (EM, EM, EM, 38), "なるねえ"),
        ("てんちょぉ", (EM, EM, EM, 28, 41), "てんちょお"),
        ("ああ", (EM, 28), "あぁ"),  # no other letter to go by but the first
        ("ああ", (28, 28), "ああ"),
        ("えい", (28, EM), "えい"),
        ("漢字い", (EM, EM, 25), "漢字い"),  # low in large letters, too
        ("漢字", (EM, EM), "漢字"),
        ("", (EM,), ""),
    ],
)
def test_ink_decides(read, sizes, want):
    image, at = line(*sizes)
    assert kana.measured(image, read, at[: len(read)]) == want


def test_white_letters_on_black_are_measured_as_well():
    image, at = line(EM, EM, EM, 27)
    assert kana.measured(255 - image, "なるねえ", at) == "なるねぇ"


def test_blank_line_stays_as_read():
    assert kana.measured(np.full((50, 200, 3), 255, np.uint8), "なるねえ", [25.0, 75.0, 125.0, 175.0]) == "なるねえ"
