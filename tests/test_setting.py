"""Translations on a page: in their balloons, whole, legible, as their kind and their style ask for."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mangaclean import fonts, page, setting
from mangaclean.config import TypesetConfig
from mangaclean.fonts import Fonts
from mangaclean.setting import body_size, composed, pieces
from mangaclean.types import Box, Region, Style

GOLDEN = Path(__file__).parent / "golden" / "setting.png"
MEAN = 1.0  # levels by which a page may differ from the golden one
STRANGE = 0.004  # share of its pixels that may be other ones
SIZE = (300, 400)  # height, width
BALLOON = Box(60, 40, 260, 260)


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch):
    monkeypatch.setattr(fonts, "installed", tuple)


def sheet(balloon=BALLOON, paper=255, art=150):
    """A page of grey art with an empty round balloon."""
    image = np.full((*SIZE, 3), art, np.uint8)
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]] + 0.5
    radius = ((x - (balloon.left + balloon.right) / 2) / balloon.width * 2) ** 2
    radius = radius + ((y - (balloon.top + balloon.bottom) / 2) / balloon.height * 2) ** 2
    image[radius <= 1] = 0
    image[radius <= 0.94] = paper
    return image


def region(translation, **other):
    values = {
        "id": "001-0101", "order": 1, "panel": 1, "kind": "speech", "box": Box(120, 100, 200, 200), "polygon": (),
        "bubble": BALLOON, "vertical": True, "angle": 0.0, "font_size": 30.0, "color": "#181818", "outline": None,
        "action": "fill", "reason": "", "translation": translation,
    }  # fmt: skip
    return Region(**(values | other))


def one(translation, image=None, cfg=None, body=20.0, **other):
    cfg = cfg or TypesetConfig()
    found = pieces(sheet() if image is None else image, [region(translation, **other)], Fonts(cfg), cfg, body)
    assert len(found) == 1
    return found[0]


def box_of(piece):
    rows, columns = np.nonzero(piece.pixels[..., 3])
    return Box(
        piece.left + int(columns.min()),
        piece.top + int(rows.min()),
        piece.left + int(columns.max()) + 1,
        piece.top + int(rows.max()) + 1,
    )


def letters(text):
    return "".join(text.upper().split()).replace("-", "")


@settings(max_examples=40, deadline=None)
@given(
    text=st.lists(st.text("abcdefgIMW,.!?'éß*…", min_size=1, max_size=14), min_size=1, max_size=30).map(" ".join),
    balloon=st.tuples(st.integers(12, 200), st.integers(12, 200)),
    size=st.floats(5, 60),
)
def test_whatever_the_text_it_stays_in_the_balloon_s_box_and_loses_nothing(text, balloon, size):
    box = Box(60, 40, 60 + balloon[0], 40 + balloon[1])
    middle = Box(60 + balloon[0] // 3, 40 + balloon[1] // 3, 61 + balloon[0] * 2 // 3, 41 + balloon[1] * 2 // 3)
    cfg = TypesetConfig()
    found = pieces(sheet(box), [region(text, bubble=box, box=middle)], Fonts(cfg), cfg, size)
    for piece in found:
        ink = box_of(piece)
        assert ink == Box(max(ink.left, 60), max(ink.top, 40), min(ink.right, box.right), min(ink.bottom, box.bottom))
        assert letters("".join(piece.lines)) == letters(text.replace("*", "")) or "*" in text
        assert piece.fits == (piece.size >= size * cfg.smallest * 0.999)


def test_text_stands_in_the_middle_of_its_balloon_clear_of_the_outline():
    image = sheet()
    piece = one("What are you going to do about it now?", image)
    ink = box_of(piece)
    assert (ink.left + ink.right) / 2 == pytest.approx(160, abs=3)
    assert (ink.top + ink.bottom) / 2 == pytest.approx(150, abs=4)
    after = composed(image, [piece])
    changed = (after != image).any(axis=2)
    assert (image[changed] == 255).all()
    assert after[changed].min() == 0  # black, though the source was measured as #181818
    assert piece.fits
    assert piece.size == 20.0


def test_a_text_that_is_too_long_shrinks_and_then_is_told():
    assert one("word " * 30).size < 20
    assert one("word " * 30).fits
    long = one("word " * 200)
    assert not long.fits
    assert long.size < 0.6 * 20


def test_what_is_kept_or_not_translated_is_left_alone():
    cfg = TypesetConfig()
    assert pieces(sheet(), [region("Hi", action="keep"), region("")], Fonts(cfg), cfg, 20) == ()
    source = TypesetConfig(untranslated="source")
    found = pieces(sheet(), [region("", text="abc")], Fonts(source), source, 20)
    assert [piece.lines for piece in found] == [("ABC",)]


def test_style_goes_before_settings():
    style = Style(font="Bangers", size=12.0, color="#ff0000", align="left", box=Box(10, 10, 390, 60))
    piece = one("Here it is", style=style)
    assert piece.size == 12.0
    assert box_of(piece).bottom <= 60
    assert tuple(piece.pixels[piece.pixels[..., 3] > 250][0, :3]) == (255, 0, 0)
    upright, turned = one("Turned"), one("Turned", style=Style(angle=90))
    assert turned.pixels.shape[0] > upright.pixels.shape[0]


def test_white_letters_on_black_and_an_outline_on_art():
    dark = one("Dark", sheet(paper=0), color="#efefef")
    assert tuple(dark.pixels[dark.pixels[..., 3] > 250][0, :3]) == (255, 255, 255)
    unread = one("Dark", sheet(paper=0), color="#202020")  # the source had an outline, or was measured wrong
    assert tuple(unread.pixels[unread.pixels[..., 3] > 250][0, :3]) == (255, 255, 255)
    noise = np.random.default_rng(1).integers(0, 255, (*SIZE, 3)).astype(np.uint8)
    on_art = one("Art", noise, bubble=None)
    colors = {tuple(color) for color in on_art.pixels[on_art.pixels[..., 3] > 250][:, :3]}
    assert {(0, 0, 0), (255, 255, 255)} <= colors


def test_shouts_are_larger_and_captions_begin_on_the_left():
    assert one("Stop!!").size == pytest.approx(24.0)
    assert one("*Stop it*").size == pytest.approx(24.0)
    assert one("Stop!").size == 20.0
    cfg = TypesetConfig(leading=1.5)
    caption = one("It was long ago\nso long", cfg=cfg, kind="caption", body=14)
    alpha = caption.pixels[..., 3] > 128
    ends = np.nonzero(~alpha.any(axis=1))[0]
    first, second = alpha[: ends[0]], alpha[ends[-1] + 1 :]
    assert abs(int(np.nonzero(first.any(0))[0][0]) - int(np.nonzero(second.any(0))[0][0])) <= 3


def test_effects_fill_their_place_and_lean_as_the_source():
    tall = one("Boom", kind="sfx", bubble=None, box=Box(300, 40, 340, 240), action="inpaint")
    assert tall.pixels.shape[0] > 2 * tall.pixels.shape[1]
    ink = box_of(tall)
    assert ink.left >= 295
    assert ink.right <= 345


def test_two_regions_share_a_balloon_without_meeting():
    cfg = TypesetConfig()
    above = region("One two three four five six", id="a", box=Box(120, 60, 200, 130))
    below = region("Seven eight nine ten eleven", id="b", box=Box(120, 170, 200, 240))
    first, second = pieces(sheet(), [above, below], Fonts(cfg), cfg, 18)
    assert box_of(first).bottom <= box_of(second).top


def test_two_texts_of_columns_side_by_side_are_set_one_above_the_other():
    cfg = TypesetConfig()
    narrow = Box(100, 20, 200, 280)
    beside = [
        region("discouragements everywhere", bubble=narrow, box=Box(155, 80, 175, 200)),
        region("and regrets", id="001-0202", bubble=narrow, box=Box(125, 90, 145, 210)),
    ]
    made = pieces(sheet(narrow), beside, Fonts(cfg), cfg, 16.0)
    assert all(piece.fits for piece in made)
    assert box_of(made[0]).bottom <= box_of(made[1]).top
    roomy = Box(20, 20, 380, 280)
    apart = [
        region("yes", bubble=roomy, box=Box(255, 80, 275, 200)),
        region("no", id="001-0202", bubble=roomy, box=Box(125, 90, 145, 210)),
    ]
    made = pieces(sheet(roomy), apart, Fonts(cfg), cfg, 16.0)
    assert box_of(made[0]).left >= box_of(made[1]).right


def test_no_blank_stands_before_dots_that_end_a_phrase():
    assert one("so cheap ... no").lines[-1].endswith("NO")
    assert "CHEAP..." in " ".join(one("so cheap ... no").lines)
    assert "... NO" in " ".join(one("... no").lines)
    assert "A ...B" in " ".join(one("a ...b").lines)


def test_columns_run_down_and_from_the_right():
    cfg = TypesetConfig(direction="vertical", language="zh")
    faces = Fonts(cfg)
    piece = pieces(sheet(), [region("天文部幫忙吧就來我們這裏", id="v")], faces, cfg, 40)[0]
    assert len(piece.lines) > 1
    assert faces.warnings


def test_the_chapter_s_size_follows_the_source():
    regions = [region("", font_size=size) for size in (20, 30, 40)] + [region("", kind="sfx", font_size=200)]
    assert body_size(regions, TypesetConfig()) == pytest.approx(0.65 * 30)
    assert body_size(regions, TypesetConfig(size=18)) == 18
    assert body_size([], TypesetConfig()) == setting.UNKNOWN_SIZE


def test_a_page_looks_as_it_did(request):
    """Glyphs may move by a hair with another FreeType or HarfBuzz; lines, sizes and places may not."""
    cfg = TypesetConfig()
    image = np.concatenate([sheet(), sheet(Box(30, 20, 370, 180), art=220)])
    regions = [
        region("So this is *really* what you wanted to tell me, isn't it, Sonoyama?"),
        region("Three years later", kind="caption", bubble=None, box=Box(280, 20, 380, 60), id="b"),
        region("No way!!", bubble=Box(30, 320, 370, 480), box=Box(150, 360, 250, 440), id="c"),
        region("Crash", kind="sfx", bubble=None, box=Box(20, 510, 380, 590), id="d", action="inpaint"),
    ]
    made = composed(image, pieces(image, regions, Fonts(cfg), cfg, 22))[..., 0]
    if request.config.getoption("--regenerate"):
        GOLDEN.parent.mkdir(exist_ok=True)
        Image.fromarray(made).save(GOLDEN, optimize=True)
    golden = np.array(Image.open(GOLDEN)).astype(int)
    assert np.abs(golden - made).mean() < MEAN
    assert (np.abs(golden - made) > 100).mean() < STRANGE
    moved = np.roll(made, 2, axis=0)
    assert np.abs(golden - moved).mean() > MEAN  # two pixels would be seen


def test_page_typeset_composes_the_pieces():
    cfg = TypesetConfig()
    image, regions = sheet(), (region("Hello there"),)
    made = page.typeset(image, regions, Fonts(cfg), cfg)
    assert (made == composed(image, pieces(image, regions, Fonts(cfg), cfg, body_size(regions, cfg)))).all()
    assert (made != image).any()
