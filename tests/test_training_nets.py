"""One contract for all networks of training."""

import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from training.depthwise import Depthwise  # noqa: E402
from training.mobilenet import Gate, MobileNet, _Encoder  # noqa: E402
from training.nets import CLASSES, NETS, LiteUNet, _Fuse  # noqa: E402


@pytest.mark.parametrize("name", sorted(NETS))
def test_logits_have_the_size_of_the_page(name: str) -> None:
    net = NETS[name]().eval()
    with torch.inference_mode():
        logits = net(torch.rand(1, 3, 64, 96))
    assert logits.shape == (1, len(CLASSES), 64, 96)
    assert logits.isfinite().all()
    assert float(logits.sigmoid().mean()) < 0.4  # most of a page is nothing, before anything is learnt


@pytest.mark.parametrize("name", sorted(NETS))
def test_every_parameter_learns(name: str) -> None:
    net = NETS[name]().train()
    net(torch.rand(2, 3, 64, 64)).square().sum().backward()
    assert [named for named, parameter in net.named_parameters() if parameter.grad is None] == []
    assert any(named.startswith("encoder.") for named, _ in net.named_parameters())


@pytest.mark.parametrize("name", sorted(NETS))
def test_export_agrees_at_any_size(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="export needs onnx")
    from training import export

    net = NETS[name]()
    for parameter in net.parameters():  # gates begin as the identity, which would hide a wrong export of them
        parameter.data += 0.01 * torch.randn_like(parameter)
    torch.save({"net": net.state_dict(), "recipe": {"net": name}}, tmp_path / "s.pt")
    assert export.export(tmp_path / "s.pt", tmp_path / "s.onnx", store="fp32") < 1e-4


@pytest.mark.parametrize("learning", [True, False])
def test_joining_is_a_convolution_over_what_was_doubled(learning: bool) -> None:
    stage = _Fuse(5, 3, 4)
    torch.nn.init.uniform_(stage[1].running_mean)
    torch.nn.init.uniform_(stage[1].running_var, 1, 2)
    below, tap = torch.randn(2, 5, 6, 7), torch.randn(2, 3, 12, 14)
    doubled = below.repeat_interleave(2, 2).repeat_interleave(2, 3)
    plain = torch.nn.Sequential(*stage, torch.nn.ReLU()).train(learning)
    expected = plain(torch.cat([doubled, tap], 1))
    assert torch.allclose(stage.train(learning)(below, tap), expected, atol=1e-5)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 1), (3, 2), (5, 2)])
def test_gradients_of_channels_by_themselves_are_those_of_the_convolution(kernel: int, stride: int) -> None:
    ours = Depthwise(6, kernel, stride)
    plain = torch.nn.Conv2d(6, 6, kernel, stride, kernel // 2, groups=6, bias=False)
    plain.load_state_dict(ours.state_dict())
    given, towards = torch.randn(2, 6, 15, 16), torch.randn(2, 6, -(-15 // stride), 16 // stride)
    sought = []
    for net, half in ((ours, True), (ours, False), (plain, False)):
        x = given.clone().requires_grad_()
        net.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            out = net(x)
        assert out.dtype == (torch.bfloat16 if half else torch.float32)
        out.backward(towards.to(out.dtype))
        sought.append((out.float(), x.grad, net.weight.grad))
    for in_half, ours_full, expected in zip(*sought, strict=True):
        assert torch.equal(ours_full, expected)
        assert torch.allclose(in_half, expected, atol=0.02 * float(expected.detach().abs().max()))


@pytest.mark.parametrize(("width", "last"), [(1.0, 320), (1.4, 448), (2.0, 640)])
def test_dilation_takes_the_place_of_strides(width: float, last: int) -> None:
    encoder = _Encoder(width).eval()
    with torch.inference_mode():
        low, deep = encoder(torch.rand(1, 3, 64, 64))
    assert low.shape[2:] == (16, 16)
    assert deep.shape[1:] == (last, 8, 8)
    three = [part for part in encoder.modules() if isinstance(part, torch.nn.Conv2d) and part.kernel_size == (3, 3)]
    assert [part.dilation[0] for part in three] == [1] * 8 + [2] * 7 + [4] * 3
    assert [part.stride[0] for part in three].count(2) == 3


def test_gate_begins_as_the_identity() -> None:
    x = torch.randn(2, 16, 5, 7)
    assert torch.equal(Gate(16)(x), x)


def test_gate_weighs_channels_and_places() -> None:
    gate = Gate(8)
    torch.nn.init.normal_(gate.excite.weight)
    torch.nn.init.normal_(gate.place.weight)
    weight = gate(x := torch.rand(1, 8, 5, 7) + 1) / x
    assert weight.std() > 0.01
    assert 0 < weight.min() < weight.max() < 2


def test_published_weights_load_as_they_are() -> None:
    """Under the names and shapes that torchvision gives them, which are those of our encoder without its gates."""
    encoder = _Encoder(1.0)
    published = {name: value + 1 for name, value in encoder.state_dict().items() if ".gate." not in name}
    encoder.load({**published, "classifier.1.weight": torch.zeros(1000, 1280)})
    assert all(torch.equal(encoder.state_dict()[name], value) for name, value in published.items())
    with pytest.raises(ValueError, match="no weights of MobileNetV2"):
        encoder.load({"features.0.0.weight": published["features.0.0.weight"]})


def test_names_are_those_of_torchvision() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from torchvision.models import mobilenet_v2
        except (ImportError, RuntimeError) as error:  # RuntimeError: built for another torch
            pytest.skip(f"no torchvision here: {error}")
    theirs = mobilenet_v2(weights=None).eval()
    encoder = _Encoder(1.0).eval()
    encoder.load(theirs.state_dict())
    with torch.inference_mode():
        x = torch.rand(1, 3, 64, 64)
        low, _ = encoder(x)
        wanted = theirs.features[:4]((x - encoder.mean) / encoder.spread)
    assert torch.allclose(low, wanted, atol=1e-4)


@pytest.mark.parametrize("error", [ImportError, RuntimeError])
def test_without_torchvision_random_weights_are_told(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def find_spec(self, name: str, *_: object) -> None:
            if name.partition(".")[0] == "torchvision":
                raise error("operator torchvision::nms does not exist")

    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    with caplog.at_level(logging.WARNING):
        MobileNet(pretrained=True)
    assert "torchvision::nms does not exist" in caplog.text


@pytest.mark.parametrize("name", ["mobilenet-2", "xception"])
def test_networks_without_published_weights_say_so(name: str, caplog: pytest.LogCaptureFixture) -> None:
    NETS[name](pretrained=True)
    assert "begins from random weights" in caplog.text


def test_parameter_names_of_the_first_network_are_kept() -> None:
    names = list(LiteUNet().state_dict())
    assert len(names) == len(set(names))
    for name in ("encoder._conv_stem.weight", "encoder._blocks.15._bn2.bias", "decoder.3.1.weight", "head.bias"):
        assert name in names
    assert sum(int(np.prod(value.shape)) for value in LiteUNet().parameters()) == 3_457_260
