"""The six nets in PyTorch, and an epoch of each: eager or with net and loss compiled, with the fused optimizer."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["mlp", "square", "trainer"]


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))


def square(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10))


def tabular() -> nn.Module:
    def block(inputs: int) -> list[nn.Module]:
        return [nn.Linear(inputs, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.2)]

    return nn.Sequential(*block(30), *block(128), nn.Linear(128, 2))


def cnn() -> nn.Module:
    def block(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(*block(1, 32), *block(32, 64), nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.cell = nn.Embedding(2000, 64), nn.LSTM(64, 64, batch_first=True)
        self.head = nn.Linear(64, 2)
        # One bias is enough: PyTorch adds two, which are always seen as their sum.
        nn.init.zeros_(self.cell.bias_hh_l0.requires_grad_(False))

    def forward(self, x: Tensor) -> Tensor:
        _, (last, _) = self.cell(self.embedding(x))
        return self.head(last[0])  # type: ignore[no-any-return]


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.queries_keys_values, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.dense = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU("tanh"), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.queries_keys_values(self.norms[0](x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.mixed(seen.transpose(1, 2).flatten(2))
        return x + self.dense(self.norms[1](x))  # type: ignore[no-any-return]


class Decoder(nn.Module):
    def __init__(self, vocabulary: int = 65, context: int = 64, width: int = 128) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Parameter(torch.empty(context, width).uniform_(-0.05, 0.05))
        self.blocks = nn.Sequential(*(Block(width, 4) for _ in range(4)), nn.LayerNorm(width))
        self.head = nn.Linear(width, vocabulary)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.tokens(x) + self.places))  # type: ignore[no-any-return]


def convolved(inputs: int, outputs: int, window: int, stride: int) -> nn.Sequential:
    """A convolution and its BatchNorm."""
    convolution = nn.Conv2d(inputs, outputs, window, stride, window // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first, self.second = convolved(inputs, outputs, 3, stride), convolved(outputs, outputs, 3, 1)
        self.past = nn.Identity() if inputs == outputs else convolved(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.second(functional.relu(self.first(x), inplace=True)) + self.past(x), inplace=True)


def resnet18() -> nn.Module:
    sizes = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]
    blocks = [part for i, o, stride in sizes for part in (Residual(i, o, stride), Residual(o, o, 1))]
    stem = (convolved(3, 64, 3, 1), nn.ReLU(inplace=True))
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


NETS = {"mlp": mlp, "tabular": tabular, "cnn": cnn, "lstm": Recurrent, "gpt": Decoder, "resnet18": resnet18}


def optimizer(name: str, weights: list[nn.Parameter]) -> torch.optim.Optimizer:
    if name == "resnet18":
        return torch.optim.SGD(weights, 0.1, momentum=0.9, weight_decay=5e-4, fused=True)
    if name == "gpt":
        return torch.optim.AdamW(weights, 1e-3, betas=(0.9, 0.99), weight_decay=0.1, fused=True)
    if name == "tabular":
        return torch.optim.AdamW(weights, 1e-3, weight_decay=4e-3, fused=True)
    return torch.optim.Adam(weights, 1e-3, fused=True)


def trainer(
    name: str, x: Any, y: Any, batch: int, threads: int = 2, channels_last: bool = False, compiled: bool = False
) -> tuple[Callable[[], float], int]:
    """An epoch in a new order, which returns the mean loss, and how many numbers the net has."""
    torch.manual_seed(0)
    net = square(x.shape[-1]) if name == "square" else NETS[name]()
    inputs, labels = torch.from_numpy(x), torch.from_numpy(y)
    if inputs.ndim == 4:
        layout = torch.channels_last if channels_last else torch.contiguous_format
        net, inputs = net.to(memory_format=layout), inputs.permute(0, 3, 1, 2).contiguous(memory_format=layout)
    step = stepper(net, optimizer(name, trained(net)), compiled)

    def epoch() -> float:
        torch.set_num_threads(threads)
        orders = torch.randperm(len(inputs)).split(batch)
        return torch.stack([step(inputs[rows], labels[rows]) for rows in orders]).mean().item()

    count = sum(w.numel() for w in [*trained(net), *net.buffers()] if w.is_floating_point())
    return epoch, count


def trained(net: nn.Module) -> list[nn.Parameter]:
    return [w for w in net.parameters() if w.requires_grad]


def stepper(net: nn.Module, change: torch.optim.Optimizer, compiled: bool) -> Callable[[Tensor, Tensor], Tensor]:
    def loss_of(x: Tensor, y: Tensor) -> Tensor:
        return functional.cross_entropy(net(x).flatten(0, -2), y.flatten())

    forward = alone(loss_of) if compiled else loss_of

    def step(x: Tensor, y: Tensor) -> Tensor:
        change.zero_grad()
        loss = forward(x, y)
        loss.backward()
        change.step()
        return loss.detach()

    return step


def alone(function: FunctionType) -> Callable[..., Tensor]:
    """The function compiled, with a code object of its own: what was compiled for others of its code slows it down."""
    own = FunctionType(function.__code__.replace(), function.__globals__, closure=function.__closure__)
    return torch.compile(own, dynamic=False)
