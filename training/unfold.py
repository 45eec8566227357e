"""Exported weights as ones to train: `train_segment --start segment.onnx` goes on from what is shipped."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from training.crops import Batch
from training.nets import LiteUNet
from training.packing import unpacked
from training.recipe import TrainingError


def load(net: nn.Module, path: Path, batches: Iterable[Batch]) -> None:
    """Give `net`, a lite-unet, the weights of an exported one (ONNX), and batch norms that go on from there.

    Export folds each batch norm into its convolution. Here each gets the mean and the deviation that `batches` show
    at its place, and a scale and a shift that undo them, so that the network stays the same function, also while it
    trains. TrainingError: another network, or no file of ONNX.
    """
    if not isinstance(net, LiteUNet):
        raise TrainingError(f"{path}: only lite-unet begins from exported weights; name a checkpoint (.pt)")
    norms = _norms(net)
    try:
        _copy(net, norms, path)
    except (KeyError, IndexError, RuntimeError) as error:
        raise TrainingError(f"{path} holds no exported lite-unet ({error})") from error
    _settle(net, list(norms.values()), batches)


def _norms(net: LiteUNet) -> dict[str, nn.BatchNorm2d]:
    """The batch norm after each convolution, by that one's name."""
    norms, last = {}, ""
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d):
            last = name
        elif isinstance(module, nn.BatchNorm2d):
            norms[last] = module
    return norms


def _copy(net: LiteUNet, norms: dict[str, nn.BatchNorm2d], path: Path) -> None:
    import onnx

    weights = {name: torch.from_numpy(values) for name, values in unpacked(path).items()}
    # /net/encoder/_blocks.1/_bn2/… is what the exporter calls what a module does.
    nodes = {node.name.removeprefix("/net/").replace("/", "."): node for node in onnx.load(str(path)).graph.node}
    with torch.no_grad():
        for name, norm in norms.items():
            stage = name.removesuffix(".0") if name.startswith("decoder.") else ""
            node: Any = nodes[f"{stage or name}.Conv"]
            weight = weights[node.input[1]]
            if stage:  # what comes from below is convolved by itself
                weight = torch.cat([weights[nodes[f"{stage}.MatMul"].input[1]], weight], 1)
            cast(nn.Conv2d, net.get_submodule(name)).weight.copy_(weight)
            norm.weight.fill_(1)
            norm.bias.copy_(weights[node.input[2]])
            cast(Tensor, norm.running_mean).zero_()
            cast(Tensor, norm.running_var).fill_(1 - norm.eps)
        net.head.weight.copy_(weights["net.head.weight"])
        cast(Tensor, net.head.bias).copy_(weights["net.head.bias"])


def _settle(net: LiteUNet, norms: list[nn.BatchNorm2d], batches: Iterable[Batch]) -> None:
    """Turn norms that only shift into such as have seen `batches`, and do the same."""
    seen: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {norm: [] for norm in norms}

    def shifted(norm: nn.Module, given: tuple[Tensor], _: Tensor) -> Tensor:
        (x,) = given
        seen[norm].append((x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)))
        return x + cast(nn.BatchNorm2d, norm).bias[:, None, None]

    hooks = [norm.register_forward_hook(shifted) for norm in norms]
    device = next(net.parameters()).device
    net.train()
    with torch.no_grad():
        for images, _, _ in batches:
            net(images.to(device))
        for hook in hooks:
            hook.remove()
        for norm in norms:
            mean, spread = (torch.stack(each).mean(0) for each in zip(*seen[norm], strict=True))
            cast(Tensor, norm.running_mean).copy_(mean)
            cast(Tensor, norm.running_var).copy_(spread)
            norm.weight.copy_((spread + norm.eps).sqrt())
            norm.bias.add_(mean)
