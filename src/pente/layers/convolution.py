"""Convolutions over steps, and over rows and columns; channels last."""

from typing import Any, ClassVar

from pente import regularizers
from pente.core.tensor import Tensor
from pente.errors import UsageError
from pente.layers import activations
from pente.layers.base import Layer
from pente.layers.checks import known_features, require_positive
from pente.layers.named import require_known_names
from pente.layers.places import (
    each_place,
    refuse_turned_images,
    require_channels,
    require_channels_last,
    require_padding,
    require_places,
    require_room,
    wide,
)
from pente.ops.conv import conv, conv_transpose
from pente.ops.lifting import as_float
from pente.ops.shape import reshape

__all__ = [
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
]


class OverPlaces(Layer):
    """The base of all convolutions."""

    axes: ClassVar[int]  # the places' axes, between batch and channels
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")

    def __post_init__(self) -> None:
        require_channels_last(self, self.axes)
        require_padding(self, self.paddings)
        for field in ("kernel_size", "strides", "dilation_rate"):
            each_place(self, field, self.axes)
        require_known_names(self)

    def known_channels(self, input_shape: Any) -> int:
        """The channels of an input that has the right axes."""
        require_places(self, input_shape, self.axes)
        refuse_turned_images(self, input_shape)
        return known_features(self, input_shape)

    def taken(self, x: Any, channels: int) -> Tensor:
        """The input as floats, with the right axes and this many channels."""
        floats = as_float(x)
        require_places(self, floats.shape, self.axes)
        require_channels(self, floats.shape, channels)
        return floats


class Convolution(OverPlaces):
    """activation(Σ_k Σ_c x[i·stride + k·dilation, c] · kernel[k, c, o] + bias[o])."""

    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    data_format: Any = None
    dilation_rate: Any = 1
    groups: int = 1
    activation: Any = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None
    activity_regularizer: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, "filters", "groups")
        if self.filters % self.groups:
            raise UsageError(
                f"{type(self).__name__}: {self.filters} filters cannot be shared out evenly to {self.groups} groups."
            )

    def build(self, input_shape: Any) -> None:
        channels = self.known_channels(input_shape)
        if channels % self.groups:
            raise UsageError(f"{self.path}: {channels} channels cannot be shared out evenly to {self.groups} groups.")
        shape = (*each_place(self, "kernel_size", self.axes), channels // self.groups, self.filters)
        self.kernel = self.add_weight("kernel", shape, self.kernel_initializer, regularizer=self.kernel_regularizer)
        self.bias = added_bias(self, self.filters)

    def call(self, x: Tensor) -> Tensor:
        x = self.taken(x, self.kernel.shape[-2] * self.groups)
        return finished(self, convolved(self, x, self.kernel, self.groups))


class Conv1D(Convolution):
    """A convolution over steps; activation(x * kernel + bias).

    With ``padding="valid"`` the window stays inside, with "same" ⌈steps / stride⌉ steps come out, with "causal" step i
    sees only the steps up to i. Shapes: x (batch, steps, channels), kernel (window, channels / groups, filters), the
    result (batch, steps', filters).

    >>> import pente
    >>> pente.layers.Conv1D(4, 3, padding="causal")(pente.ones((2, 10, 3))).shape
    (2, 10, 4)
    """

    axes = 1
    paddings = ("valid", "same", "causal")


class Conv2D(Convolution):
    """A convolution over rows and columns; activation(x * kernel + bias).

    With ``padding="valid"`` the window stays inside, with "same" ⌈rows / stride⌉ rows come out, and columns likewise.
    Shapes: x (batch, rows, columns, channels), kernel (*window, channels / groups, filters), the result
    (batch, rows', columns', filters).

    >>> import pente
    >>> pente.layers.Conv2D(4, 3, strides=2, padding="same")(pente.ones((2, 9, 9, 3))).shape
    (2, 5, 5, 4)
    """

    strides: Any = (1, 1)
    dilation_rate: Any = (1, 1)
    axes = 2


class Depthwise(OverPlaces):
    """Each channel under ``depth_multiplier`` windows of its own."""

    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    depth_multiplier: int = 1
    data_format: Any = None
    dilation_rate: Any = 1
    activation: Any = None
    use_bias: bool = True
    depthwise_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    depthwise_regularizer: Any = None
    bias_regularizer: Any = None
    activity_regularizer: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, "depth_multiplier")

    def build(self, input_shape: Any) -> None:
        channels = self.known_channels(input_shape)
        self.kernel = add_depthwise(self, "kernel", channels)
        self.bias = added_bias(self, channels * self.depth_multiplier)

    def call(self, x: Tensor) -> Tensor:
        return finished(self, depthwise(self, self.taken(x, self.kernel.shape[-2]), self.kernel.read()))


