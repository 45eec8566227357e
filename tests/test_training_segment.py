"""The scripts of training run, from a pool to an exported network."""

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training import evaluate

torch = pytest.importorskip("torch", reason="training needs torch")
onnx = pytest.importorskip("onnx", reason="export needs onnx")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two steps on a pool of one page: a black bar, which is lettering, on white."""
    from training import train_segment

    folder = tmp_path_factory.mktemp("run")
    page = np.full((96, 96, 4), 255, np.uint8)
    page[:, :, 3] = 0
    page[30:60, 20:80] = (0, 0, 0, 1)
    (folder / "pool").mkdir()
    np.save(folder / "pool" / "1.npy", page)
    words = f"--pool {folder}/pool --out {folder}/out --steps 2 --batch 2 --sizes 64 --threads 1 --scratch"
    train_segment.main(words.split())
    return folder


def test_run_leaves_weights_and_log(run: Path) -> None:
    stored = torch.load(run / "out" / "segment.pt", weights_only=True)
    assert stored["step"] == 2
    assert stored["recipe"]["net"] == "lite-unet"
    assert (run / "out" / "log.csv").read_text().splitlines()[1].startswith("2,")


def test_run_goes_on_where_it_stood(run: Path) -> None:
    from training.loop import train
    from training.recipe import Recipe

    train(Recipe(steps=3, batch=2, sizes=(64,)), run / "pool", run / "out", pretrained=False)
    assert torch.load(run / "out" / "last.pt", weights_only=True)["step"] == 3


def test_export_agrees_with_torch_and_is_measured(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from training import export

    target = run / "segment.onnx"
    assert export.export(run / "out" / "segment.pt", target, "fp32") < 1e-5
    whole = target.stat().st_size
    assert export.export(run / "out" / "segment.pt", target) < 0.05
    assert target.stat().st_size < 0.6 * whole
    assert export.export(run / "out" / "segment.pt", target, "int8") < 0.05
    assert target.stat().st_size < 0.4 * whole
    (run / "set" / "pages").mkdir(parents=True)
    (run / "set" / "mask").mkdir()
    Image.new("RGB", (70, 50), "white").save(run / "set" / "pages" / "1.png")
    Image.new("L", (70, 50), 255).save(run / "set" / "mask" / "1.png")
    evaluate.main([str(target), str(run / "set"), "--threshold", "-1"])
    assert "f1 1.0000" in capsys.readouterr().out


@pytest.mark.parametrize(("store", "most"), [("fp32", 0.0), ("fp16", 1e-3), ("int8", 0.01)])
def test_weights_come_back_as_they_were_stored(store: str, most: float, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="export needs onnx")
    import onnxruntime

    from training import packing

    net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ConvTranspose2d(8, 4, 2)).eval()
    path = tmp_path / "net.onnx"
    picture = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(net, (picture,), str(path), input_names=["image"], dynamo=False)
    packing.pack(path, store, lambda values, convolved: convolved)
    found = packing.unpacked(path)
    assert found.keys() == net.state_dict().keys()
    for name, values in net.state_dict().items():
        assert np.abs(found[name] - values.numpy()).max() <= most * float(values.abs().max())
    ours = net(picture).detach().numpy()
    theirs = onnxruntime.InferenceSession(path.read_bytes()).run(None, {"image": picture.numpy()})[0]
    assert np.abs(ours - theirs).max() <= max(3 * most, 1e-5)


def test_average_of_runs_lies_between_them(run: Path) -> None:
    from training import average
    from training.loop import read_checkpoint

    first, second, both = (run / f"{name}.pt" for name in ("first", "second", "both"))
    stored = read_checkpoint(run / "out" / "segment.pt", "net")
    for path, by in ((first, 1.0), (second, 3.0)):
        weights = {name: value * by if value.is_floating_point() else value for name, value in stored["net"].items()}
        torch.save({**stored, "net": weights}, path)
    average.main([str(first), str(second), "--out", str(both)])
    made = read_checkpoint(both, "net", "recipe")
    assert made["recipe"] == stored["recipe"]
    for name, value in made["net"].items():
        assert torch.allclose(value, stored["net"][name] * (2 if value.is_floating_point() else 1)), name
    torch.save({**stored, "net": {"other": torch.zeros(1)}}, second)
    with pytest.raises(SystemExit, match=r"second\.pt holds weights of another network than .*first\.pt"):
        average.main([str(first), str(second), "--out", str(both)])


def test_average_of_exports_takes_them_as_they_are_stored(run: Path) -> None:
    from training import average, export, packing

    parts = [run / f"{name}.onnx" for name in ("wide", "narrow", "mean")]
    export.export(run / "out" / "segment.pt", parts[0], "fp32")
    stored = torch.load(run / "out" / "segment.pt", weights_only=True)
    stored["net"]["head.bias"] += 2
    torch.save(stored, run / "moved.pt")
    export.export(run / "moved.pt", parts[1], "int8")
    average.main([*map(str, parts[:2]), "--out", str(parts[2]), "--store", "fp32"])
    wide, _, mean = (packing.unpacked(part) for part in parts)
    for name, values in mean.items():
        most = np.abs(values).max()
        assert np.allclose(values, wide[name] + (name == "net.head.bias"), atol=most / 200 + 1e-6), name
    parts[2].unlink()
    with pytest.raises(SystemExit, match="one of them with --store fp32"):
        average.main([str(parts[1]), str(parts[1]), "--out", str(parts[2])])
    assert not parts[2].exists()


def test_export_undoes_weights_of_marked_pixels(run: Path) -> None:
    import onnxruntime

    from training import export

    page = {"image": np.random.default_rng(0).random((1, 3, 64, 96), np.float32)}
    odds = []
    for lower in (0.0, math.log(4)):
        export.export(run / "out" / "segment.pt", run / "lowered.onnx", lower=lower)
        maps = onnxruntime.InferenceSession(str(run / "lowered.onnx")).run(None, page)[0]
        odds.append(maps / (1 - maps))
    factors = (odds[1] / odds[0]).mean((0, 2, 3))
    assert factors == pytest.approx([0.25, 0.25, 1], rel=1e-3)


def test_loss_falls_with_right_answers() -> None:
    from training.loop import loss

    truth = torch.zeros(2, 3, 32, 32)
    truth[:, 0, 8:20, 8:20] = 1
    known = torch.ones(2)
    assert loss((truth - 0.5) * 20, truth, known) < 0.02
    assert loss((0.5 - truth) * 20, truth, known) > 5


def test_unknown_kinds_do_not_count() -> None:
    from training.loop import loss

    truth = torch.zeros(1, 3, 32, 32)
    truth[:, 0, 8:20, 8:20] = 1
    as_effect = truth[:, [1, 0, 2]]
    told, untold = (loss((as_effect - 0.5) * 20, truth, torch.full((1,), known)) for known in (1.0, 0.0))
    assert untold < 0.02 < told


def test_score_counts_pixels() -> None:
    truth = np.zeros((10, 10), bool)
    truth[:5] = True
    marked = np.zeros((10, 10), bool)
    marked[3:7] = True
    score = evaluate.compare(marked, truth)
    assert score == evaluate.Score(right=20, extra=20, missed=30)
    assert score.precision == 0.5
    assert score.recall == 0.4
    assert score.f1 == pytest.approx(40 / 90)


def test_kept_weights_are_halved_where_they_fit_and_never_without_end(run: Path) -> None:
    from training import export
    from training.loop import read_checkpoint
    from training.recipe import TrainingError

    stored = torch.load(run / "out" / "segment.pt", weights_only=True)
    name = "decoder.0.1.running_var"
    stored["net"][name][0] = 1e5  # more than fp16 holds
    torch.save(stored, run / "wide.pt")
    assert export.export(run / "wide.pt", run / "wide.onnx") < 0.05
    export.compact(run / "wide.pt", run / "kept.pt")
    kept = read_checkpoint(run / "kept.pt", "net", "recipe")["net"]
    assert kept[name][0] == 1e5
    assert kept["decoder.0.0.weight"].dtype == torch.float16
    assert (run / "kept.pt").stat().st_size < 0.6 * (run / "wide.pt").stat().st_size
    stored["net"][name][0] = float("inf")
    torch.save(stored, run / "endless.pt")
    with pytest.raises(TrainingError, match=r"endless\.pt holds weights that are not finite"):
        export.export(run / "endless.pt", run / "endless.onnx")
