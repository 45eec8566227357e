"""From pages to maps: scale, windows, weights. The network is a function here; the real one is in test_contract."""

import hashlib
import json

import cv2
import numpy as np
import pytest

from mangaclean.config import SegmentConfig
from mangaclean.engines import closeups, openvino, segment, textmap, weights
from mangaclean.engines.onnx import network
from mangaclean.errors import MissingError, UsageError
from mangaclean.types import Line
from tests import drawn


def blurred(data):
    """A network that sees some pixels round each one: darkness, brightness, and a grey."""
    page = data[0].transpose(1, 2, 0)
    soft = cv2.GaussianBlur(page.mean(2), (0, 0), 6, borderType=cv2.BORDER_REPLICATE)
    return np.stack([1 - soft, soft, np.full_like(soft, 0.5)])[None].astype(np.float32)


def page(height, width):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 40 + 2, width // 40 + 2, 3)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


@pytest.mark.parametrize("size", [(1, 1), (33, 65), (1300, 960), (960, 1300), (5000, 400), (700, 3000)])
def test_maps_have_the_pages_size(size):
    made = textmap.maps(page(*size), blurred)
    assert {each.shape for each in made} == {size}
    assert {each.dtype for each in made} == {np.dtype(np.uint8)}


@pytest.mark.parametrize("size", [(4000, 960), (960, 2600)])
def test_windows_leave_no_seam(size):
    image = page(*size)
    whole, cut = textmap.maps(image, blurred, area=10**9), textmap.maps(image, blurred, area=700_000, part=700_000)
    for one, other in zip(whole, cut, strict=True):
        assert np.abs(one.astype(int) - other.astype(int)).max() <= 1


def test_network_sees_windows_of_whole_strides_and_bounded_area():
    sizes = []

    def watched(data):
        sizes.append(data.shape)
        return blurred(data)

    textmap.maps(page(20000, 800), watched)
    assert len(sizes) > 10
    assert all(high % 32 == 0 and wide % 32 == 0 for _, _, high, wide in sizes)
    assert max(high * wide for _, _, high, wide in sizes) <= textmap.AREA * 1.05


@pytest.mark.parametrize(
    ("size", "scale"),
    [((1640, 1246), 0.78), ((1170, 830), 1.157), ((20000, 800), 1.2), ((1000, 1500), 1.28), ((300, 200), 2.0)],
)
def test_pages_are_seen_at_the_width_that_lettering_was_learnt_at(size, scale):
    assert textmap.working_scale(*size) == pytest.approx(scale, abs=0.01)


def test_damaged_weights_are_refused(tmp_path):
    file = tmp_path / "segment.onnx"
    file.write_bytes(b"weights")
    (tmp_path / "weights.json").write_text(json.dumps([{"file": file.name, "sha256": "0" * 64}]))
    with pytest.raises(MissingError, match="damaged"):
        weights.read(file)
    (tmp_path / "weights.json").write_text(
        json.dumps([{"file": file.name, "sha256": hashlib.sha256(b"weights").hexdigest()}])
    )
    assert weights.read(file) == b"weights"


def test_shipped_weights_are_those_of_their_list():
    entries = json.loads((weights.FOLDER / weights.LIST).read_text(encoding="utf-8"))
    assert {entry["file"] for entry in entries} == {path.name for path in weights.FOLDER.glob("*.onnx")}
    for entry in entries:
        weights.read(weights.find(name=entry["file"]))
        assert entry["licence"] == "Apache-2.0"
        assert all(entry[fact] for fact in ("input", "output", "data", "metric", "made"))


def test_revision_changes_with_the_weights(tmp_path):
    other = tmp_path / "other.onnx"
    other.write_bytes(b"other")
    assert weights.revision(other) != weights.revision()
    assert weights.runtime() in weights.revision()


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(MissingError, match=r"no\.onnx"):
        weights.find(tmp_path / "no.onnx")


def test_file_that_is_no_network_is_refused(tmp_path):
    file = tmp_path / "segment.onnx"
    file.write_bytes(b"no network")
    with pytest.raises(UsageError, match="ONNX Runtime can load"):
        textmap.load(file)


def test_another_network_is_refused():
    from importlib.resources import files

    with pytest.raises(UsageError, match="no network for text maps"):
        textmap.load(files("rapidocr").joinpath("models/PP-OCRv6_det_small.onnx"))


