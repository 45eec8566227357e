"""One page from Python."""

import numpy as np
import pytest
from PIL import Image

import mangaclean
from mangaclean import engines, work
from mangaclean.types import Finding
from tests import drawn


@pytest.fixture
def config(monkeypatch):
    """Settings under which a fake segmenter reports one column, and the ground is painted white."""
    image = drawn.page()
    drawn.balloon(image, (200, 200), (90, 110))
    line = drawn.column(image, 190, 130, 5)
    monkeypatch.setattr(engines, "load", lambda stage, cfg: ENGINES[stage](line))
    work.engine.cache_clear()
    yield image
    work.engine.cache_clear()


ENGINES = {
    "segment": lambda line: lambda image: Finding(lines=(line,)),
    "inpaint": lambda line: lambda image, mask: np.where(mask[..., None], 255, image).astype(np.uint8),
    "ocr": lambda line: lambda image, regions: [mangaclean.types.Reading(r.text, 0.9) for r in regions],
}


def test_a_page_from_a_file_comes_back_clean(config, tmp_path):
    Image.fromarray(config).convert("L").save(tmp_path / "001.png", dpi=(300, 300))
    page = mangaclean.clean(tmp_path / "001.png")
    page.save(tmp_path / "cleaned.png")
    with Image.open(tmp_path / "cleaned.png") as saved:
        assert saved.mode == "L"
        assert saved.info["dpi"][0] == pytest.approx(300, abs=1)
        made = np.asarray(saved)
    assert (made[130:240, 190:210] == 255).all()
    assert (made[~page.mask] == config[..., 0][~page.mask]).all()
    assert [region.text for region in page.regions] == ["あああああ"]


def test_an_array_will_do(config, tmp_path):
    page = mangaclean.clean(config)
    assert page.mask.any()
    page.save(tmp_path / "cleaned.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "cleaned.png")), page.image)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'cleen'"):
        _ = mangaclean.cleen
