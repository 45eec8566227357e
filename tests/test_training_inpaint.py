"""Networks that paint: what they look at, what they leave alone, what is exported."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from torch.nn import functional  # noqa: E402

from training import critic, fourier, inpaint_losses  # noqa: E402
from training.fill import Fill, fill  # noqa: E402
from training.gated import Gated  # noqa: E402
from training.inpaint_losses import Losses, Weights  # noqa: E402
from training.inpaint_nets import NETS, Lite  # noqa: E402
from training.inpaint_recipe import PRESETS, PaintRecipe, changed, of_stored  # noqa: E402
from training.lama import Lama  # noqa: E402
from training.partial import PartialConv, PartialUNet  # noqa: E402
from training.recipe import TrainingError  # noqa: E402

CPU = torch.device("cpu")
SMALL = {
    "lite": lambda: Lite((8, 16, 32), (2,), (0, 8)),
    "partial": lambda: PartialUNet((8, 8, 16, 16, 16)),
    "gated": lambda: Gated(4),
    "lama": lambda: Lama(8, 1),
}


def awake(name: str) -> torch.nn.Module:
    """A network whose last layers, which begin near nothing, do something."""
    torch.manual_seed(0)
    net = SMALL[name]()
    for layer in net.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.out_channels in (3, 12):
            torch.nn.init.normal_(layer.weight, std=0.1)
    return net.eval()


def example(high: int = 64, wide: int = 96) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    mask = torch.zeros(2, 1, high, wide)
    mask[:, :, 20:40, 10:70] = 1
    return torch.rand(2, 3, high, wide), mask


@pytest.mark.parametrize("name", sorted(NETS))
def test_known_pixels_stay_and_hidden_ones_are_not_looked_at(name: str) -> None:
    net = awake(name)
    image, mask = example()
    other = torch.where(mask > 0.5, torch.rand_like(image), image)
    other[0, :, 30, 30] = torch.nan
    with torch.inference_mode():
        painted, again, filled = net(image, mask), net(other, mask), Fill()(image, mask)
    assert torch.equal(painted, again)
    known = (mask < 0.5).expand_as(image)
    assert torch.equal(painted[known], image[known])
    assert float(painted.min()) >= 0
    assert float(painted.max()) <= 1
    assert float((painted - filled).abs().max()) > 1e-3  # the network does something


@pytest.mark.parametrize("name", sorted(NETS))
def test_a_new_network_paints_the_fill(name: str) -> None:
    image, mask = example()
    with torch.inference_mode():
        painted, filled = SMALL[name]().eval()(image, mask), Fill()(image, mask)
    assert float((painted - filled).abs().max()) < 0.1


@pytest.mark.parametrize("name", sorted(NETS))
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nothing_hidden_and_everything_hidden(name: str, share: float) -> None:
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        painted = awake(name)(image, torch.full((1, 1, 64, 64), share))
    assert painted.isfinite().all()
    assert share or torch.equal(painted, image)


@pytest.mark.parametrize("name", sorted(NETS))
def test_every_parameter_learns(name: str) -> None:
    image, mask = example(64, 64)
    net = awake(name).train()
    torch.stack([guess.square().mean() for guess in net.guesses(image, mask)]).sum().backward()
    assert [named for named, parameter in net.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize("name", sorted(NETS))
@pytest.mark.parametrize("tile", [None, 96])
def test_export_agrees(name: str, tile: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx", reason="export needs onnx")
    from training import inpaint_export

    monkeypatch.setitem(inpaint_export.NETS, name, SMALL[name])
    torch.save({"net": awake(name).state_dict(), "recipe": {"net": name}}, tmp_path / "i.pt")
    assert inpaint_export.write(tmp_path / "i.pt", tmp_path / "i.onnx", tile, store="fp32") < 1e-4
    assert inpaint_export.write(tmp_path / "i.pt", tmp_path / "h.onnx", tile) < 2e-2
    assert (tmp_path / "h.onnx").stat().st_size < 0.95 * (tmp_path / "i.onnx").stat().st_size


def test_weights_are_entered_beside_others(tmp_path: Path) -> None:
    from training import inpaint_export

    (tmp_path / "weights.json").write_text('[{"file": "a.onnx"}, {"file": "i.onnx", "metric": "old"}]')
    (tmp_path / "i.onnx").write_bytes(b"1")
    inpaint_export.enter(tmp_path / "i.onnx", 512, "new", "by a test")
    first, second = json.loads((tmp_path / "weights.json").read_text(encoding="utf-8"))
    assert first == {"file": "a.onnx"}
    assert (second["metric"], second["made"]) == ("new", "by a test")
    assert "512" in second["input"]


@pytest.mark.parametrize("size", [(8, 8), (6, 10), (8, 9), (7, 12)])
def test_matrices_are_the_fft(size: tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size)
    whole = fourier.spectrum(x)
    assert torch.allclose(fourier.spectrum(x, True), whole, atol=1e-5)
    changed = torch.randn_like(whole)  # also parts that no image has: a true inverse passes them over
    assert torch.allclose(fourier.image_of(whole, size[1], True), x, atol=1e-5)
    wanted = fourier.image_of(changed, size[1])
    assert torch.allclose(fourier.image_of(changed, size[1], True), wanted, atol=1e-5)


def test_partial_convolution_is_a_convolution_where_all_is_known() -> None:
    layer = PartialConv((2, 3), 4, 3, bias=True)
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(1, 5, 8, 9)
    made, known = layer(x, torch.ones(1, 2, 8, 9))
    plain = functional.conv2d(x, layer.conv.weight, None, 1, 1)
    assert known.shape == (1, 1, 8, 9)
    assert known.all()
    assert torch.allclose(made[..., 1:-1, 1:-1], (plain + layer.bias)[..., 1:-1, 1:-1], atol=1e-5)
    # Padding counts as unknown: 6 of 9 pixels at an edge, 4 of 9 in a corner.
    assert torch.allclose(made[..., 0, 1:-1], (plain * 9 / 6 + layer.bias)[..., 0, 1:-1], atol=1e-5)
    assert torch.allclose(made[..., 0, 0], (plain * 9 / 4 + layer.bias)[..., 0, 0], atol=1e-5)


def test_partial_convolution_weighs_up_what_is_known() -> None:
    layer = PartialConv((1,), 1, 3)
    torch.nn.init.constant_(layer.conv.weight, 1 / 9)
    known = torch.zeros(1, 1, 7, 7)
    known[..., 3, 3] = 1
    x = torch.full((1, 1, 7, 7), 100.0)
    x[..., 3, 3] = 5
    made, seen = layer(x, known)
    assert torch.equal(seen[0, 0].nonzero().amin(0), torch.tensor([2, 2]))
    assert torch.equal(seen[0, 0].nonzero().amax(0), torch.tensor([4, 4]))
    assert torch.allclose(made[0, 0], 5 * seen[0, 0])


def test_groups_of_channels_count_as_many_as_they_are() -> None:
    layer = PartialConv((1, 3), 1, 1)
    torch.nn.init.constant_(layer.conv.weight, 0.25)
    known = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1)
    made, seen = layer(torch.full((1, 4, 1, 1), 8.0), known)
    assert made.item() == pytest.approx(8.0)
    assert bool(seen)


def test_fill_of_one_colour_is_that_colour() -> None:
    image = torch.full((1, 3, 64, 64), 0.3)
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 10:50, 5:60] = 1
    image[..., 10:50, 5:60] = 0.9
    assert torch.allclose(fill(image * (1 - mask), mask), torch.full_like(image, 0.3), atol=1e-4)


def test_fill_of_a_ramp_lies_between_its_sides() -> None:
    image = torch.linspace(0, 1, 64).expand(1, 1, 64, 64).clone()
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 24:40] = 1
    filled = fill(image * (1 - mask), mask)
    assert float((filled - image).abs().max()) < 0.16
    assert torch.equal(filled[..., :24], image[..., :24])


def test_losses_of_weight_nothing_are_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    image, mask = example(64, 64)
    monkeypatch.setattr(inpaint_losses, "Features", None)
    assert list(Losses(Weights(hole=2, similar=0), CPU)([image + 0.25], image, mask)) == ["hole"]


def test_every_loss_has_its_weight_and_falls_to_nothing() -> None:
    image, mask = example(64, 64)
    weights = Weights(1, 1, 1, 1, 1, 1)
    twice = Losses(dataclasses.replace(weights, perceptual=2.0), CPU, pretrained=False)
    wrong, right = (Losses.__call__(twice, [guess], image, mask) for guess in (1 - image, image))
    assert set(wrong) == {"hole", "valid", "similar", "perceptual", "style", "wide"}
    assert all(float(value) > 0 for value in wrong.values())
    assert all(float(value) == pytest.approx(0, abs=1e-5) for value in right.values())
    twice.weights = weights
    assert float(wrong["perceptual"]) == pytest.approx(2 * float(twice([1 - image], image, mask)["perceptual"]))


def test_plain_differences_are_means_of_their_pixels() -> None:
    image, mask = example(64, 64)
    terms = Losses(Weights(hole=3, valid=1, similar=0), CPU)([image + 0.5 * mask + 0.1], image, mask)
    assert float(terms["hole"]) == pytest.approx(1.8, abs=1e-4)
    assert float(terms["valid"]) == pytest.approx(0.1, abs=1e-4)


def test_variation_is_that_of_holes() -> None:
    image, mask = torch.zeros(1, 1, 16, 16), torch.zeros(1, 1, 16, 16)
    image[..., 12:] = 1
    mask[..., 2:6, 2:6] = 1
    assert float(inpaint_losses.variation(image, mask)) == 0
    image[..., 4, 4] = 1
    assert float(inpaint_losses.variation(image, mask)) == pytest.approx(4 / 36)


def test_dilated_features_see_far_at_stride_eight() -> None:
    near, far = (inpaint_losses.Features(False, wide).train() for wide in (False, True))
    image = torch.rand(1, 3, 64, 64)
    assert [tap.shape[-1] for tap in near(image)] == [32, 16, 8, 4, 2]
    assert [tap.shape[-1] for tap in far(image)] == [8, 8, 8]
    assert not far.training
    far.load_state_dict(near.state_dict())


def test_critic_judges_patches_with_hidden_pixels() -> None:
    torch.manual_seed(0)
    judge = critic.Critic(4)
    image, mask = example(64, 64)
    plain = critic.critic_loss(judge, image, 1 - image, mask)
    punished = critic.critic_loss(judge, image, 1 - image, mask, 1e3)
    assert punished.item() > plain.item()
    assert list(critic.patches(mask, judge(image, mask)[-1])[0, 0].sum(1)) == [0, 4, 4, 0]
    painted = (1 - image).requires_grad_()
    adversarial, matching = critic.painter_losses(judge, image, painted, mask, True)
    assert matching is not None
    (adversarial + matching).backward()
    assert float(painted.grad.abs().sum()) > 0
    assert critic.painter_losses(judge, image, painted, mask, False)[1] is None


@pytest.mark.parametrize("wrong", [{"hole": -1.0}, {"matching": 1.0}, {"sizes": (100,)}, {"sizes": ()}])
def test_impossible_recipe_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(TrainingError):
        changed(PaintRecipe(), wrong)


def test_recipe_comes_back_from_a_checkpoint() -> None:
    assert set(PRESETS) == set(NETS) == set(SMALL)
    for name, recipe in PRESETS.items():
        assert recipe.net == name
        assert of_stored({**recipe.plain(), "gone": 1}) == recipe
    assert np.argmax([PaintRecipe(steps=100).share_at(step) for step in range(100)]) == 5
