"""Tiles decide each masked pixel once, keep components whole, and paste without seams."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from mangaclean import tiles
from mangaclean.types import Image, Mask

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=90), elements=st.booleans())


@st.composite
def blots(draw: st.DrawFn) -> Mask:
    """A page with a few rectangles: small ones, ones that touch, ones larger than a core."""
    height, width = draw(st.integers(1, 260)), draw(st.integers(1, 260))
    mask = np.zeros((height, width), bool)
    for _ in range(draw(st.integers(0, 6))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        mask[top : top + draw(st.integers(1, 220)), left : left + draw(st.integers(1, 220))] = True
    return mask


def total(mask: Mask, core: int, context: int) -> NDArray[np.float64]:
    weights = np.zeros(mask.shape)
    for tile in tiles.plan(mask, core, context):
        weights[tile.window.slices] += tile.weight
    return weights


@settings(max_examples=60, deadline=None)
@given(st.one_of(blots(), masks), st.sampled_from([16, 64, 100]), st.sampled_from([0, 7, 40]))
def test_weights_add_up_to_one_on_the_mask_and_nothing_elsewhere(mask: Mask, core: int, context: int) -> None:
    np.testing.assert_allclose(total(mask, core, context), mask, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(blots(), st.sampled_from([64, 100]))
def test_windows_are_bounded_and_unblended_tiles_are_alone(mask: Mask, core: int) -> None:
    writers = np.zeros(mask.shape, int)
    blended = np.zeros(mask.shape, bool)
    for tile in tiles.plan(mask, core, 10):
        assert tile.window.width <= core + 20
        assert tile.window.height <= core + 20
        assert tile.weight.shape == (tile.window.height, tile.window.width)
        writers[tile.window.slices] += tile.own
        blended[tile.window.slices] |= tile.own & tile.blended
    assert (writers[~blended] <= 1).all()


def test_a_component_that_fits_is_never_cut() -> None:
    mask = np.zeros((300, 300), bool)
    mask[10:70, 10:14] = mask[66:70, 10:60] = True  # an L
    mask[40:44, 30:34] = True  # inside its corner
    (tile,) = tiles.plan(mask, 64, 8)
    assert not tile.blended
    assert (mask[tile.window.slices] == tile.own).all()
    assert tile.window == (2, 2, 68, 78)


def test_near_components_share_a_tile_and_far_ones_do_not() -> None:
    mask = np.zeros((400, 400), bool)
    for x in (20, 40, 300):
        mask[20:30, x : x + 10] = True
    found = list(tiles.plan(mask, 128, 32))
    assert [tile.own.sum() for tile in found] == [200, 100]


def test_empty_mask_has_no_tiles() -> None:
    assert not list(tiles.plan(np.zeros((40, 40), bool), 64, 8))


@settings(max_examples=30, deadline=None)
@given(blots(), st.integers(1, 200), st.integers(1, 200))
def test_empty_rows_and_columns_round_a_page_change_nothing(mask: Mask, rows: int, columns: int) -> None:
    # Away from the page's edge, where windows are clipped
    inner = np.pad(mask, 50)
    moved = np.pad(inner, ((rows, 7), (columns, 5)))
    here, there = list(tiles.plan(inner, 64, 20)), list(tiles.plan(moved, 64, 20))
    assert len(here) == len(there)
    for a, b in zip(here, there, strict=True):
        assert (a.window.left + columns, a.window.top + rows) == (b.window.left, b.window.top)
        np.testing.assert_array_equal(a.weight, b.weight)


def test_a_long_strip_is_planned_by_what_is_on_it() -> None:
    mask = np.zeros((30_000, 800), bool)
    mask[29_000:29_020, 100:130] = True
    mask[50:60, 100:130] = True
    found = list(tiles.plan(mask, 512, 96))
    assert len(found) == 2
    assert max(tile.weight.size for tile in found) < 300 * 300


def gradient(height: int, width: int) -> Image:
    ramp = np.linspace(0, 255, width).round().astype(np.uint8)
    return np.broadcast_to(ramp[None, :, None], (height, width, 3)).copy()


@pytest.mark.parametrize("core", [64, 100])
def test_tiles_that_agree_are_pasted_exactly(core: int) -> None:
    image = gradient(300, 500)
    mask = np.zeros((300, 500), bool)
    mask[20:280, 30:470] = True
    mask[5:10, 5:10] = True
    out = image.copy()
    tiles.compose(out, mask, core, 16, lambda tile, hole: 255 - tile)
    np.testing.assert_array_equal(out[mask], 255 - image[mask])
    np.testing.assert_array_equal(out[~mask], image[~mask])


def test_tiles_that_disagree_leave_no_edge() -> None:
    image = np.zeros((400, 600, 3), np.uint8)
    mask = np.ones((400, 600), bool)
    tones = iter(range(0, 2000, 60))

    def paint(tile: Image, hole: Mask) -> Image:
        return np.full_like(tile, next(tones) % 240)

    tiles.compose(image, mask, 128, 16, paint)
    out = image.astype(int)
    # The steepest ramp: 240 levels over a quarter of a core
    assert np.abs(np.diff(out[..., 0], axis=1)).max() <= 9
    assert np.abs(np.diff(out[..., 0], axis=0)).max() <= 9
    assert out.max() > 100


def test_paint_sees_all_that_is_masked_in_its_window() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    mask = np.zeros((200, 200), bool)
    mask[20:60, 20:60] = mask[20:60, 70:110] = True
    seen = []
    tiles.compose(image, mask, 64, 40, lambda tile, hole: (seen.append(int(hole.sum())), tile)[1])
    assert seen == [1600 + 30 * 40] * 2
