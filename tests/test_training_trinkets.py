"""Small drawings beside letters: drawn where nothing is lettered, and nowhere else."""

import numpy as np
import pytest

from training import trinkets

BOX = (100, 80, 180, 110)


def changed(seed: int, bare: np.ndarray, *, ruled: bool = False) -> np.ndarray:
    """Where a drawing changed white paper (H, W)."""
    paper = np.full((*bare.shape, 3), 255, np.uint8)
    draw = trinkets.rule if ruled else trinkets.strew
    draw(np.random.default_rng(seed), paper, bare, BOX)
    return (paper != 255).any(2)


@pytest.mark.parametrize("ruled", [False, True])
def test_drawings_stand_near_a_box_and_never_on_lettering(ruled: bool) -> None:
    bare = np.ones((240, 320), bool)
    bare[80:110, 100:180] = False
    drawn = [changed(seed, bare, ruled=ruled) for seed in range(40)]
    assert sum(each.any() for each in drawn) > 20
    assert not any((each & ~bare).any() for each in drawn)
    assert not any(each[200:, 290:].any() for each in drawn)
    assert len({each.tobytes() for each in drawn}) > 20


def test_the_same_seed_draws_the_same() -> None:
    bare = np.ones((240, 320), bool)
    np.testing.assert_array_equal(changed(3, bare), changed(3, bare))


def test_where_nothing_is_bare_nothing_is_drawn() -> None:
    assert not any(changed(seed, np.zeros((240, 320), bool)).any() for seed in range(10))
