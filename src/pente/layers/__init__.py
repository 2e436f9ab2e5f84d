"""Layers: what a model is built of."""

from pente.layers.activations import ELU, GELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from pente.layers.base import Layer
from pente.layers.dense import Dense
from pente.layers.dropout import Dropout, GaussianDropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D
from pente.layers.input import Input, InputLayer
from pente.layers.merging import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract
from pente.layers.shaping import Flatten, Identity, Lambda, Permute, RepeatVector, Reshape

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "Add",
    "Average",
    "Concatenate",
    "Dense",
    "Dot",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "Maximum",
    "Minimum",
    "Multiply",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Subtract",
]
