"""Every script of training runs, for two steps on tiny pages."""

import csv
import math
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from training import canvas, clipart, draw_pool, lettering
from training.recipe import TrainingError


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pool")
    page = np.full((64, 96, 4), 255, np.uint8)
    page[:, :, 3] = 0
    page[20:40, 20:80] = (0, 0, 0, canvas.TYPESET)
    np.save(folder / "1.npy", page)
    return folder


def test_a_pool_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carried = ImageFont.load_default(20)
    assert isinstance(carried, ImageFont.FreeTypeFont)
    assert isinstance(carried.path, BytesIO)
    (tmp_path / "face.ttf").write_bytes(carried.path.getvalue())
    face = lettering.Face(str(tmp_path / "face.ttf"), 0, True, True, True, True)  # kana come out as boxes
    monkeypatch.setattr(lettering, "find_faces", lambda _: [face])
    for folder, name in (("peppercarrot/clean", "E01P01.png"), ("openart/faces", "1.png")):
        (tmp_path / "data" / folder).mkdir(parents=True)
        Image.linear_gradient("L").resize((300, 400)).convert("RGB").save(tmp_path / "data" / folder / name)
    (tmp_path / "data" / "sfx_strings.tsv").write_text("ドン\t3\n", encoding="utf-8")
    words = f"--data {tmp_path}/data --fonts {tmp_path} --pool {tmp_path}/pool --draws 2 --seed 7"
    draw_pool.main(words.split())
    drawn = sorted((tmp_path / "pool").iterdir())
    assert [path.name for path in drawn] == ["07-00000.npy", "07-00001.npy"]
    assert all(np.load(path).shape[2] == 4 for path in drawn)


def test_clipart_with_letters_stays_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawings = {"tools/wheel.png": "", "tools/tin.png": "SOUP", "tools/traffic_signs/stop.png": "", "logos/us.png": ""}
    for name, text in drawings.items():
        drawing = Image.new("RGBA", (300, 200))
        draw = ImageDraw.Draw(drawing)
        draw.ellipse((20, 20, 280, 180), outline="black", width=6)
        draw.text((80, 70), text, "black", ImageFont.load_default(48))
        (tmp_path / "png" / name).parent.mkdir(parents=True, exist_ok=True)
        drawing.save(tmp_path / "png" / name)
    Image.new("RGBA", (100, 100), "black").save(tmp_path / "png/tools/small.png")
    clipart.main([f"{tmp_path}/png", f"{tmp_path}/openart"])
    assert capsys.readouterr().out.startswith("1 of 3 drawings")
    copied = tmp_path / "openart/openclipart_tools/wheel.png"
    assert list((tmp_path / "openart").rglob("*.png")) == [copied]
    with Image.open(copied) as drawing:
        assert drawing.mode == "RGBA"


