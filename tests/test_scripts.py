"""The scripts in benchmarks/ and examples/ run, and their figures are what they say."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent


def script(*words):
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def figures(text):
    return {name: float(value) for name, value in (line.split() for line in text.splitlines())}


@pytest.fixture
def truth(tmp_path):
    """A set of one page with two blocks of lettering, and an output in which one of them is erased."""
    clean = np.full((200, 200), 255, np.uint8)
    page, mask = clean.copy(), np.zeros_like(clean)
    for top in (40, 130):
        page[top : top + 20, 50:70] = 0
        mask[top : top + 20, 50:70] = 255
    made = page.copy()
    made[38:62, 48:72] = 255
    made[100:104, 150:160] = 0  # harm: 40 of 40,000 pixels
    for folder, picture in (("set/pages", page), ("set/clean", clean), ("set/mask", mask), ("out/cleaned", made)):
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(picture).save(tmp_path / folder / "001.png")
    regions = [{"box": [100, 10, 120, 60], "text": "あいう"}, {"box": [10, 10, 30, 60], "text": "かきく…"}]
    (tmp_path / "set/truth.json").write_text(json.dumps([{"page": "001.png", "regions": regions}]))
    read = [
        {"order": 2, "box": [101, 12, 119, 58], "text": "あいう"},
        {"order": 1, "box": [11, 12, 29, 58], "text": "かさく"},
    ]
    (tmp_path / "out/text.json").write_text(json.dumps({"pages": [{"page": "001.png", "regions": read}]}))
    return tmp_path


def test_score_counts_what_is_left_harmed_and_misread(truth):
    got = figures(script("benchmarks/score.py", truth / "set", truth / "out"))
    assert got["erased_flat"] == 0.5
    assert got["harm_permille"] == 1.0
    assert got["region_recall"] == 1.0
    assert got["cer"] == pytest.approx(1 / 6, abs=1e-4)
    assert got["exact"] == 0.5
    assert got["order_pairs_right"] == 0.0


def test_score_reads_what_is_left(truth):
    assert figures(script("benchmarks/score.py", truth / "set", truth / "out", "--again"))["still_readable"] == 0.0


def test_inpaint_compares_engines(truth):
    out = script("benchmarks/inpaint.py", truth / "set", "--engines", "white,telea")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:]}
    assert rows["white"][:2] == ["2", "50.00"]
    assert set(rows) == {"white", "telea"}


def test_inpaint_takes_masks_that_a_run_found(truth):
    found = np.zeros((200, 200), np.uint8)
    found[36:64, 46:74] = 255  # of two blocks, one
    (truth / "out/masks").mkdir()
    Image.fromarray(found).save(truth / "out/masks/001.png")
    out = script("benchmarks/inpaint.py", truth / "set", "--engines", "white", "--masks", truth / "out/masks")
    assert 25 < float(out.splitlines()[1].split()[2]) < 30  # the mean of 50 dB and of next to nothing


def test_inpaint_gives_pages_whole(truth):
    for folder in ("pages", "clean"):  # on grey ground, a flat fill knows better than white
        path = truth / "set" / folder / "001.png"
        Image.fromarray(np.minimum(np.asarray(Image.open(path)), 200)).save(path)
    filled, whole = (
        float(script("benchmarks/inpaint.py", truth / "set", "--engines", "white", *how).splitlines()[1].split()[2])
        for how in ((), ("--whole",))
    )
    assert filled == 50.0
    assert whole < 15


def test_pictures_stand_side_by_side(tmp_path):
    for folder, tone in (("ch", 0), ("out/cleaned", 255)):
        (tmp_path / folder).mkdir(parents=True)
        for stem in ("003", "004"):
            Image.new("L", (100, 150), tone).save(tmp_path / folder / f"{stem}.png")
    script("examples/pictures.py", tmp_path / "ch", tmp_path / "out", tmp_path / "pictures")
    with Image.open(tmp_path / "pictures/003.jpg") as sheet:
        assert sheet.size == (1212, 900)
        assert sheet.getpixel((300, 450)) == (0, 0, 0)
        assert sheet.getpixel((900, 450)) == (255, 255, 255)


def test_speed_tells_ratios(tmp_path):
    (tmp_path / "ch").mkdir()
    Image.new("L", (64, 64), 255).save(tmp_path / "ch/001.png")
    out = script("benchmarks/speed.py", tmp_path / "ch", "--times", "1", "--with", "--workers 1")
    assert "of the defaults" in out
