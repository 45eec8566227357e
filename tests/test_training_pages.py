"""Pages are drawn with the truth about them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training import art, canvas, comics, draw_pool, effects, lettering, pages
from training.lettering import Face, Faces


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> pages.Sources:
    """Art that is drawn here, and a face that Pillow carries; it writes kana as boxes, which is enough."""
    folder = tmp_path_factory.mktemp("art")
    Image.linear_gradient("L").resize((700, 900)).save(folder / "large.png")
    Image.radial_gradient("L").convert("RGBA").save(folder / "small.png")
    (folder / "E99P01.png").write_bytes(b"left out")
    font = lettering_font(folder)
    face = Face(str(font), 0, True, True, True, False)
    return pages.Sources(art.Art.under([folder], lambda path: "E99" not in path.name), Faces.of([face]), ("ドン",))


def lettering_font(folder: Path) -> Path:
    from io import BytesIO

    from PIL import ImageFont

    carried = ImageFont.load_default(20)
    assert isinstance(carried, ImageFont.FreeTypeFont)
    assert isinstance(carried.path, BytesIO)
    path = folder / "face.ttf"
    path.write_bytes(carried.path.getvalue())
    return path


def test_art_can_be_left_out_by_name(sources: pages.Sources) -> None:
    assert [path.name for folder in sources.art.folders for path in folder] == ["large.png", "small.png"]


def test_page_repeats_with_its_seed_and_differs_with_another(sources: pages.Sources) -> None:
    first, again, other = (pages.draw(np.random.default_rng(seed), sources, 400, 500) for seed in (1, 1, 2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_every_kind_is_drawn(sources: pages.Sources) -> None:
    labels = np.stack([pages.draw(np.random.default_rng(seed), sources, 400, 500)[1] for seed in range(6)])
    for bit in (canvas.TYPESET, canvas.SFX, canvas.BALLOON):
        assert 0.001 < (labels & bit > 0).mean() < 0.8
    assert not ((labels & canvas.TYPESET > 0) & (labels & canvas.SFX > 0)).any()


def test_labels_cover_all_that_lettering_changed(sources: pages.Sources) -> None:
    page = pages.Page(np.random.default_rng(4), sources, 400, 500)
    before = page.image.copy()
    for _ in range(5):
        page.cry()
        page.note()
    changed = np.abs(page.image.astype(int) - before).max(2) > 60
    assert changed.any()
    assert (page.labels[changed] & canvas.SFX > 0).all()


def test_a_rim_like_its_ground_is_no_lettering(sources: pages.Sources) -> None:
    page = pages.Page(np.random.default_rng(4), sources, 200, 200)
    page.image[:], page.labels[:] = 255, 0
    page.image[:100] = 0
    stamp = np.zeros((160, 60), np.uint8)
    stamp[20:140, 20:40] = 255
    rim = np.zeros_like(stamp)
    rim[10:150, 10:50] = 255
    page.print(rim, 70, 20, 255, canvas.SFX)
    page.print(stamp, 70, 20, 0, canvas.SFX)
    assert (page.labels[35:95, 82:118] == canvas.SFX).all()  # white on black
    assert (page.labels[110:158, 92:108] == canvas.SFX).all()  # the letter
    assert (page.labels[115:158, 112:118] == 0).all()  # white on white


def test_what_shows_through_an_outline_is_art(sources: pages.Sources) -> None:
    page = pages.Page(np.random.default_rng(4), sources, 60, 60)
    page.labels[:] = 0
    before = page.image.copy(), page.labels.copy()
    stamp = np.full((40, 40), 255, np.uint8)
    page.print(stamp, 10, 10, 128, canvas.SFX)
    page.put_back(*before, page.laid(stamp[5:-5, 5:-5], 15, 15) > 200)
    assert np.array_equal(page.image[15:45, 15:45], before[0][15:45, 15:45])
    assert (page.labels[20:40, 20:40] == 0).all()


def test_pool_is_filled_whole(sources: pages.Sources, tmp_path: Path) -> None:
    image, labels = pages.draw(np.random.default_rng(3), sources, 300, 400)
    draw_pool.save(tmp_path / "1.npy", image, labels)
    assert [path.name for path in tmp_path.iterdir()] == ["1.npy"]
    stored = np.load(tmp_path / "1.npy")
    assert np.array_equal(stored[:, :, :3], image)
    assert np.array_equal(stored[:, :, 3], labels)


def test_effect_outline_holds_its_letters(sources: pages.Sources) -> None:
    face = sources.faces.all[0]
    fill, hull = effects.effect(np.random.default_rng(0), "ABC", face, 60, 4)
    assert fill.shape == hull.shape
    assert (hull >= fill).all()
    assert (hull > 127).sum() > 1.2 * (fill > 127).sum()


def test_faces_without_kana_are_refused() -> None:
    with pytest.raises(ValueError, match="Japanese"):
        Faces.of([Face("x.ttf", 0, False, False, True, False)])


def test_character_that_a_face_lacks_is_not_drawn(sources: pages.Sources) -> None:
    assert lettering.writable("Aあ!", sources.faces.all[0]) == "A!"


def test_real_page_is_read_with_lettering_and_balloons(tmp_path: Path) -> None:
    for name in ("clean", "balloons", "lettering-xx"):
        (tmp_path / name).mkdir()
    Image.new("RGB", (200, 300), "white").save(tmp_path / "clean" / "E01P01.png")
    Image.new("RGB", (200, 300), "white").save(tmp_path / "clean" / "E02P01.png")
    layer = Image.new("RGBA", (200, 300))
    layer.paste((0, 0, 0, 255), (40, 60, 80, 100))
    layer.save(tmp_path / "lettering-xx" / "E01P01.png")
    balloon = Image.new("1", (200, 300))
    balloon.paste(1, (20, 40, 120, 140))
    balloon.save(tmp_path / "balloons" / "E01P01.png")
    index = (
        '[{"page": "E01P01", "credits": false}, {"page": "E02P01", "credits": true}, {"page": "E03", "credits": false}]'
    )
    (tmp_path / "index.json").write_text(index)
    (page,) = comics.find(tmp_path)
    assert comics.find(tmp_path, ("E01",)) == ()
    image, letters, balloons = comics.read(page, page.lettering[0], 100)
    assert image.shape == (150, 100, 3)
    assert letters[32:48, 22:38].all()
    assert letters.sum() == 20 * 20
    assert balloons.sum() == 50 * 50
    assert (image[35, 30] == 0).all()
    assert (comics.read(page, None, 100)[0] == 255).all()


@pytest.fixture
def lettered(tmp_path: Path) -> comics.Comic:
    """A page with an effect on its art, a block in a balloon, and a scroll that its layer draws."""
    Image.new("RGB", (300, 400), "white").save(tmp_path / "clean.png")
    layer = Image.new("RGBA", (300, 400))
    for left in (40, 70, 100):
        layer.paste((200, 30, 30, 255), (left, 60, left + 20, 100))  # the effect
        layer.paste((0, 0, 0, 255), (left, 210, left + 20, 250))  # in the balloon
    layer.paste((0, 0, 0, 255), (40, 320, 140, 380))  # the scroll
    layer.save(tmp_path / "layer.png")
    balloon = Image.new("1", (300, 400))
    balloon.paste(1, (20, 180, 280, 290))
    balloon.save(tmp_path / "balloons.png")
    return comics.Comic(tmp_path / "clean.png", tmp_path / "balloons.png", (tmp_path / "layer.png",))


def test_only_effects_are_cut_out(lettered: comics.Comic) -> None:
    (piece,) = effects.cut_out(lettered)
    shown = piece[:, :, 3] > 0
    assert shown.sum() == 3 * 20 * 40
    assert (piece[shown] == (200, 30, 30, 255)).all()


def test_effect_cut_out_is_pasted_with_its_label(sources: pages.Sources, lettered: comics.Comic) -> None:
    page = pages.Page(np.random.default_rng(1), dataclasses.replace(sources, comics=(lettered,)), 500, 500)
    page.image[:], page.labels[:] = 255, 0
    page.real_cry()
    changed = (page.image < 200).any(2)
    assert changed.sum() > 500
    assert (page.labels[changed] == canvas.SFX).all()


def test_effects_keep_to_grey_on_grey_pages(lettered: comics.Comic) -> None:
    (piece,) = effects.cut_out(lettered)
    for seed in range(5):
        grey, tinted = (effects.altered(np.random.default_rng(seed), piece, coloured=any_) for any_ in (False, True))
        assert (np.ptp(grey[:, :, :3].astype(int), axis=2) == 0).all()
        assert np.ptp(tinted[:, :, :3].astype(int), axis=2).max() > 100


def test_piece_over_the_edge_is_cut(sources: pages.Sources) -> None:
    page = pages.Page(np.random.default_rng(1), sources, 60, 50)
    page.image[:], page.labels[:] = 255, 0
    piece = np.zeros((40, 40, 4), np.uint8)
    piece[:, :, 3] = 255
    for place in ((-20, -30), (40, 45), (80, 10), (10, -60)):
        page.paste(piece, *place, canvas.SFX)
    assert page.labels[:10, :20].all()
    assert page.labels[45:, 40:].all()
    assert (page.labels > 0).sum() == 10 * 20 + 5 * 20


def test_tone_changes_along_a_letter() -> None:
    ground = effects.fading((30, 4, 3), (10, 20), 0, (200, 100, 50))
    assert (ground[:11] == 0).all()
    assert (ground[20:] == (200, 100, 50)).all()
    assert (np.diff(ground[10:21, 0, 0].astype(int)) > 0).all()