@pytest.mark.parametrize("net", ["lite-unet", "mobilenet-1", "xception"])
def test_from_a_pool_to_figures(net: str, pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    pytest.importorskip("onnx", reason="export needs onnx")
    from training import evaluate, export, train_segment

    words = f"--pool {pool} --out {tmp_path} --net {net} --steps 2 --batch 2 --sizes 64 --threads 1 --workers 0"
    train_segment.main(f"{words} --scratch --device cpu --frozen 1 --focal 1".split())
    export.main([f"{tmp_path}/segment.pt", f"{tmp_path}/segment.onnx"])
    assert '"sha256"' in capsys.readouterr().out
    figures = []
    for weights in ("segment.pt", "segment.onnx"):
        evaluate.main([f"{tmp_path}/{weights}", str(pool)])
        figures.append([float(word) for word in capsys.readouterr().out.split()[2::2]])
    assert len(figures[0]) == 4
    assert figures[0] == pytest.approx(figures[1], abs=0.05)


def test_a_run_begins_from_exported_weights(pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch", reason="training needs torch")
    pytest.importorskip("onnx", reason="export needs onnx")
    from training import export, train_segment, unfold
    from training.nets import NETS
    from training.recipe import TrainingError

    def run(words: str) -> None:
        words = f"--pool {pool} --steps 2 --batch 2 --sizes 64 --threads 1 --workers 0 --scratch --device cpu {words}"
        train_segment.main(words.split())

    run(f"--out {tmp_path}")
    exported = tmp_path / "segment.onnx"
    export.main([f"{tmp_path}/segment.pt", str(exported), "--store", "fp32"])
    first, net = (NETS["lite-unet"]() for _ in range(2))
    first.load_state_dict(torch.load(tmp_path / "segment.pt")["net"])
    images = torch.rand(4, 3, 64, 64)
    unfold.load(net, exported, [(images, images, torch.ones(4))])
    with torch.no_grad():
        wanted = first.eval()(images)
        torch.testing.assert_close(net.eval()(images), wanted, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(
            net.train()(images), wanted, atol=1e-2, rtol=1e-2
        )  # what norms see is what they know

    run(f"--out {tmp_path}/on --start {exported}")
    assert (tmp_path / "on" / "segment.pt").exists()
    with pytest.raises(SystemExit, match="only lite-unet"):
        run(f"--out {tmp_path}/other --start {exported} --net mobilenet-1")
    (tmp_path / "no.onnx").write_bytes(b"no")
    with pytest.raises(TrainingError, match=r"no\.onnx"):
        unfold.load(net, tmp_path / "no.onnx", [])


def test_crops_are_cut_where_a_network_was_wrong(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    from training import crops, hard
    from training.recipe import Recipe

    page = np.full((320, 480, 4), 255, np.uint8)
    page[:, :, 3] = 0
    page[200:230, 400:440] = (0, 0, 0, canvas.TYPESET)
    page[20:50, 20:60] = (0, 0, 0, canvas.TYPESET)
    np.save(tmp_path / "1.npy", page)

    def half_blind(image: np.ndarray) -> np.ndarray:
        seen = np.where(image[:, :, 0] == 0, np.float32(1), np.float32(0))
        seen[:, 240:] = 0
        return np.stack([seen, np.zeros_like(seen), np.zeros_like(seen)])

    recipe = Recipe(sizes=(64,), batch=8, hard=1.0)
    with pytest.raises(TrainingError, match="nobody knows yet what is hard"):
        next(iter(crops.Crops(tmp_path, recipe, 1)))
    found = hard.cells(page, half_blind)
    assert found.shape == (10, 15)
    assert np.flatnonzero(found.max(0) > 0.1).tolist() == [12, 13]
    assert np.flatnonzero(found.max(1) > 0.1).tolist() == [6, 7]
    with hard.file_of(tmp_path / "1.npy").open("wb") as file:
        np.save(file, found)
    _, truth, _ = next(iter(crops.Crops(tmp_path, recipe, 1)))
    assert (truth[:, 0].amax((1, 2)) > 0).float().mean() >= 0.75
    for seed in range(20):
        top, left = hard.place(np.random.default_rng(seed), found, 100, 320, 480)
        assert 0 <= top <= 220
        assert 0 <= left <= 380
        assert left + 100 > 384


def test_what_is_hard_is_found_once(pool: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    from training import hard, train_segment

    page = tmp_path / "1.npy"
    np.save(page, np.load(pool / "1.npy"))
    train_segment.main(f"--pool {pool} --out {tmp_path} --steps 1 --batch 2 --sizes 64 --workers 0 --scratch".split())
    words = ["--pool", str(tmp_path), "--weights", f"{tmp_path}/segment.pt"]
    assert hard.read(page) is None
    hard.main(words)
    found = hard.read(page)
    assert found is not None
    assert found.shape == (2, 3)
    when = hard.file_of(page).stat().st_mtime_ns
    hard.main(words)
    assert hard.file_of(page).stat().st_mtime_ns == when


def test_rates_are_tried(pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    from training import rates

    words = f"--pool {pool} --csv {tmp_path}/r.csv --tries 4 --from 1e-4 --to 1e-2 --batch 2 --sizes 64 --threads 1"
    rates.main(f"{words} --workers 0 --scratch --device cpu".split())
    assert "lite-unet: the loss falls fastest at a rate of" in capsys.readouterr().out
    with (tmp_path / "r.csv").open() as file:
        tried = [float(line["rate"]) for line in csv.DictReader(file)]
    assert tried == pytest.approx([1e-4, 4.642e-4, 2.154e-3, 1e-2])


def test_steepest_rate_is_found() -> None:
    pytest.importorskip("torch", reason="training needs torch")
    from training.rates import Trial, steepest

    logs = np.linspace(-6, 0, 121)
    losses = 1 - 1 / (1 + np.exp(-4 * (logs + 2.5)))
    tried = [Trial(10**log, loss, loss) for log, loss in zip(logs, losses, strict=True)]
    assert math.log10(steepest(tried)) == pytest.approx(-2.5, abs=0.06)
    with pytest.raises(TrainingError, match="fell at no rate"):
        steepest([Trial(trial.rate, 1, 1) for trial in tried])
    with pytest.raises(TrainingError, match="only 2 rates"):
        steepest(tried[:2])


def test_networks_are_compared(pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    pytest.importorskip("onnx", reason="export needs onnx")
    from training import compare

    words = f"--nets lite-unet xception --page 64 96 --times 1 --threads 1 --pool {pool} --val {pool} --out {tmp_path}"
    compare.main(f"{words} --steps 2 --batch 2 --sizes 64 --workers 0 --scratch --device cpu".split())
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.split(" | ")[-2:] == ["pixel F1", "AP |"]
    assert [row.split()[1] for row in rows] == ["lite-unet", "xception"]
    assert all(row.count("|") == head.count("|") for row in rows)


def test_multiply_adds_of_one_convolution_are_known() -> None:
    torch = pytest.importorskip("torch", reason="training needs torch")
    from training.compare import multiply_adds
    from training.nets import NETS

    assert multiply_adds(lambda: torch.nn.Conv2d(3, 6, 5, 2, 2, groups=3), (1, 3, 64, 32)) == 32 * 16 * 6 * 25
    small, large = (multiply_adds(NETS["xception"], (1, 3, high, 64)) for high in (64, 128))
    assert large == 2 * small


@pytest.mark.parametrize("words", ["--pool x", "--net lite-unet", "--page 50 64"])
def test_wrong_comparisons_are_refused(words: str) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    from training import compare

    with pytest.raises(SystemExit) as stopped:
        compare.main(words.split())
    assert stopped.value.code == 2
