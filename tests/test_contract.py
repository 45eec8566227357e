"""Every engine by name: what it takes, what it gives back, and that it does so twice."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mangaclean import engines
from mangaclean.config import InpaintConfig, OcrConfig, SegmentConfig
from mangaclean.engines import openvino
from mangaclean.errors import MissingError, UsageError
from mangaclean.types import Box, Image, Line, Reading, Region

SIZES = [(1, 1), (1, 40), (7, 3), (33, 65), (64, 64), (101, 57)]
LAMA = "its weights are the user's own; test_engines_painters.py makes some on the spot"
SETTINGS = {"segment": SegmentConfig, "inpaint": InpaintConfig, "ocr": OcrConfig}


def installed(stage: engines.Stage) -> list[object]:
    """All names of a stage; those that cannot run here are skipped with the reason."""
    reasons = {name: engines.available(stage, name) for name in engines.names(stage)}
    return [pytest.param(name, marks=pytest.mark.skipif(bool(why), reason=str(why))) for name, why in reasons.items()]


def picture(height: int, width: int, grey: bool = False) -> Image:
    page = np.random.default_rng(7).integers(0, 256, (height, width, 1 if grey else 3), np.uint8)
    return np.repeat(page, 3, 2) if grey else page


def region(box: Box) -> Region:
    corners = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
    return Region(
        id="1", order=1, panel=1, kind="speech", box=box, polygon=corners, bubble=None, vertical=box.height > box.width,
        angle=0.0, font_size=12.0, color="#000000", outline=None, action="fill", reason="", lines=(Line(corners),),
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", installed("inpaint"))
@pytest.mark.parametrize("cover", ["empty", "full", "some"])
def test_inpainters(name: str, size: tuple[int, int], cover: str) -> None:
    if name == "lama":
        pytest.skip(LAMA)
    inpainter = engines.load("inpaint", InpaintConfig(engine=name))
    image = picture(*size)
    mask = np.random.default_rng(2).random(size) < {"empty": 0, "full": 1, "some": 0.15}[cover]
    image_before, mask_before = image.copy(), mask.copy()
    painted = inpainter(image, mask)
    assert painted.shape == image.shape
    assert painted.dtype == np.uint8
    np.testing.assert_array_equal(painted, inpainter(image, mask))
    np.testing.assert_array_equal(image, image_before)
    np.testing.assert_array_equal(mask, mask_before)
    if cover == "empty":
        np.testing.assert_array_equal(painted, image)
    if cover == "full":
        assert (painted == 255).all()


@pytest.mark.parametrize("name", installed("inpaint"))
def test_inpainters_keep_grey_grey(name: str) -> None:
    if name == "lama":
        pytest.skip(LAMA)
    mask = np.zeros((64, 80), bool)
    mask[20:40, 30:50] = True
    painted = engines.load("inpaint", InpaintConfig(engine=name))(picture(64, 80, grey=True), mask)
    assert (painted == painted[..., :1]).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", installed("ocr"))
def test_readers(name: str, size: tuple[int, int]) -> None:
    if name == "manga-ocr":
        pytest.skip("its weights come from a hub; test_engines_ocr.py makes some on the spot")
    reader = engines.load("ocr", OcrConfig(engine=name, language="en"))  # Tesseract comes with English
    height, width = size
    image = picture(*size)
    regions = [region(Box(0, 0, width, height)), region(Box(width // 2, height // 2, width, height))]
    readings = list(reader(image, regions))
    assert len(readings) == 2
    for reading in readings:
        assert isinstance(reading, Reading)
        assert isinstance(reading.text, str)
        assert 0 <= reading.confidence <= 1
        assert isinstance(reading.confidence, float)
    assert list(reader(image, regions)) == readings
    assert list(reader(image, [])) == []


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (101, 57)])
@pytest.mark.parametrize("name", installed("segment"))
def test_segmenters(name: str, size: tuple[int, int]) -> None:
    segmenter = engines.load("segment", SegmentConfig(engine=name))
    finding = segmenter(picture(*size))
    again = segmenter(picture(*size))
    for each, same in ((getattr(finding, name), getattr(again, name)) for name in ("text", "sfx", "bubbles")):
        assert each is None or (each.shape == size and each.dtype == np.uint8)
        assert np.array_equal(each, same)
    for line in finding.lines:
        assert all(0 <= x <= size[1] and 0 <= y <= size[0] for x, y in line.polygon)
    assert again.lines == finding.lines


@pytest.mark.parametrize("stage", ["segment", "inpaint", "ocr"])
def test_the_default_engine_is_known_and_works(stage: engines.Stage) -> None:
    default = SETTINGS[stage]().engine
    assert default in engines.names(stage)
    assert engines.available(stage, default) is None


@pytest.mark.parametrize("stage", ["segment", "inpaint", "ocr"])
def test_every_entry_names_a_factory(stage: engines.Stage) -> None:
    from importlib import import_module

    for place in engines.ENGINES[stage].values():
        module, _, factory = place.partition(":")
        assert callable(getattr(import_module(module), factory))


def test_an_unknown_engine_is_named_with_its_likeness() -> None:
    with pytest.raises(UsageError, match="'patchmach'; did you mean 'patchmatch'"):
        engines.load("inpaint", InpaintConfig(engine="patchmach"))
    with pytest.raises(UsageError, match="'magic'; there are rapidocr, manga-ocr, tesseract, none"):
        engines.revision("ocr", OcrConfig(engine="magic"))


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines.util, "find_spec", lambda name: None)
    with pytest.raises(MissingError, match=r"'pypatchmatch' is missing; pip install 'mangaclean\[patchmatch\]'"):
        engines.load("inpaint", InpaintConfig(engine="patchmatch"))
    assert engines.available("inpaint", "white") is None


def test_a_missing_program_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "'tesseract' is not on the PATH" in (engines.available("ocr", "tesseract") or "")
    assert engines.revision("ocr", OcrConfig(engine="tesseract")).endswith("tesseract missing")


def test_a_revision_follows_packages_and_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def now(**settings: str) -> str:
        return engines.revision("ocr", OcrConfig(**settings))  # type: ignore[arg-type]

    assert now(engine="rapidocr") == now(engine="rapidocr") != now(engine="none")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights").write_bytes(b"1")
    before = now(engine="manga-ocr", weights=str(folder))
    (folder / "weights").write_bytes(b"2")
    assert now(engine="manga-ocr", weights=str(folder)) != before
    assert now(engine="manga-ocr", weights="some/name").endswith("some/name")
    before = now(engine="rapidocr")
    monkeypatch.setattr(engines.metadata, "version", lambda package: "0.0.1")
    assert now(engine="rapidocr") != before


def test_names_and_revisions_import_nothing_heavy() -> None:
    import subprocess

    code = (
        "import sys; from types import SimpleNamespace as S; from mangaclean import engines\n"
        "[engines.revision(stage, S(engine=name)) for stage in engines.ENGINES"
        " for name in engines.names(stage) if not engines.available(stage, name)]\n"
        "print(sorted({'cv2', 'onnxruntime', 'rapidocr', 'patchmatch', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_threads_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANGACLEAN_THREADS", "3")
    assert engines.threads() == 3
    monkeypatch.delenv("MANGACLEAN_THREADS")
    assert engines.threads() >= 1


@pytest.mark.parametrize("stage", ["segment", "inpaint"])
def test_a_number_of_threads_that_is_none_is_named(stage: engines.Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANGACLEAN_THREADS", "two")
    monkeypatch.setattr(openvino, "network", lambda model: None)
    with pytest.raises(UsageError, match="MANGACLEAN_THREADS is 'two'; give a number"):
        engines.load(stage, SETTINGS[stage]())
