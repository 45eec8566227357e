"""Original and cleaned pages become truth."""

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from training import pairs
from training.canvas import MIXED, TYPESET

HIGH, WIDE = 420, 300


def cleaned_page(seed: int = 0) -> pairs.Picture:
    """Panels with hatching, circles, a gradient and a screentone."""
    rng = np.random.default_rng(seed)
    page = np.full((HIGH, WIDE), 255, np.uint8)
    page[20:200, 20:140] = np.linspace(90, 240, 180)[:, None]
    dots = np.add.outer(np.arange(180), np.arange(140))
    page[220:400, 20:160][(dots % 6 < 2) & (np.subtract.outer(np.arange(180), np.arange(140)) % 6 < 2)] = 60
    for left, top, right, bottom in (
        (20, 20, 140, 200),
        (150, 20, 280, 200),
        (20, 220, 160, 400),
        (170, 220, 280, 400),
    ):
        cv2.rectangle(page, (left, top), (right, bottom), 0, 2)
    for _ in range(30):
        ends = rng.integers(20, 400, 4)
        cv2.line(page, (int(ends[0]) % WIDE, int(ends[1])), (int(ends[2]) % WIDE, int(ends[3])), 0, 1, cv2.LINE_AA)
    for _ in range(8):
        x, y = rng.integers(20, 280, 2)
        cv2.circle(page, (int(x), int(y) + 60), int(rng.integers(8, 30)), 0, 2, cv2.LINE_AA)
    for top in (40, 250):
        cv2.ellipse(page, (215, top + 50), (50, 45), 0, 0, 360, 255, -1, cv2.LINE_AA)
        cv2.ellipse(page, (215, top + 50), (50, 45), 0, 0, 360, 0, 2, cv2.LINE_AA)
    return np.repeat(page[:, :, None], 3, 2)


def lettered(page: pairs.Picture) -> tuple[pairs.Picture, NDArray[np.bool_]]:
    """The page with lettering in balloons and an effect on the art, and where it is."""
    stamp = np.zeros(page.shape[:2], np.uint8)
    for number, line in enumerate(("WHAT", "IS IT", "THEN")):
        cv2.putText(stamp, line, (185, 75 + 18 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 2, cv2.LINE_AA)
        cv2.putText(stamp, line, (185, 285 + 18 * number), cv2.FONT_HERSHEY_COMPLEX, 0.5, 255, 1, cv2.LINE_AA)
    rim = np.zeros_like(stamp)
    cv2.putText(rim, "BOOM", (25, 330), cv2.FONT_HERSHEY_TRIPLEX, 1.5, 255, 9, cv2.LINE_AA)
    cv2.putText(stamp, "BOOM", (25, 330), cv2.FONT_HERSHEY_TRIPLEX, 1.5, 255, 2, cv2.LINE_AA)
    share = rim[:, :, None] / 255
    drawn = page * (1 - share) + 255 * share
    share = stamp[:, :, None] / 255
    return (drawn * (1 - share)).astype(np.uint8), np.maximum(stamp, rim) > 40


def packed(page: pairs.Picture, quality: int) -> pairs.Picture:
    _, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def warped(page: pairs.Picture, matrix: NDArray[np.float64]) -> pairs.Picture:
    moved = cv2.warpAffine(page, matrix, (WIDE, HIGH), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))
    return np.asarray(moved, np.uint8)


def shifted(page: pairs.Picture, right: float, down: float) -> pairs.Picture:
    return warped(page, np.array([[1.0, 0, right], [0, 1, down]]))


def turned(page: pairs.Picture, degrees: float) -> pairs.Picture:
    return warped(page, np.asarray(cv2.getRotationMatrix2D((WIDE / 2, HIGH / 2), degrees, 1.004), np.float64))


def scaled(page: pairs.Picture, size: float) -> pairs.Picture:
    how = cv2.INTER_AREA if size < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(page, (round(WIDE * size), round(HIGH * size)), interpolation=how), np.uint8)


CHANGES = {
    "none": lambda page: page,
    "jpeg": lambda page: packed(page, 80),
    "shift": lambda page: shifted(page, 2, 1),
    "sub-pixel shift": lambda page: shifted(page, -3.4, 5.7),
    "gain": lambda page: (page * 0.95).astype(np.uint8),
    "levels": lambda page: np.clip(page * 1.15 - 12.0, 0, 255).astype(np.uint8),
    "turn": lambda page: turned(page, 0.7),
    "larger": lambda page: scaled(page, 1.5),
    "shift, gain, jpeg": lambda page: packed((shifted(page, 2, 1) * 0.95).astype(np.uint8), 80),
    "larger, turn, gain, jpeg": lambda page: packed((scaled(turned(page, -0.5), 1.5) * 0.95).astype(np.uint8), 80),
}