def test_openvino_makes_the_same_masks():
    pytest.importorskip("openvino", reason="extra [openvino] is not installed")
    model = weights.read(weights.find())
    fast, plain = openvino.network(model, "f32"), network(model)
    image = page(640, 480)
    cv2.putText(image, "ABC", (60, 300), cv2.FONT_HERSHEY_SIMPLEX, 5, (0, 0, 0), 20)
    for one, other in zip(textmap.maps(image, fast), textmap.maps(image, plain), strict=True):
        assert np.abs(one.astype(int) - other.astype(int)).max() <= 3


@pytest.mark.parametrize(("level", "found"), [(0, False), (20, True)])
def test_what_the_line_detector_overlooked_is_sought_where_the_network_shows_a_glimpse(monkeypatch, level, found):
    image = drawn.page()
    drawn.hatched(image)
    drawn.balloon(image, (200, 200), (50, 90))
    for y in (190, 200, 210):
        cv2.circle(image, (200, y), 2, (0, 0, 0), -1)
    glimpse, nothing = np.zeros((2, *image.shape[:2]), np.uint8)
    glimpse[195, 199] = level
    monkeypatch.setattr(textmap, "load", lambda weights: None)
    monkeypatch.setattr(textmap, "maps", lambda page, network: textmap.Maps(nothing, glimpse, nothing))
    monkeypatch.setattr(segment, "_detect", lambda page, run: [])
    assert ("…" in [line.text for line in segment.net(SegmentConfig())(image).lines]) is found


@pytest.mark.parametrize(("confidence", "stays"), [(0.3, False), (0.6, True)])
def test_a_line_that_reads_badly_gives_way_to_a_mark_in_its_place(monkeypatch, confidence, stays):
    image = drawn.page()
    drawn.balloon(image, (200, 200), (50, 90))
    for y in (190, 200, 210):
        cv2.circle(image, (200, y), 2, (0, 0, 0), -1)
    line = Line(((194, 184), (206, 184), (206, 216), (194, 216)), 0.9)
    monkeypatch.setattr(segment, "_detect", lambda page, run: [line])
    monkeypatch.setattr(segment, "recogniser", lambda: lambda crop: ("l", confidence))
    assert [found.text for found in segment._finder()(image, None)] == (["l"] if stays else ["…"])


def test_lines_are_looked_at_closely_once_they_are_read(monkeypatch):
    image = drawn.page()
    line = Line(((50, 50), (150, 50), (150, 80), (50, 80)), 0.9, "SIGN", 0.9)
    maps = textmap.Maps(*np.zeros((3, *image.shape[:2]), np.uint8))

    def look(page, lines, maps, network):
        assert lines == (line,)
        maps.typeset[60, 60] = 200

    monkeypatch.setattr(textmap, "load", lambda weights: None)
    monkeypatch.setattr(textmap, "maps", lambda page, network: maps)
    monkeypatch.setattr(segment, "_finder", lambda: lambda page, seen: (line,))
    monkeypatch.setattr(closeups, "look", look)
    assert segment.net(SegmentConfig())(image).text[60, 60] == 200


def test_what_may_be_lettering_on_art_is_looked_at_again_closer():
    """A mark on art is seen twice, one in a balloon once, empty paper once; both looks count alike."""
    image = np.full((1280, 960, 3), 200, np.uint8)
    image[200:230, 300:330] = 0  # on art
    image[900:930, 600:630] = 1  # in a balloon
    seen = []

    def network(data):
        seen.append(data.shape[2:])
        typeset, balloon = (data[:, 0] < 0.3) * (0.9 if len(seen) == 1 else 0.5), np.zeros_like(data[:, 0])
        balloon[:, 850:980, 550:680] = 1
        return np.stack([typeset, np.zeros_like(typeset), balloon], 1).astype(np.float32)

    found = textmap.maps(image, network)
    assert seen[0] == (1280, 960)
    assert len(seen) == 2
    assert max(seen[1]) <= (3 + 2 * textmap.BESIDE + 1) * textmap.CELL * textmap.CLOSER
    assert (found.typeset[905:925, 605:625] == 230).all()  # 0.9
    assert np.abs(found.typeset[205:225, 305:325].astype(int) - 191).max() <= 1  # 0.75, the mean of the two as logits
    assert not found.typeset[400:800].any()


def test_cells_that_share_what_is_beside_them_are_seen_in_one_box():
    cells = np.zeros((20, 20), bool)
    cells[2, 2] = cells[2, 4] = cells[15, 15] = True
    boxes = sorted(textmap._boxes(cells))
    assert [tuple(box) for box in boxes] == [(2, 2, 5, 3), (15, 15, 16, 16)]
