"""Faces that come with the program, faces that are installed, and what is done where letters are missing."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from mangaclean import fonts, shaping
from mangaclean.config import TypesetConfig
from mangaclean.errors import MissingError
from mangaclean.fonts import Fonts, find, shipped
from mangaclean.markup import parse
from mangaclean.shaping import Typography, shape

FOLDER = Path(__file__).parent.parent / "fonts"


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch):
    monkeypatch.setattr(fonts, "installed", tuple)


def how(faces, **other):
    return Typography(faces, faces, lambda char: None, **other)


def one_line(text, typography, rtl=False):
    copy = parse(text)
    return shape(shaping.line(copy, 0, len(copy.text)), typography, rtl)


def test_every_font_has_its_licence_and_all_are_small():
    files = [path for path in FOLDER.iterdir() if path.suffix in fonts.SUFFIXES]
    assert len(shipped()) == len(files) >= 6
    for path in files:
        assert "SIL OPEN FONT LICENSE Version 1.1" in (FOLDER / f"OFL-{path.stem.split('-')[0]}.txt").read_text()
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 8_000_000


def test_fonts_are_found_by_name_by_family_and_by_file(tmp_path, monkeypatch):
    assert find("comic neue bold italic").style == "Bold Italic"
    assert find("Bangers").family == "Bangers"
    copied = tmp_path / "Own.ttf"
    shutil.copy(FOLDER / "Bangers-Regular.ttf", copied)
    assert find(str(copied)).path == str(copied)
    words = fonts.Found("CC Wild Words", "Roman", str(copied), 0)
    monkeypatch.setattr(fonts, "installed", lambda: (words,))
    assert find("WildWords") == words


def test_unknown_fonts_are_said_with_what_is_near(tmp_path):
    with pytest.raises(MissingError, match="did you mean 'Bangers'"):
        find("Bangrs")
    with pytest.raises(MissingError, match="no font file"):
        find("nowhere.otf")
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font at all")
    with pytest.raises(MissingError, match="cannot be read"):
        find(str(broken))
    with pytest.raises(MissingError):
        Fonts(TypesetConfig(font_sfx="Nothing Of That Name")).stack("sfx")


@pytest.mark.parametrize(
    ("text", "family"),
    [("Hello żółw ñ", "ComicNeue"), ("Это жизнь", "BalsamiqSans"), ("Được rồi đấy", "PatrickHand")],
)
def test_a_text_is_set_in_the_first_face_that_has_all_its_letters(text, family):
    book = Fonts(TypesetConfig())
    assert family in book.fitting(text, "speech")[0].path
    assert not book.warnings


def test_letters_that_nothing_has_are_told_once():
    book = Fonts(TypesetConfig())
    for _ in range(2):
        assert book.standin("夢") is None
    assert len(book.warnings) == 1
    assert "U+5922" in book.warnings[0]
    assert "--font" in book.warnings[0]


def test_one_strange_letter_stands_in_another_face():
    faces = Fonts(TypesetConfig()).stack("speech")
    shaped = one_line("aяb", how(faces))
    assert [Path(mark.face.path).stem.split("-")[0] for mark in shaped.marks] == [
        "ComicNeue",
        "BalsamiqSans",
        "ComicNeue",
    ]


def test_emphasis_takes_the_bold_italic_or_slants_the_face():
    book = Fonts(TypesetConfig())
    assert book.stack("speech", loud=True)[0].path.endswith("ComicNeue-BoldItalic.otf")
    own = book.stack("speech", loud=True, font="Patrick Hand")[0]
    assert own.slanted
    assert book.stack("speech", loud=True, font="Balsamiq Sans")[0].path.endswith("BoldItalic.ttf")


def test_kerning_and_tracking():
    faces = Fonts(TypesetConfig()).stack("speech")
    apart = sum(one_line(char, how(faces)).length for char in "AVAVA")
    assert one_line("AVAVA", how(faces)).length < apart - 0.05
    assert one_line("AVA", how(faces, tracking=0.1)).length == pytest.approx(one_line("AVA", how(faces)).length + 0.2)


def test_columns_lay_latin_on_its_side_and_set_two_figures_side_by_side():
    faces = Fonts(TypesetConfig()).stack("speech")
    word = one_line("ABCDE", how(faces, vertical=True))
    assert all(mark.turned for mark in word.marks)
    pair = one_line("12", how(faces, vertical=True))
    assert pair.length == pytest.approx(1.0)
    assert pair.marks[0].y > pair.marks[1].y  # y runs to the left
    assert one_line("夢夢夢", how(faces, vertical=True)).length == pytest.approx(3.0, rel=0.2)


def test_right_to_left_lines_end_on_the_left():
    faces = Fonts(TypesetConfig()).stack("speech")
    marks = one_line("אב 12", how(faces), rtl=True).marks
    figures = [faces[0].shape("1", "ltr")[0].number, faces[0].shape("2", "ltr")[0].number]
    assert [mark.number for mark in marks[:2]] == figures


def test_readings_stand_over_their_word_and_raise_the_line():
    faces = Fonts(TypesetConfig()).stack("speech")
    plain, ruby = one_line("ab cd", how(faces)), one_line("ab {cd|x}", how(faces))
    assert ruby.above > plain.above + 0.4
    small = [mark for mark in ruby.marks if mark.scale < 1]
    assert len(small) == 1
    word = [mark.x for mark in ruby.marks if mark.scale == 1][-2:]
    assert word[0] < small[0].x < ruby.length


def test_glyphs_are_drawn_where_they_are_hung_and_strokes_are_fatter():
    face = Fonts(TypesetConfig()).stack("speech")[0]
    number = face.shape("O", "ltr")[0].number
    plain, x, y = face.bitmap(number, 40, (10.25, 50.0))
    fat, _, _ = face.bitmap(number, 40, (10.25, 50.0), stroke=3)
    assert (x, y) == (10, 50)
    assert plain.top < 0 < plain.pixels.max()
    assert fat.pixels.shape[0] == pytest.approx(plain.pixels.shape[0] + 6, abs=1)
    assert fat.pixels.sum(dtype=int) > 1.4 * plain.pixels.sum(dtype=int)
    turned, _, _ = face.bitmap(number, 40, (0, 0), turn=np.pi / 2)
    assert abs(turned.pixels.shape[0] - plain.pixels.shape[1]) <= 1