def overlap(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Intersection over union, of a mask that max-pooling grew."""
    grown = cv2.dilate(truth.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return float((mask & grown).sum() / (mask | grown).sum())


@pytest.mark.parametrize("change", list(CHANGES))
def test_lettering_is_found_again(change: str) -> None:
    clean = cleaned_page()
    page, truth = lettered(clean)
    found = pairs.difference(packed(page, 80), CHANGES[change](clean), pool=3)
    assert overlap(found.mask, truth) > 0.8, (overlap(found.mask, truth), found.warp, found.alike)


def test_overlap_can_fail() -> None:
    truth = lettered(cleaned_page())[1]
    assert overlap(truth, truth) < 1
    assert overlap(np.roll(truth, 8, 1), truth) < 0.5


def test_pooling_grows_and_threshold_shrinks() -> None:
    clean = cleaned_page()
    page, _ = lettered(clean)
    shares = [pairs.difference(page, clean, pool=side).share for side in (1, 3, 5, 7)]
    assert shares == sorted(shares)
    assert pairs.difference(page, clean, threshold=150).share < pairs.difference(page, clean, threshold=20).share


def test_specks_are_noise() -> None:
    clean = cleaned_page()
    clean[204:216] = 255
    page = clean.copy()
    page[209:211, 60:62] = 0
    assert pairs.difference(page, clean).share == 0
    assert pairs.difference(page, clean, specks=4).share > 0


def test_levels_are_found_under_lettering() -> None:
    clean = cleaned_page()
    page, _ = lettered(clean)
    after = clean[:, :, 0].astype(np.float32) * 0.9 + 12
    gain, offset = pairs.levels(page[:, :, 0].astype(np.float32), after)
    assert gain == pytest.approx(0.9, abs=0.01)
    assert offset == pytest.approx(12, abs=1.5)


@pytest.mark.parametrize("shift", [(2.0, 1.0), (-3.4, 5.7), (11.0, -8.5)])
def test_shift_is_found(shift: tuple[float, float]) -> None:
    clean = cleaned_page()
    page, _ = lettered(clean)
    planes = [picture[:, :, 0].astype(np.float32) for picture in (page, shifted(clean, *shift))]
    warp, alike = pairs.align(*planes)
    assert warp[:, 2] == pytest.approx(shift, abs=0.3)
    assert alike > 0.85


def test_other_pages_are_refused() -> None:
    page, _ = lettered(cleaned_page())
    with pytest.raises(pairs.PairError, match="cannot be aligned"):
        pairs.difference(page, cleaned_page(5)[::-1, ::-1])
    with pytest.raises(pairs.PairError, match="shapes differ: 300 × 420 and 420 × 300"):
        pairs.difference(page, np.ascontiguousarray(cleaned_page().transpose(1, 0, 2)))
    with pytest.raises(pairs.PairError, match="differ over"):
        pairs.difference(page, np.full_like(page, 90))


def test_folder_of_pairs_fills_a_pool(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    clean = cleaned_page()
    page, truth = lettered(clean)
    (tmp_path / "original").mkdir()
    (tmp_path / "cleaned").mkdir()
    for name in ("01.png", "02.png", "03.png", "04.png"):
        Image.fromarray(page).save(tmp_path / "original" / name)
    Image.fromarray(packed(clean, 90)).save(tmp_path / "cleaned" / "01.jpg", quality=90)
    Image.fromarray(cleaned_page(5)[::-1]).save(tmp_path / "cleaned" / "02.png")
    (tmp_path / "cleaned" / "03.png").write_bytes(b"no picture")
    words = [f"--{name}={tmp_path / name}" for name in ("original", "cleaned", "pool")]
    with caplog.at_level(logging.WARNING):
        pairs.main([*words, "--pooling", "3"])
    assert "1 of 4" in capsys.readouterr().out
    told = caplog.text
    assert "02.png is passed over: they cannot be aligned" in told
    assert "03.png cannot be read" in told
    assert "04.png is passed over" in told
    assert [path.name for path in (tmp_path / "pool").iterdir()] == ["pair-01.npy"]
    stored = np.load(tmp_path / "pool" / "pair-01.npy")
    assert np.array_equal(stored[:, :, :3], page)
    assert set(np.unique(stored[:, :, 3])) == {MIXED, TYPESET | MIXED}
    assert overlap(stored[:, :, 3] & TYPESET > 0, truth) > 0.8


def test_no_pair_at_all_fails(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(SystemExit) as stopped:
        pairs.main([f"--original={tmp_path}/a", f"--cleaned={tmp_path}/a", f"--pool={tmp_path}/pool"])
    assert stopped.value.code == 1
    with pytest.raises(SystemExit) as stopped:
        pairs.main([f"--original={tmp_path}/b", f"--cleaned={tmp_path}/a", f"--pool={tmp_path}/pool"])
    assert stopped.value.code == 2
