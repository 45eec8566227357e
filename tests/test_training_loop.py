"""The recipe of a training run: losses, rates, stages, and how a run goes on."""

import csv
import dataclasses
import importlib
import math
from pathlib import Path

import numpy as np
import pytest

from training import evaluate
from training.recipe import Recipe, TrainingError, of_stored, rate_at

TINY = Recipe(steps=2, batch=2, sizes=(64,))


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a black bar, which is lettering, on white."""
    folder = tmp_path_factory.mktemp("pool")
    page = np.full((64, 96, 4), 255, np.uint8)
    page[:, :, 3] = 0
    page[20:40, 20:80] = (0, 0, 0, 1)
    np.save(folder / "1.npy", page)
    return folder


@pytest.fixture(scope="module", name="torch")
def needs_torch() -> object:
    return pytest.importorskip("torch", reason="training needs torch")


def test_one_cycle_goes_up_and_down() -> None:
    rates = [rate_at(step, Recipe(steps=100, rate=1.0)) for step in range(101)]
    assert int(np.argmax(rates)) == 8
    assert rates[0] == pytest.approx(0.05)
    assert rates[-1] == pytest.approx(0.01)


def test_cyclical_rate_is_a_triangle() -> None:
    recipe = Recipe(schedule="cyclical", rate=1.0, low=0.2, period=10)
    rates = [rate_at(step, recipe) for step in range(21)]
    assert rates[0] == rates[10] == rates[20] == pytest.approx(0.2)
    assert rates[5] == rates[15] == pytest.approx(1.0)
    assert rates[2] == rates[8] == pytest.approx(0.52)


@pytest.mark.parametrize(
    "wrong", [{"schedule": "steps"}, {"schedule": "cyclical", "low": 0.1}, {"positive": (1.0,)}, {"sizes": ()}]
)
def test_impossible_recipe_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(TrainingError):
        dataclasses.replace(Recipe(), **wrong)  # type: ignore[arg-type]


def test_recipe_of_an_older_checkpoint_takes_defaults() -> None:
    assert of_stored({"steps": 7, "sizes": [96], "gone": 1}) == Recipe(steps=7, sizes=(96,))
    assert of_stored(TINY.plain()) == TINY


def test_positive_weight_counts_marked_pixels_alone(torch: object) -> None:
    from torch import full, ones, zeros

    from training.loop import loss

    plain, heavy = Recipe(dice=0), Recipe(dice=0, positive=(3.0, 3.0, 3.0, 3.0))
    for truth, times in ((ones(1, 3, 8, 8), 3.0), (zeros(1, 3, 8, 8), 1.0)):
        given = full((1, 3, 8, 8), 0.4), truth, ones(1)
        assert float(loss(*given, heavy)) == pytest.approx(times * float(loss(*given, plain)))


def test_gamma_forgives_what_is_nearly_right(torch: object) -> None:
    from torch import full, ones

    from training.loop import loss

    plain, focal = Recipe(dice=0), Recipe(dice=0, focal=2.0)
    for logit in (-2.0, 0.0, 3.0):
        given = full((1, 3, 8, 8), logit), ones(1, 3, 8, 8), ones(1)
        missing = 1 - 1 / (1 + math.exp(-logit))
        assert float(loss(*given, focal)) == pytest.approx(missing**2 * float(loss(*given, plain)), rel=1e-4)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_focal_loss_of_a_right_answer_has_a_slope(torch: object, gamma: float) -> None:
    from torch import full, ones

    from training.loop import loss

    logits = full((1, 3, 8, 8), 200.0, requires_grad=True)
    loss(logits, ones(1, 3, 8, 8), ones(1), Recipe(focal=gamma)).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_frozen_encoder_stays_as_it_is_and_then_learns(torch: object, pool: Path, tmp_path: Path) -> None:
    from torch import equal

    from training.loop import read_checkpoint, train
    from training.nets import LiteUNet

    def encoder(state: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in state.items() if name.startswith("encoder.")}

    torch.manual_seed(TINY.seed)  # type: ignore[attr-defined]
    born = LiteUNet().state_dict()
    recipe = dataclasses.replace(TINY, frozen=2)
    train(recipe, pool, tmp_path, pretrained=False, workers=0)
    held = read_checkpoint(tmp_path / "last.pt")["net"]
    assert all(equal(value, born[name]) for name, value in encoder(held).items())  # type: ignore[arg-type]
    assert not equal(held["head.weight"], born["head.weight"])
    train(dataclasses.replace(recipe, steps=3), pool, tmp_path, pretrained=False, workers=0)
    moved = read_checkpoint(tmp_path / "last.pt")["net"]
    assert not equal(moved["encoder._conv_stem.weight"], held["encoder._conv_stem.weight"])
    assert not equal(moved["encoder._bn0.running_mean"], held["encoder._bn0.running_mean"])


def test_first_parts_of_the_encoder_never_learn(torch: object, pool: Path, tmp_path: Path) -> None:
    from torch import equal

    from training.loop import read_checkpoint, train
    from training.nets import LiteUNet

    torch.manual_seed(TINY.seed)  # type: ignore[attr-defined]
    born = LiteUNet().state_dict()
    train(dataclasses.replace(TINY, still=3), pool, tmp_path, pretrained=False, workers=0)
    now = read_checkpoint(tmp_path / "last.pt")["net"]
    moved = {name.rsplit(".", 1)[0] for name in now if not equal(now[name], born[name])}
    assert not {part for part in moved if part.startswith(("encoder._conv_stem", "encoder._bn0", "encoder._blocks.0."))}
    assert {"encoder._blocks.1._expand_conv", "encoder._blocks.1._bn0", "head"} <= moved


def test_run_is_validated_and_goes_on_with_other_settings(torch: object, pool: Path, tmp_path: Path) -> None:
    from training import train_segment
    from training.loop import read_checkpoint, stored_recipe

    words = f"--pool {pool} --out {tmp_path} --val {pool} --val-every 1 --workers 0 --threads 1 --device cpu".split()
    train_segment.main([*words, "--steps", "2", "--batch", "2", "--sizes", "64", "--scratch"])
    train_segment.main([*words, "--steps", "3", "--schedule", "cyclical", "--rate", "1e-3"])
    assert stored_recipe(tmp_path / "last.pt") == dataclasses.replace(TINY, steps=3, schedule="cyclical", rate=1e-3)
    stored = read_checkpoint(tmp_path / "last.pt")
    assert (stored["step"], stored["crops"]) == (3, 6)
    with (tmp_path / "validation.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["step"] for line in lines] == ["1", "2", "3"]
    assert all(0 <= float(line["ap"]) <= 1 and 0 <= float(line["f1"]) <= 1 for line in lines)
    with (tmp_path / "log.csv").open() as file:
        assert [line["crops"] for line in csv.DictReader(file)] == ["4", "6"]


def test_checkpoint_of_the_first_format_goes_on(torch: object, pool: Path, tmp_path: Path) -> None:
    from training.loop import read_checkpoint, train

    train(TINY, pool, tmp_path, pretrained=False, workers=0)
    stored = read_checkpoint(tmp_path / "last.pt")
    old = {"net", "steps", "batch", "sizes", "rate", "decay", "warm", "average", "seed"}
    stored["recipe"] = {name: value for name, value in stored["recipe"].items() if name in old}
    del stored["crops"], stored["seconds"]
    torch.save(stored, tmp_path / "last.pt")  # type: ignore[attr-defined]
    train(dataclasses.replace(TINY, steps=3), pool, tmp_path, workers=0)
    assert read_checkpoint(tmp_path / "last.pt")["step"] == 3


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no checkpoint at all" * 9])
def test_damaged_checkpoint_is_named(torch: object, pool: Path, tmp_path: Path, content: bytes) -> None:
    from training import train_segment

    (tmp_path / "last.pt").write_bytes(content)
    with pytest.raises(SystemExit, match=r"last\.pt cannot be read"):
        train_segment.main(f"--pool {pool} --out {tmp_path} --workers 0 --threads 1".split())
    assert (tmp_path / "last.pt").read_bytes() == content


@pytest.mark.parametrize("script", ["export", "inpaint_export", "evaluate"])
def test_scripts_name_a_damaged_checkpoint(torch: object, pool: Path, tmp_path: Path, script: str) -> None:
    (tmp_path / "bad.pt").write_bytes(b"no checkpoint at all" * 9)
    target = pool if script == "evaluate" else tmp_path / "out.onnx"
    with pytest.raises(SystemExit, match=r"bad\.pt"):
        importlib.import_module(f"training.{script}").main([str(tmp_path / "bad.pt"), str(target)])
    assert not (tmp_path / "out.onnx").exists()


def test_cut_checkpoint_is_named(torch: object, pool: Path, tmp_path: Path) -> None:
    from training.loop import read_checkpoint, train

    train(dataclasses.replace(TINY, steps=1), pool, tmp_path, pretrained=False, workers=0)
    last = tmp_path / "last.pt"
    with pytest.raises(TrainingError, match="lacks mean"):
        read_checkpoint(tmp_path / "segment.pt", "net", "mean")
    last.write_bytes(last.read_bytes()[:-5000])
    with pytest.raises(TrainingError, match="cannot be read"):
        train(TINY, pool, tmp_path, workers=0)


def test_weights_of_another_network_are_refused(torch: object, pool: Path, tmp_path: Path) -> None:
    from training.loop import train

    odd = {"net": {"head.weight": torch.zeros(1)}, "recipe": {"net": "other"}}  # type: ignore[attr-defined]
    torch.save(odd, tmp_path / "odd.pt")  # type: ignore[attr-defined]
    with pytest.raises(TrainingError, match="weights of other, which do not fit lite-unet"):
        train(TINY, pool, tmp_path / "out", start=tmp_path / "odd.pt", workers=0)


def test_pool_without_pages_is_named(torch: object, pool: Path, tmp_path: Path) -> None:
    from training.loop import train

    (tmp_path / "empty").mkdir()
    for folders in ({"pool": tmp_path / "empty"}, {"pool": pool, "val": tmp_path / "empty"}):
        with pytest.raises(TrainingError, match=r"no pages in .*empty"):
            train(TINY, out=tmp_path / "out", workers=0, **folders)


def test_missing_device_is_named(torch: object) -> None:
    from training.loop import pick_device

    if torch.cuda.is_available():  # type: ignore[attr-defined]
        assert pick_device("cuda").type == "cuda"
    else:
        with pytest.raises(TrainingError, match="no CUDA here"):
            pick_device("cuda")
    assert pick_device("cpu").type == "cpu"


def test_average_precision_of_known_cases() -> None:
    truth = np.array([[True, True, False, False]])

    def ap(*shares: float) -> float:
        return evaluate.curve(np.array([shares], np.float32), truth).average_precision

    assert ap(1.0, 0.9, 0.2, 0.0) == 1.0
    assert ap(0.9, 0.5, 0.7, 0.0) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert ap(0.5, 0.5, 0.5, 0.5) == 0.5
    assert math.isnan(evaluate.Curve().average_precision)


def test_average_precision_adds_up_over_pages() -> None:
    rng = np.random.default_rng(0)
    shares, truth = rng.random((20, 30), np.float32), rng.random((20, 30)) < 0.3
    parts = evaluate.curve(shares[:9], truth[:9]) + evaluate.curve(shares[9:], truth[9:])
    assert parts.average_precision == evaluate.curve(shares, truth).average_precision
    assert parts.average_precision == pytest.approx(truth.mean(), abs=0.08)


def test_pool_is_measured(pool: Path) -> None:
    result = evaluate.measure(lambda page: np.repeat((page[None, :, :, 0] < 9).astype(np.float32), 3, 0), pool)
    assert (result.score.f1, result.curve.average_precision) == (1.0, 1.0)
    assert result.score.right == 20 * 60


def test_folder_without_pages_is_a_wrong_call(torch: object, tmp_path: Path) -> None:
    from training.nets import LiteUNet

    weights = {"net": LiteUNet().state_dict(), "recipe": {"net": "lite-unet"}}
    torch.save(weights, tmp_path / "s.pt")  # type: ignore[attr-defined]
    with pytest.raises(SystemExit) as stopped:
        evaluate.main([str(tmp_path / "s.pt"), str(tmp_path)])
    assert stopped.value.code == 2
