"""The network, operation by operation, told to whoever builds a graph of it: one telling, so that all graphs compute the same."""

from typing import Protocol, TypeVar

from edgeecg.models.net1d.shape import Net1dShape

T = TypeVar("T")

INPUT, LOGITS, ACTIVATION, FEATURES = "ecg", "logits", "activation", "features"


class Target(Protocol[T]):
    """A graph under construction. Each operation takes tensors and the name of the one it makes."""

    def conv(self, x: T, name: str, *, stride: int = 1, groups: int = 1) -> T:
        """Convolve with `<name>.conv.weight`, to a length of ceil(length / stride)."""

    def dense(self, x: T, name: str) -> T:
        """Mix the channels of a single moment with `<name>.weight`."""

    def swish(self, x: T, name: str) -> T:
        """Multiply by the sigmoid."""

    def sigmoid(self, x: T, name: str) -> T:
        """1 / (1 + exp(-x))."""

    def mean(self, x: T, name: str) -> T:
        """Average over time, to a single moment."""

    def scale(self, x: T, gain: T, name: str) -> T:
        """Multiply each channel by its gain."""

    def halve(self, x: T, name: str) -> T:
        """Take the larger of each two samples; an odd last one meets a zero."""

    def grow(self, x: T, name: str, before: int, after: int) -> T:
        """Put channels of zeros around."""

    def add(self, x: T, y: T, name: str) -> T:
        """Add two of one shape."""

    def end(self, x: T) -> None:
        """Close the encoder: the mean over time is the output."""

    def head(self, x: T) -> None:
        """Close the classifier: what each moment adds to each logit, its mean plus the bias the logit."""


def assemble(shape: Net1dShape, n_labels: int, x: T, graph: Target[T]) -> None:
    """Build the network on its input `x`, with a head if there are labels."""
    x = graph.swish(graph.conv(x, "first_conv", stride=2), "first_swish")
    for block in shape.walk():
        name = block.name
        y = x if block.first else graph.swish(x, f"{name}.swish1")
        y = graph.swish(graph.conv(y, f"{name}.conv1"), f"{name}.swish2")
        y = graph.swish(graph.conv(y, f"{name}.conv2", stride=block.stride, groups=block.groups), f"{name}.swish3")
        y = graph.conv(y, f"{name}.conv3")
        gain = graph.swish(graph.dense(graph.mean(y, f"{name}.mean"), f"{name}.se_fc1"), f"{name}.se_swish")
        gain = graph.sigmoid(graph.dense(gain, f"{name}.se_fc2"), f"{name}.gain")
        if block.stride == 2:
            x = graph.halve(x, f"{name}.halve")
        if grown := block.n_out - block.n_in:
            x = graph.grow(x, f"{name}.grow", grown // 2, grown - grown // 2)
        x = graph.add(graph.scale(y, gain, f"{name}.scale"), x, f"{name}.add")
    if n_labels:
        graph.head(x)
    else:
        graph.end(x)


def same_padding(len_samples: int, kernel_len: int, stride: int) -> tuple[int, int]:
    """Return the zeros before and behind that make a convolution's output ceil(length / stride) long."""
    padding = max(0, (-(-len_samples // stride) - 1) * stride + kernel_len - len_samples)
    return padding // 2, padding - padding // 2
