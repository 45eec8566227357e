"""Fills that are weighed: crops with what classical methods make of them, a network, and its way into the program."""

import csv
from pathlib import Path

import numpy as np
import pytest

from mangaclean import engines
from mangaclean.config import InpaintConfig
from mangaclean.engines import fills

SIDE = 64


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files of crops with stripes, made from a pool."""
    pytest.importorskip("torch", reason="training needs torch")
    from training import inpaint_fills

    pool, out = tmp_path_factory.mktemp("pool"), tmp_path_factory.mktemp("crops")
    page = np.full((128, 160, 4), 230, np.uint8)
    page[::8, :, :3] = 90
    page[:, :, 3] = 0
    page[20:30, 20:90, 3] = 1
    page[60:80, 40:70, 3] = 2
    np.save(pool / "1.npy", page)
    for seed in (1, 2):
        inpaint_fills.main(f"--pool {pool} --out {out} --crops 4 --size {SIDE} --seed {seed}".split())
    return out


def test_crops_hold_the_truth_and_fills_that_agree_on_what_is_known(crops: Path) -> None:
    from training import inpaint_fills

    files = sorted(crops.iterdir())
    assert [file.name for file in files] == ["01-000000.npy", "02-000000.npy"]
    made = np.load(files[0])
    assert made.shape == (4, SIDE, SIDE, inpaint_fills.CHANNELS)
    assert not np.array_equal(made, np.load(files[1]))
    truth, hidden, painted = made[..., :3], made[..., 3] > 127, made[..., 4:].reshape(4, SIDE, SIDE, -1, 3)
    assert hidden.any((1, 2)).all()
    for number in range(len(fills.NAMES)):
        assert np.array_equal(painted[..., number, :][~hidden], truth[~hidden])
        error = np.abs(painted[..., number, :][hidden].astype(float) - truth[hidden]).mean()
        assert 0 < error < 90


def test_crops_as_they_are_seen_the_second_time(crops: Path, tmp_path: Path) -> None:
    from training import inpaint_fills

    for _ in range(2):  # what was made so is not made so once more
        inpaint_fills.main(["--again", str(crops), "--out", str(tmp_path)])
        inpaint_fills.main(["--again", str(tmp_path), "--out", str(tmp_path)])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["01-000000-again.npy", "02-000000-again.npy"]
    before, after = np.load(crops / "01-000000.npy"), np.load(tmp_path / "01-000000-again.npy")
    guided = slice(10, 13)  # truth, hole, Navier-Stokes, frequency-selective, patches, many patches
    assert not np.array_equal(before[..., guided], after[..., guided])
    hidden = before[..., 3] > 127
    assert np.array_equal(before[..., guided][~hidden], after[..., guided][~hidden])
    assert np.array_equal(np.delete(before, guided, axis=3), np.delete(after, guided, axis=3))
    with pytest.raises(SystemExit):
        inpaint_fills.main(["--out", str(tmp_path)])


def test_varied_crops_keep_their_parts_together(crops: Path) -> None:
    from training import train_blend

    crop = np.load(min(crops.iterdir()))[0]
    for seed in range(8):
        made = train_blend.varied(np.random.default_rng(seed), crop)
        hidden = made[..., 3] > 127
        assert hidden.sum() == (crop[..., 3] > 127).sum()
        for at in range(4, crop.shape[2], 3):
            assert np.array_equal(made[..., at : at + 3][~hidden], made[..., :3][~hidden])
        apart = np.abs(made[..., 4:7].astype(int) - made[..., :3])
        assert apart.sum() == np.abs(crop[..., 4:7].astype(int) - crop[..., :3]).sum()


def test_a_network_that_knows_nothing_gives_a_mean_of_the_fills(crops: Path) -> None:
    torch = pytest.importorskip("torch", reason="training needs torch")
    from training import blend, train_blend

    painted, mask, truth = train_blend.tensors(np.load(min(crops.iterdir())))
    torch.manual_seed(0)
    with torch.inference_mode():
        made = blend.Blend()(painted, mask)
    hidden = mask.expand_as(made) > 0.5
    assert torch.equal(made[~hidden], painted[:, :3][~hidden])
    mean = torch.stack(painted.chunk(blend.FILLS, 1)).mean(0)
    assert float((made - mean)[hidden].abs().max()) < 0.05
    assert float(blend.distance(truth, truth, mask).max()) < -4
    assert float(blend.distance(1 - truth, truth, mask).min()) > -2


def test_from_crops_to_pages(crops: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="export needs onnx")
    import torch

    from training import average, inpaint_export, loop, packing, train_blend
    from training.recipe import TrainingError

    words = f"--crops {crops} --val {crops} --val-every 1 --out {tmp_path} --batch 2 --threads 1"
    train_blend.main(f"{words} --steps 1".split())
    train_blend.main(f"{words} --steps 2".split())  # goes on
    with (tmp_path / "log.csv").open() as file:
        assert [line[0] for line in csv.reader(file)] == ["1", "2"]
    with (tmp_path / "validation.csv").open() as file:
        assert [len(line) for line in csv.reader(file)] == [3 + 2 * len(fills.NAMES)] * 2
    with pytest.raises(SystemExit, match="no crops in"):
        train_blend.main(f"--crops {tmp_path} --out {tmp_path / 'b'} --steps 1".split())
    inpaint_export.main([f"{tmp_path}/blend.pt", f"{tmp_path}/own.onnx", "--store", "int8"])
    train_blend.main(
        f"{words} --out {tmp_path}/c --start {tmp_path}/own.onnx --steps 1".split()
    )  # there, weights are rounded
    before, after = (loop.read_checkpoint(tmp_path / name, "net")["net"] for name in ("blend.pt", "c/blend.pt"))
    assert all(torch.allclose(before[name], after[name], atol=0.01) for name in before)
    average.main([f"{tmp_path}/blend.pt", f"{tmp_path}/c/blend.pt", "--out", f"{tmp_path}/mean.pt"])
    mean = loop.read_checkpoint(tmp_path / "mean.pt", "net")["net"]
    assert all(torch.allclose(mean[name], (before[name] + after[name]) / 2, atol=1e-6) for name in before)
    with pytest.raises(TrainingError, match="cannot be read as ONNX"):
        packing.unpacked(next(crops.iterdir()))
    paint = engines.load("inpaint", InpaintConfig(engine="net", weights=f"{tmp_path}/own.onnx"))
    page = np.full((70, 90, 3), 200, np.uint8)
    page[::6] = 40
    mask = np.zeros((70, 90), bool)
    mask[20:40, 30:50] = True
    dirty = np.where(mask[..., None], np.uint8(0), page)
    made = paint(dirty, mask)
    assert np.array_equal(made[~mask], page[~mask])
    assert np.array_equal(made, paint(dirty, mask))
    assert (made == made[..., :1]).all()
    assert np.abs(made[mask].astype(float) - page[mask]).mean() < 60
    assert (paint(dirty, np.ones_like(mask)) == 255).all()
    assert np.array_equal(paint(dirty, np.zeros_like(mask)), dirty)


def test_a_network_of_fewer_fills_goes_on_as_it_was_with_one_more() -> None:
    torch = pytest.importorskip("torch", reason="training needs torch")
    from training import blend

    torch.manual_seed(0)
    wide = blend.Blend()
    weights = wide.state_dict()
    known = blend.FILLS - 1
    torch.nn.init.normal_(weights["head.weight"], std=0.1)
    old = weights | {
        "stem.weight": torch.cat([weights["stem.weight"][:, : 12 * known], weights["stem.weight"][:, -4:]], 1),
        "head.weight": torch.cat([weights["head.weight"][: 4 * known], weights["head.weight"][4 * blend.FILLS :]]),
        "head.bias": torch.cat([weights["head.bias"][: 4 * known], weights["head.bias"][4 * blend.FILLS :]]),
    }
    made = blend.widened(old)
    assert {name: value.shape for name, value in made.items()} == {name: value.shape for name, value in weights.items()}
    assert blend.widened(made) is made
    wide.load_state_dict(made)
    seen, mask = torch.rand(1, 3 * blend.FILLS, 32, 32), torch.ones(1, 1, 32, 32)
    blind = seen.clone()
    blind[:, 3 * known :] = 0
    with torch.inference_mode():
        apart = (wide(seen, mask) - wide(blind, mask)) / seen[:, 3 * known :]
    assert 0.001 < float(apart.median()) < 0.15  # what a new fill counts for
