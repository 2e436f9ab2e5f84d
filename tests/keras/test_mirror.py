"""What stands under Keras's paths takes what Keras takes: each listed name, argument by argument."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from pente import keras as own
from tests.keras.oracle import keras

# The names that are mirrored, by their paths.
LISTED = {
    "": "Initializer Input Layer Loss Metric Model Optimizer Regularizer Sequential",
    "activations": """
        celu elu exponential gelu get hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid
        log_softmax mish relu relu6 selu sigmoid silu softmax softplus softsign swish tanh
        """,
    "callbacks": """
        CSVLogger Callback EarlyStopping History LambdaCallback LearningRateScheduler ModelCheckpoint
        ReduceLROnPlateau TerminateOnNaN
        """,
    "initializers": """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer Initializer LecunNormal
        LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform TruncatedNormal VarianceScaling
        Zeros constant get glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform ones
        orthogonal random_normal random_uniform truncated_normal variance_scaling zeros
        """,
    "layers": """
        Activation Add Average AveragePooling1D AveragePooling2D AvgPool1D AvgPool2D BatchNormalization Concatenate
        Conv1D Conv1DTranspose Conv2D Conv2DTranspose Convolution1D Convolution2D Cropping1D Cropping2D Dense
        DepthwiseConv1D DepthwiseConv2D Dot Dropout ELU Embedding Flatten GRU GaussianDropout GaussianNoise
        GlobalAveragePooling1D GlobalAveragePooling2D GlobalAvgPool1D GlobalAvgPool2D GlobalMaxPool1D GlobalMaxPool2D
        GlobalMaxPooling1D GlobalMaxPooling2D GroupNormalization Identity Input InputLayer LSTM Lambda Layer
        LayerNormalization LeakyReLU MaxPool1D MaxPool2D MaxPooling1D MaxPooling2D Maximum Minimum MultiHeadAttention
        Multiply PReLU Permute ReLU RepeatVector Rescaling Reshape SeparableConv1D SeparableConv2D SimpleRNN Softmax
        SpatialDropout1D SpatialDropout2D Subtract UpSampling1D UpSampling2D ZeroPadding1D ZeroPadding2D add average
        concatenate dot maximum minimum multiply subtract
        """,
    "losses": """
        BinaryCrossentropy CategoricalCrossentropy CategoricalHinge CosineSimilarity Hinge Huber KLDivergence LogCosh
        Loss MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
        SparseCategoricalCrossentropy SquaredHinge binary_crossentropy categorical_crossentropy categorical_hinge
        cosine_similarity get hinge huber kl_divergence log_cosh mean_absolute_error mean_absolute_percentage_error
        mean_squared_error mean_squared_logarithmic_error poisson sparse_categorical_crossentropy squared_hinge
        """,
    "metrics": """
        AUC Accuracy BinaryAccuracy BinaryCrossentropy CategoricalAccuracy CategoricalCrossentropy CategoricalHinge
        CosineSimilarity F1Score Hinge KLDivergence LogCoshError Mean MeanAbsoluteError MeanAbsolutePercentageError
        MeanMetricWrapper MeanSquaredError MeanSquaredLogarithmicError Metric Poisson Precision R2Score Recall
        RootMeanSquaredError SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy
        SquaredHinge Sum TopKCategoricalAccuracy binary_accuracy binary_crossentropy categorical_accuracy
        categorical_crossentropy categorical_hinge get hinge huber kl_divergence log_cosh mean_absolute_error
        mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error poisson
        sparse_categorical_accuracy sparse_categorical_crossentropy sparse_top_k_categorical_accuracy squared_hinge
        top_k_categorical_accuracy
        """,
    "models": "Model Sequential load_model save_model",
    "ops": """
        abs absolute add all amax amin any argmax argmin cast ceil celu clip concatenate cos cosh divide elu equal erf
        exp expand_dims expm1 floor floor_divide gelu greater greater_equal hard_sigmoid hard_silu hard_swish hard_tanh
        leaky_relu less less_equal log log10 log1p log2 log_sigmoid log_softmax logaddexp logical_and logical_not
        logical_or logsumexp matmul maximum mean minimum multiply negative not_equal one_hot power reciprocal relu relu6
        repeat reshape selu sigmoid sign silu sin sinh softmax softplus softsign sqrt square squeeze stack std subtract
        sum swish take tan tanh transpose true_divide var where
        """,
    "optimizers": "Adadelta Adagrad Adam AdamW Adamax Lamb Lion Nadam Optimizer RMSprop SGD get",
    "optimizers.schedules": """
        CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay LearningRateSchedule PiecewiseConstantDecay
        PolynomialDecay
        """,
    "regularizers": "L1 L1L2 L2 Regularizer get l1 l1_l2 l2",
    "saving": "load_model save_model",
    "utils": "normalize pad_sequences set_random_seed to_categorical",
    "Layer": """
        add_loss add_weight build call compute_output_shape count_params get_config get_weights set_weights
        """,
    "Model": """
        add_loss add_weight build compile compute_loss count_params evaluate fit get_config get_layer get_weights
        load_weights predict predict_on_batch reset_metrics save save_weights set_weights summary test_on_batch
        train_on_batch
        """,
    "Sequential": "add build pop",
    "callbacks.Callback": """
        on_epoch_begin on_epoch_end on_predict_batch_begin on_predict_batch_end on_predict_begin on_predict_end
        on_test_batch_begin on_test_batch_end on_test_begin on_test_end on_train_batch_begin on_train_batch_end
        on_train_begin on_train_end set_model set_params
        """,
    "metrics.Metric": "reset_state result update_state",
}
PATHS = [f"{place}.{name}".lstrip(".") for place, names in LISTED.items() for name in names.split()]
SAME = "the same default, written differently"

# What Pente does not take, in general: argument, and why.
NOT_TAKEN = {
    "autocast": "there is one dtype a layer",
    "aggregation": "variables live on one device",
    "dtype": "losses and metrics are computed in the dtype of what they are given",
    "lora_rank": "no adapters",
    "lora_alpha": "no adapters",
    "quantization_config": "no quantization",
    "overwrite_with_gradient": "no quantization",
    "constraint": "no constraints",
    "input_axes": "the axes of a kernel have one order",
    "output_axes": "the axes of a kernel have one order",
    "stateful": "a state is given with initial_state",
    "unroll": "a loop is compiled as a loop",
    "use_cudnn": "there is one implementation",
    "flash_attention": "there is one implementation",
    "use_ema": "the wrapper optimizers.EMA",
    "ema_momentum": "the wrapper optimizers.EMA",
    "ema_overwrite_frequency": "the wrapper optimizers.EMA",
    "gradient_accumulation_steps": "the wrapper optimizers.Accumulation",
    "loss_scale_factor": "there is no float16 training",
    "sparse": "no sparse tensors",
    "ragged": "no ragged tensors",
    "tensor": "an input is a place and not a tensor",
    "input_tensor": "an input is a place and not a tensor",
    "optional": "every input is needed",
    "synchronized": "one device",
    "rebuild": "it is always built again",
    "overwrite": "a file is replaced in one move",
    "zipped": "there is one format",
    "max_shard_size": "there is one file",
    "safe_mode": "a file can never run code",
}
# What differs in one place: path, argument, and why.
DIFFERENT = {
    "Model.compile": {
        "run_eagerly": "jit=False",
        "jit_compile": "jit",
        "steps_per_execution": "steps run by themselves where no callback asks",
        "auto_scale_loss": "there is no float16 training",
        "order": "metrics stand before loss_weights, as in Keras 2 and in most code that names no arguments",
    },
    "Model.summary": {
        "line_length": "the table is as wide as it is",
        "positions": "the table is as wide as it is",
        "show_trainable": "it always does",
        "layer_range": "it shows all",
    },
    "Model.load_weights": {"skip_mismatch": "strict"},
    "models.load_model": {"compile": "a model comes as it was saved"},
    "saving.load_model": {"compile": "a model comes as it was saved"},
    "Sequential.build": {"input_shape": "it has to be known"},
    "callbacks.EarlyStopping": {"restore_best_weights": "a training ends on its best weights"},
    "layers.InputLayer": {"shape": "a shape has to be known", "batch_shape": "Input takes it"},
    "layers.SimpleRNN": {"order": "all recurrent layers have one order"},
    "layers.MultiHeadAttention": {
        "output_shape": "the queries'",
        "attention_axes": "one axis of steps",
        "sliding_window": "a mask",
        "use_gate": "a Multiply",
        "activity_regularizer": "add_loss in a layer of one's own",
    },
    "layers.BatchNormalization": dict.fromkeys(
        ["renorm", "renorm_clipping", "renorm_momentum"], "not known to Keras 3.10"
    ),
    "ops.one_hot": {"axis": "the last"},
    "ops.where": dict.fromkeys(["x1", "x2"], "nonzero is a function of its own"),
    "layers.Embedding": {"weights": "set_weights"},
    "layers.Flatten": {"data_format": "channels stand last"},
    "layers.SpatialDropout2D": {"data_format": "channels stand last"},
    "layers.Lambda": {"output_shape": "it is found", "mask": "no masks", "arguments": "a function of the tensor alone"},
    "layers.Conv1DTranspose": {"output_padding": "padding decides"},
    "layers.Conv2DTranspose": {"output_padding": "padding decides"},
    "layers.PReLU": {"alpha_initializer": SAME},
    "layers.AveragePooling1D": {"pool_size": "as MaxPooling1D has it"},
    "layers.AveragePooling2D": {"pool_size": "as MaxPooling2D has it"},
    "layers.AvgPool1D": {"pool_size": "as MaxPooling1D has it"},
    "layers.AvgPool2D": {"pool_size": "as MaxPooling2D has it"},
    "layers.Dot": {"axes": "the last axis is what is meant for vectors"},
    "metrics.AUC": {
        "summation_method": "interpolation",
        "thresholds": "num_thresholds",
        "multi_label": "one label",
        "num_labels": "one label",
        "label_weights": "one label",
        "name": SAME,
    },
    "metrics.Precision": {"top_k": "TopKCategoricalAccuracy", "name": SAME},
    "metrics.Recall": {"top_k": "TopKCategoricalAccuracy", "name": SAME},
    "metrics.BinaryCrossentropy": {"label_smoothing": SAME},
    "metrics.CategoricalCrossentropy": {"label_smoothing": SAME},
    "metrics.SparseTopKCategoricalAccuracy": {"from_sorted_ids": "predictions are scores"},
    "metrics.sparse_top_k_categorical_accuracy": {"from_sorted_ids": "predictions are scores"},
}
for _name in set(LISTED["optimizers"].split()) - {"Optimizer", "get"}:
    DIFFERENT.setdefault(f"optimizers.{_name}", {})["name"] = (
        "all are called optimizer, which is the first part of their paths"
    )
for _name in ("Layer", "Model"):
    DIFFERENT[f"{_name}.add_weight"] = {
        "order": "the name is the first, as in Keras 2",
        "shape": SAME,
        "initializer": SAME,
    }


def found(root: Any, path: str) -> Any:
    for part in path.split("."):
        root = getattr(root, part)
    return root


def parameters(thing: Any) -> dict[str, inspect.Parameter]:
    return {name: p for name, p in inspect.signature(thing).parameters.items() if name != "self"}


def differences(path: str) -> Iterator[tuple[str, str]]:
    """Each argument that is another here, and how."""
    theirs, ours = parameters(found(keras, path)), parameters(found(own, path))
    named = {name: p for name, p in theirs.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    open_ended = any(p.kind == p.VAR_KEYWORD for p in ours.values())
    for name, p in named.items():
        if name not in ours:
            if not open_ended and not name.endswith("_constraint"):
                yield name, "is not taken"
        elif repr(p.default) != repr(ours[name].default):
            yield name, f"is {ours[name].default!r}, in Keras {p.default!r}"
    both = [name for name in named if name in ours and ours[name].kind != ours[name].KEYWORD_ONLY]
    if both != [name for name in ours if name in both]:
        yield "order", f"is {[name for name in ours if name in both]}, in Keras {both}"


def excused(path: str) -> dict[str, str]:
    return NOT_TAKEN | DIFFERENT.get(path, {})


@pytest.mark.parametrize("path", PATHS)
def test_a_listed_name_takes_what_keras_takes(path: str) -> None:
    assert callable(found(own, path))
    assert [f"{name} {how}" for name, how in differences(path) if name not in excused(path)] == []


@pytest.mark.parametrize("path", sorted(DIFFERENT))
def test_an_excuse_is_still_needed(path: str) -> None:
    assert path in PATHS
    assert set(DIFFERENT[path]) - {name for name, _ in differences(path)} == set()


def test_each_general_excuse_is_still_needed() -> None:
    met = {name for path in PATHS for name, _ in differences(path)}
    assert set(NOT_TAKEN) - met == set()


PENTES_OWN = """
    callbacks.JSONLinesLogger callbacks.ProgressBar callbacks.Timer layers.GELU
    losses.NegativeLogLikelihood losses.negative_log_likelihood losses.LossFunctionWrapper
    losses.mae losses.mape losses.mse losses.msle metrics.accuracy metrics.cosine_similarity metrics.resolve_accuracy
    metrics.resolve_crossentropy optimizers.Accumulation optimizers.EMA optimizers.Grouped optimizers.Segment
    optimizers.Shadow initializers.fans initializers.Given
    optimizers.schedules.Cyclical optimizers.schedules.OneCycle optimizers.schedules.Piecewise
    optimizers.schedules.Warmup optimizers.schedules.Schedule optimizers.schedules.get
    optimizers.schedules.LambdaSchedule
    """


def test_every_public_name_is_listed_or_pentes_own() -> None:
    places = [place for place in LISTED if place.islower()]
    modules = {place: found(own, place) for place in places if inspect.ismodule(found(own, place))}
    there = {
        f"{place}.{name}"
        for place, module in modules.items()
        for name, thing in vars(module).items()
        if name[0] != "_"
        and callable(thing)
        and getattr(thing, "__module__", "").startswith("pente")
        and not name.endswith("Error")
    }
    assert sorted(there - set(PATHS) - set(PENTES_OWN.split())) == []
