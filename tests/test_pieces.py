"""Connected pieces of a mask, and how much of each another mask holds."""

import numpy as np
import pytest

from mangaclean.pieces import ROWS, pieces


def test_each_piece_has_its_box_and_its_area() -> None:
    mask = np.zeros((20, 30), bool)
    mask[2:5, 3:10] = mask[10:18, 20:22] = True
    found = pieces(mask)
    assert found.extents[1:].tolist() == [[3, 2, 7, 3], [20, 10, 2, 8]]
    assert found.areas[1:].tolist() == [21, 16]
    assert found.sides[1:].tolist() == [7, 8]
    assert mask[found.box(2).slices].all()


@pytest.mark.parametrize("connectivity", [4, 8])
def test_pieces_are_counted_as_their_labels_tell(connectivity: int) -> None:
    rng = np.random.default_rng(1)
    mask, where = (rng.random((2, ROWS + 70, 50)) < 0.4).astype(bool)
    found = pieces(mask, connectivity)
    expected = np.array([(found.labels[where] == i).sum() for i in range(len(found))])
    np.testing.assert_array_equal(found.count(where), expected)
    np.testing.assert_allclose(
        found.share(where)[1:], expected[1:] / [(found.labels == i).sum() for i in range(1, len(found))]
    )
    keep = rng.random(len(found)) < 0.5
    keep[0] = True
    np.testing.assert_array_equal(found.those(keep), keep[found.labels] & mask)


def test_corners_join_pieces_or_part_them() -> None:
    mask = np.eye(4, dtype=bool)
    assert len(pieces(mask)) == 2
    assert len(pieces(mask, connectivity=4)) == 5


def test_nothing_marked() -> None:
    found = pieces(np.zeros((5, 6), bool))
    assert len(found) == 1
    assert not found.those(np.ones(1, bool)).any()
    assert found.share(np.ones((5, 6), bool)).shape == (1,)