class DepthwiseConv1D(Depthwise):
    """A convolution over steps of each channel for itself.

    Shapes: x (batch, steps, channels), kernel (window, channels, depth_multiplier), the result (batch, steps',
    channels · depth_multiplier).

    >>> import pente
    >>> pente.layers.DepthwiseConv1D(3, depth_multiplier=2)(pente.ones((2, 10, 3))).shape
    (2, 8, 6)
    """

    axes = 1
    paddings = ("valid", "same", "causal")


class DepthwiseConv2D(Depthwise):
    """A convolution over rows and columns of each channel for itself.

    Shapes: x (batch, rows, columns, channels), kernel (*window, channels, depth_multiplier), the result (batch, rows',
    columns', channels · depth_multiplier).

    >>> import pente
    >>> pente.layers.DepthwiseConv2D(3)(pente.ones((2, 9, 9, 3))).shape
    (2, 7, 7, 3)
    """

    strides: Any = (1, 1)
    dilation_rate: Any = (1, 1)
    axes = 2


class Separable(OverPlaces):
    """Each channel under windows of its own, and then all channels mixed at each place."""

    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    data_format: Any = None
    dilation_rate: Any = 1
    depth_multiplier: int = 1
    activation: Any = None
    use_bias: bool = True
    depthwise_initializer: Any = "glorot_uniform"
    pointwise_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    depthwise_regularizer: Any = None
    pointwise_regularizer: Any = None
    bias_regularizer: Any = None
    activity_regularizer: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, "filters", "depth_multiplier")

    def build(self, input_shape: Any) -> None:
        channels = self.known_channels(input_shape)
        self.depthwise_kernel = add_depthwise(self, "depthwise_kernel", channels)
        shape = (*(1,) * self.axes, channels * self.depth_multiplier, self.filters)
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel", shape, self.pointwise_initializer, regularizer=self.pointwise_regularizer
        )
        self.bias = added_bias(self, self.filters)

    def call(self, x: Tensor) -> Tensor:
        x = self.taken(x, self.depthwise_kernel.shape[-2])
        return finished(self, conv(depthwise(self, x, self.depthwise_kernel.read()), self.pointwise_kernel))


class SeparableConv1D(Separable):
    """A depthwise convolution over steps, and then one of a single step that mixes the channels.

    Shapes: x (batch, steps, channels), depthwise_kernel (window, channels, depth_multiplier), pointwise_kernel
    (1, channels · depth_multiplier, filters), the result (batch, steps', filters).

    >>> import pente
    >>> pente.layers.SeparableConv1D(4, 3)(pente.ones((2, 10, 3))).shape
    (2, 8, 4)
    """

    axes = 1
    paddings = ("valid", "same", "causal")


class SeparableConv2D(Separable):
    """A depthwise convolution over rows and columns, and then one of a single place that mixes the channels.

    Shapes: x (batch, rows, columns, channels), depthwise_kernel (*window, channels, depth_multiplier), pointwise_kernel
    (1, 1, channels · depth_multiplier, filters), the result (batch, rows', columns', filters).
    Source: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017.

    >>> import pente
    >>> pente.layers.SeparableConv2D(4, 3)(pente.ones((2, 9, 9, 3))).shape
    (2, 7, 7, 4)
    """

    strides: Any = (1, 1)
    dilation_rate: Any = (1, 1)
    axes = 2


