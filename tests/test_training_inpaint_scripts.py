"""Holes, crops and rivals; and every script that trains painters runs, for two steps on tiny pages."""

import csv
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFont

from training import holes, inpaint_data, lettering


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pages of noise with a bar and a ring of lettering."""
    folder = tmp_path_factory.mktemp("pool")
    rng = np.random.default_rng(0)
    for name in ("1", "2"):
        page = rng.integers(0, 256, (96, 128, 4)).astype(np.uint8)
        page[:, :, 3] = 0
        page[20:30, 20:80, 3] = 1
        page[50:80, 40:70, 3] = 2
        page[56:74, 46:64, 3] = 0
        np.save(folder / f"{name}.npy", page)
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """All networks, but thin ones."""
    pytest.importorskip("torch", reason="training needs torch")
    from training import gated, inpaint_nets, lama, partial

    monkeypatch.setitem(inpaint_nets.NETS, "lite", lambda: inpaint_nets.Lite((8, 16, 32), (2,), (0, 8)))
    monkeypatch.setitem(inpaint_nets.NETS, "partial", lambda: partial.PartialUNet((8, 8, 16, 16, 16)))
    monkeypatch.setitem(inpaint_nets.NETS, "gated", lambda: gated.Gated(4))
    monkeypatch.setitem(inpaint_nets.NETS, "lama", lambda: lama.Lama(8, 1))


def ring() -> holes.Hole:
    letters = np.zeros((64, 96), np.uint8)
    cv2.circle(letters, (40, 32), 15, 1, 3)
    return letters > 0


@pytest.mark.parametrize("seed", range(12))
def test_a_hole_is_part_of_its_crop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    letters = ring() if seed % 2 else np.zeros((64, 96), bool)
    made = holes.hole(rng, letters)
    assert made.shape == letters.shape
    assert made.dtype == bool
    assert 0 < made.mean() < 0.8
    for drawn in (holes.brushed(rng, 64, 96), holes.boxed(rng, 64, 96)):
        assert drawn.shape == (64, 96)
        assert drawn.any()


def test_holes_of_lettering_hide_it_and_a_rim() -> None:
    letters = ring()
    made = {kind: holes.of_letters(np.random.default_rng(1), letters, kind) for kind in ("strokes", "effect", "hull")}
    for hole in made.values():
        assert hole[holes.grown(letters, 2)].all()
        assert not hole[~holes.grown(np.ones((1, 1), bool) | letters, 26)].any()
    assert not made["strokes"][32, 40]
    assert made["effect"][32, 40]
    assert made["hull"][32, 40]
    assert not letters[32, 40]


def test_lettering_is_printed_where_it_is_and_nowhere_else() -> None:
    image = np.full((64, 96, 3), 128, np.uint8)
    printed = inpaint_data.lettered(np.random.default_rng(0), image, ring())
    changed = (printed != image).any(2)
    assert changed[ring()].all()
    assert not changed[~holes.grown(ring(), 3)].any()


def test_pages_without_lettering_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carried = ImageFont.load_default(20)
    assert isinstance(carried, ImageFont.FreeTypeFont)
    assert isinstance(carried.path, BytesIO)
    (tmp_path / "face.ttf").write_bytes(carried.path.getvalue())
    face = lettering.Face(str(tmp_path / "face.ttf"), 0, True, True, True, False)  # kana come out as boxes
    monkeypatch.setattr(lettering, "find_faces", lambda _: [face])
    for folder, name in (("peppercarrot/clean", "E01P01.png"), ("openart/faces", "1.png")):
        (tmp_path / "data" / folder).mkdir(parents=True)
        Image.linear_gradient("L").resize((300, 400)).convert("RGB").save(tmp_path / "data" / folder / name)
    index = '[{"page": "E01P01", "credits": false}]'
    (tmp_path / "data" / "peppercarrot" / "index.json").write_text(index)
    layer = np.zeros((400, 300, 4), np.uint8)
    layer[100:140, 50:250] = 255
    (tmp_path / "data/peppercarrot/lettering-en").mkdir()
    Image.fromarray(layer).save(tmp_path / "data/peppercarrot/lettering-en/E01P01.png")
    words = f"--data {tmp_path}/data --fonts {tmp_path} --pool {tmp_path}/pool --draws 3 --seed 7"
    inpaint_data.main(words.split())
    drawn = [np.load(path) for path in sorted((tmp_path / "pool").iterdir())]
    assert [page.shape[2] for page in drawn] == [4, 4, 4]
    assert all(0.005 < (page[:, :, 3] > 0).mean() < 0.7 for page in drawn)
    inpaint_data.main([*words.split(), "--draws", "1", "--seed", "8", "--real", "1", "--lettered", "1"])
    published = np.load(tmp_path / "pool" / "08-00000.npy")
    assert published.shape[:2] == (400, 300)
    assert (published[105:135, 60:240, 3] > 0).mean() > 0.9
    assert np.ptp(published[105:135, 60:240, :3].mean((1, 2))) < 40  # the page below, not its lettering


def test_crops_hide_what_is_lettered(pool: Path) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    from training import inpaint_crops

    image, mask, truth = next(inpaint_crops.batches(pool, (64,), 6, 1, workers=0))
    assert image.shape == truth.shape == (6, 3, 64, 64)
    assert mask.shape == (6, 1, 64, 64)
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    assert float(image.min()) >= 0
    assert float(truth.max()) <= 1
    known = (image - truth).abs().mean(1, keepdim=True)
    assert float(known[mask < 0.5].mean()) < 0.1 * float(known[mask > 0.5].mean())


def test_rivals_continue_a_ramp_and_leave_the_rest(pool: Path) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    from training import rivals

    ramp = np.repeat(np.linspace(0, 255, 96).astype(np.uint8)[None, :, None], 64, 0).repeat(3, 2)
    hole = ring()
    trial = rivals.Trial(np.where(hole[:, :, None], np.uint8(0), ramp), hole, ramp)
    worst = rivals.likeness([trial.image], [trial])
    for name in ("telea", "navier-stokes", "biharmonic"):
        result, painted = rivals.measure(rivals.RIVALS[name], [trial])
        assert result.psnr > 30 > worst.psnr
        assert result.ssim > 0.9 > worst.ssim
        assert np.array_equal(painted[0][~hole], ramp[~hole])
    assert rivals.likeness([ramp], [trial]) == rivals.Likeness(pytest.approx(50, abs=0.1), pytest.approx(1))


def test_trials_are_always_the_same(pool: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    from training import rivals

    first, again = (rivals.trials(pool, 3, 64) for _ in range(2))
    assert len(first) == 3
    assert all(np.array_equal(ours.image, theirs.image) for ours, theirs in zip(first, again, strict=True))
    assert all((trial.image[~trial.hole] == trial.truth[~trial.hole]).mean() > 0.99 for trial in first)
    rivals.sheet(tmp_path / "s.png", first, [trial.truth for trial in first])
    with Image.open(tmp_path / "s.png") as sheet:
        assert sheet.size == (2 * 3 * 64, 64)


def test_frechet_distance_of_shifted_sets_is_the_shift() -> None:
    pytest.importorskip("torch", reason="training needs torch")
    from training import rivals

    features = np.random.default_rng(0).normal(size=(200, 5))
    assert rivals.frechet(features, features) == pytest.approx(0, abs=1e-6)
    assert rivals.frechet(features, features + 2) == pytest.approx(20)
    assert rivals.frechet(features, 3 * (features - features.mean(0))) == pytest.approx(
        float((features.mean(0) ** 2).sum() + 4 * features.var(0, ddof=1).sum()), rel=1e-6
    )


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("net", ["lite", "partial", "gated", "lama"])
def test_from_a_pool_to_weights(net: str, pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    pytest.importorskip("onnx", reason="export needs onnx")
    from training import inpaint_export, train_inpaint

    words = f"--pool {pool} --val {pool} --val-crops 2 --val-size 64 --out {tmp_path} --batch 2 --sizes 64 --threads 1"
    words += " --workers 0 --scratch --device cpu"
    train_inpaint.main(f"{words} --net {net} --steps 1".split())
    train_inpaint.main(f"{words} --steps 2".split())  # goes on, with the network that stands there
    with (tmp_path / "validation.csv").open() as file:
        checked = list(csv.DictReader(file))
    assert [line["step"] for line in checked] == ["1", "2"]
    assert all(float(checked[1][f"{name} psnr"]) > 3 for name in ("net", "telea", "navier-stokes", "fill"))
    assert {path.name for path in tmp_path.glob("sheet-*.png")} == {"sheet-000001.png", "sheet-000002.png"}
    with (tmp_path / "log.csv").open() as file:
        logged = list(csv.DictReader(file))
    assert [line["crops"] for line in logged] == ["2", "4"]
    assert (float(logged[1]["critic"]) > 0) == (net in ("gated", "lama"))
    inpaint_export.main([f"{tmp_path}/inpaint.pt", f"{tmp_path}/inpaint.onnx", "--tile", "64"])
    assert '"sha256"' in capsys.readouterr().out
    with pytest.raises(SystemExit, match="do not fit"):
        train_inpaint.main(f"{words} --net {'lite' if net != 'lite' else 'lama'} --steps 3".split())


@pytest.mark.usefixtures("small")
def test_painters_are_compared(pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch", reason="training needs torch")
    pytest.importorskip("onnx", reason="export needs onnx")
    from training import inpaint_compare
    from training.inpaint_nets import NETS

    torch.save({"net": NETS["lite"]().state_dict(), "recipe": {"net": "lite"}}, tmp_path / "lite.pt")
    words = f"--nets lite partial --tile 64 --times 1 --threads 1 --val {pool} --crops 2 --crop 64"
    inpaint_compare.main(f"{words} --weights {tmp_path}/lite.pt --sheet {tmp_path}/s.png".split())
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert all(row.count("|") == head.count("|") for row in rows)
    cells = {row.split()[1]: [cell.strip() for cell in row.strip("|").split("|")] for row in rows}
    assert {"lite", "partial", "fill", "telea", "navier-stokes", "biharmonic"} <= set(cells)
    assert float(cells["lite"][4]) == pytest.approx(float(cells["fill"][4]), abs=0.5)
    assert cells["partial"][4] == "–"
    assert (tmp_path / "s.png").exists()


def test_multiply_adds_are_counted() -> None:
    torch = pytest.importorskip("torch", reason="training needs torch")
    from training.compare import multiply_adds
    from training.fourier import FourierUnit
    from training.gated import Attention

    class Two(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = torch.nn.ConvTranspose2d(1, 2, 3, 2, 1, output_padding=1)
            self.waves = FourierUnit(1)
            self.looking = Attention(4)

        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            self.up(mask)
            self.looking(image.new_zeros(1, 4, 2, 2), mask[..., :2, :2])
            return self.waves(mask)

    # 64 pixels to 2 channels by 3 × 3; 4 weights at 8 × 5 frequencies; matrices there and back; four places that look
    # at four, each with 8 channels of keys and 4 of values, which 20 rows of 4 weights make.
    wanted = 64 * 2 * 9 + 4 * 8 * 5 + 2 * (2 * 8 * 8 * 5 + 4 * 8 * 8 * 5) + 16 * 12 + 4 * 20 * 4
    assert multiply_adds(Two, (1, 3, 8, 8), (1, 1, 8, 8)) == wanted


@pytest.mark.parametrize("words", ["--tile 50", "--nets other"])
def test_wrong_comparisons_are_refused(words: str) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    from training import inpaint_compare

    with pytest.raises(SystemExit) as stopped:
        inpaint_compare.main(words.split())
    assert stopped.value.code == 2