class Transposed(OverPlaces):
    """The transpose of a convolution: every number of x is spread over a window of the result."""

    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    data_format: Any = None
    dilation_rate: Any = 1
    activation: Any = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None
    activity_regularizer: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, "filters")

    def build(self, input_shape: Any) -> None:
        shape = (*each_place(self, "kernel_size", self.axes), self.filters, self.known_channels(input_shape))
        self.kernel = self.add_weight("kernel", shape, self.kernel_initializer, regularizer=self.kernel_regularizer)
        self.bias = added_bias(self, self.filters)

    def call(self, x: Tensor) -> Tensor:
        strides, dilation = (each_place(self, field, self.axes) for field in ("strides", "dilation_rate"))
        x = self.taken(x, self.kernel.shape[-1])
        return finished(
            self, conv_transpose(x, self.kernel, strides=strides, padding=self.padding.lower(), dilation=dilation)
        )


class Conv1DTranspose(Transposed):
    """The transpose of a convolution over steps, which makes them more.

    With ``padding="same"`` steps · stride come out, with "valid" max(window - stride, 0) more. Shapes: x (batch, steps,
    channels), kernel (window, filters, channels), the result (batch, steps', filters).

    >>> import pente
    >>> pente.layers.Conv1DTranspose(4, 3, strides=2, padding="same")(pente.ones((2, 5, 3))).shape
    (2, 10, 4)
    """

    axes = 1


class Conv2DTranspose(Transposed):
    """The transpose of a convolution over rows and columns, which makes them more.

    With ``padding="same"`` rows · stride come out, with "valid" max(window - stride, 0) more, and columns likewise.
    Shapes: x (batch, rows, columns, channels), kernel (*window, filters, channels), the result (batch, rows', columns',
    filters).

    >>> import pente
    >>> pente.layers.Conv2DTranspose(4, 3, strides=2, padding="same")(pente.ones((2, 5, 5, 3))).shape
    (2, 10, 10, 4)
    """

    strides: Any = (1, 1)
    dilation_rate: Any = (1, 1)
    axes = 2


# What they do alike. The fields come in Keras's order, another for each, so that no base class can hold them.


def added_bias(layer: Any, filters: int) -> Any:
    """The bias, where there is to be one."""
    if not layer.use_bias:
        return None
    return layer.add_weight("bias", (filters,), layer.bias_initializer, regularizer=layer.bias_regularizer)


def add_depthwise(layer: Any, name: str, channels: int) -> Any:
    """The windows of each channel."""
    shape = (*each_place(layer, "kernel_size", layer.axes), channels, layer.depth_multiplier)
    return layer.add_weight(name, shape, layer.depthwise_initializer, regularizer=layer.depthwise_regularizer)


def depthwise(layer: Any, x: Tensor, kernel: Tensor) -> Tensor:
    """Each channel under its own windows: as many groups as channels."""
    *window, channels, many = kernel.shape
    return convolved(layer, x, reshape(kernel, (*window, 1, channels * many)), channels)


def convolved(layer: Any, x: Tensor, kernel: Any, groups: int) -> Tensor:
    """x under the window, with the layer's strides, padding and dilation."""
    strides, dilation = (each_place(layer, field, layer.axes) for field in ("strides", "dilation_rate"))
    padding, span = layer.padding.lower(), wide(kernel.shape[:-2], dilation)
    if padding == "valid":
        require_room(layer, x.shape[1:-1], span, "kernel_size")
    if padding == "causal":
        padding = [(k - 1, 0) for k in span]
    return conv(x, kernel, strides=strides, padding=padding, dilation=dilation, groups=groups)


def finished(layer: Any, y: Tensor) -> Tensor:
    """activation(y + bias), and what a large one costs."""
    out: Tensor = activations.get(layer.activation)(y if layer.bias is None else y + layer.bias)
    penalty = regularizers.get(layer.activity_regularizer)
    if penalty is not None:
        layer.add_loss(penalty(out))
    return out
