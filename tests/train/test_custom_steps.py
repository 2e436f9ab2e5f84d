"""Steps of the user's own, in Pente's form and in Keras's: the snippets of Keras's guide on customizing fit run."""

from typing import Any

import numpy as np
import pytest

import pente
from pente import Input, Model, Sequential, callbacks, keras, layers
from pente.errors import UsageError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype(np.float32)
Y = X.sum(1, keepdims=True)
SHARES = RNG.uniform(size=60).astype(np.float32)
EACH = pytest.mark.parametrize("jit", [True, False], ids=["compiled", "eager"])


def made(cls: Any, jit: bool, **compiled: Any) -> Any:
    pente.set_seed(1)
    inputs = Input((4,))
    model = cls(inputs, layers.Dense(1)(layers.Dense(5, "relu")(inputs)))
    model.compile(**{"optimizer": "adam", "loss": "mse", "metrics": ["mae"], "jit": jit, **compiled})
    return model


def same_training(first: Any, second: Any, rtol: float = 0.0, **fit: Any) -> None:
    one, two = (m.fit(X, Y, epochs=3, verbose=0, **fit).history for m in (first, second))
    assert list(one) == list(two)
    for name in one:
        np.testing.assert_allclose(one[name], two[name], rtol=rtol)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol)


class Keras(keras.Model):
    """As in Keras's guide, with all that a batch has."""

    def train_step(self, data: Any) -> Any:
        x, y, weight = data if len(data) == 3 else (*data, None)
        with pente.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=weight)
        trainable_vars = self.trainable_variables
        gradients = tape.gradient(loss, trainable_vars)
        self.optimizer.apply(gradients, trainable_vars)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=float(x.shape[0]))
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data: Any) -> Any:
        x, y = data
        y_pred = self(x, training=False)
        loss = self.compute_loss(y=y, y_pred=y_pred)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=float(x.shape[0]))
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


class Three(Model):
    """In Pente's own form, with the weights of the samples."""

    def train_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        return super().train_step(x, y, sample_weight)


class Two(Model):
    def train_step(self, x: Any, y: Any) -> Any:
        return super().train_step(x, y)


@EACH
@pytest.mark.parametrize("cls", [Keras, Three, Two])
def test_a_step_written_out_trains_as_the_usual_one(cls: Any, jit: bool) -> None:
    same_training(made(Model, jit), made(cls, jit), rtol=1e-6, validation_split=0.2)


@EACH
@pytest.mark.parametrize("cls", [Keras, Three])
def test_a_step_of_ones_own_gets_the_weights_of_the_samples(cls: Any, jit: bool) -> None:
    same_training(made(Model, jit), made(cls, jit), rtol=1e-6, sample_weight=SHARES)


@EACH
def test_compiled_and_eager_agree(jit: bool) -> None:
    same_training(made(Keras, jit), made(Keras, not jit), rtol=1e-4)


def test_a_step_that_has_no_place_for_weights_says_so() -> None:
    with pytest.raises(UsageError, match=r"write train_step\(self, x, y, weight\)"):
        made(Two, True).fit(X, Y, sample_weight=SHARES, verbose=0)


class Own(keras.Model):
    """With a loss and metrics of its own, and nothing for them in compile: the second example of the guide."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mae_metric = keras.metrics.MeanAbsoluteError(name="mae")

    def train_step(self, data: Any) -> Any:
        x, y = data
        with pente.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = keras.losses.mean_squared_error(y, y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.loss_tracker.update_state(loss)
        self.mae_metric.update_state(y, y_pred)
        return {"loss": self.loss_tracker.result(), "mae": self.mae_metric.result()}

    @property
    def metrics(self) -> Any:
        return [self.loss_tracker, self.mae_metric]


@EACH
def test_metrics_of_ones_own_begin_anew_in_every_epoch(jit: bool) -> None:
    model = made(Own, jit, loss=None, metrics=None, optimizer=pente.optimizers.SGD(1e-30))
    history = model.fit(X, Y, epochs=3, verbose=0).history
    for name in ("loss", "mae"):
        np.testing.assert_allclose(history[name], history[name][0], rtol=1e-6)
    errors = model.predict(X) - Y
    np.testing.assert_allclose(history["loss"][0], (errors**2).mean(), rtol=1e-5)
    np.testing.assert_allclose(history["mae"][0], abs(errors).mean(), rtol=1e-5)
    model.reset_metrics()
    assert model.loss_tracker.result().item() == 0.0


def test_the_metrics_of_a_model_are_those_of_compile_and_those_in_its_attributes() -> None:
    class Counts(Model):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.seen = pente.metrics.Sum(name="seen")

    inputs = Input((4,))
    model = Counts(inputs, layers.Dense(1)(inputs))
    assert [metric.name for metric in model.metrics] == ["seen"]
    model.compile("adam", "mse", ["mae"])
    model.evaluate(X, Y)
    assert [metric.name for metric in model.metrics] == ["loss", "mae", "seen"]


class GAN(keras.Model):
    """Two models and two optimizers in one step, as in Keras's guide; the noise is made in the step."""

    def __init__(self, discriminator: Any, generator: Any, latent_dim: int) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.generator = generator
        self.latent_dim = latent_dim
        self.d_loss_tracker = keras.metrics.Mean(name="d_loss")
        self.g_loss_tracker = keras.metrics.Mean(name="g_loss")

    @property
    def metrics(self) -> Any:
        return [self.d_loss_tracker, self.g_loss_tracker]

    def compile(self, d_optimizer: Any, g_optimizer: Any, loss_fn: Any, **how: Any) -> None:  # type: ignore[override]
        super().compile(**how)
        self.d_optimizer = d_optimizer
        self.g_optimizer = g_optimizer
        self.loss_fn = loss_fn

    def train_step(self, real: Any) -> Any:
        if isinstance(real, tuple):
            real = real[0]
        size = real.shape[0]
        fake = self.generator(pente.random.normal((size, self.latent_dim)))
        both = pente.concat([fake, real], axis=0)
        labels = pente.concat([pente.ones((size, 1)), pente.zeros((size, 1))], axis=0)
        with pente.GradientTape() as tape:
            d_loss = self.loss_fn(labels, self.discriminator(both))
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)
        noise = pente.random.normal((size, self.latent_dim))
        with pente.GradientTape() as tape:
            g_loss = self.loss_fn(pente.zeros((size, 1)), self.discriminator(self.generator(noise)))
        weights = self.generator.trainable_weights
        self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)
        self.d_loss_tracker.update_state(d_loss)
        self.g_loss_tracker.update_state(g_loss)
        return {"d_loss": self.d_loss_tracker.result(), "g_loss": self.g_loss_tracker.result()}


def gan(jit: bool) -> Any:
    pente.set_seed(2)
    model = GAN(
        Sequential([layers.Dense(16, "leaky_relu"), layers.Dense(1)]),
        Sequential([layers.Dense(16, "relu"), layers.Dense(2)]),
        latent_dim=3,
    )
    adam = [pente.optimizers.Adam(0.01) for _ in range(2)]
    model.compile(*adam, loss_fn=pente.losses.BinaryCrossentropy(from_logits=True), jit=jit)
    return model


@EACH
def test_two_models_are_trained_by_two_optimizers_in_one_step(jit: bool) -> None:
    model, real = gan(jit), RNG.normal(5.0, 1.0, size=(64, 2)).astype(np.float32)
    history = model.fit(real, epochs=150, verbose=0).history
    assert list(history) == ["d_loss", "g_loss"]
    assert [int(each.iterations.numpy()) for each in (model.d_optimizer, model.g_optimizer)] == [300, 300]
    fake = model.generator(pente.random.normal((200, 3))).numpy()
    pente.set_seed(0)
    assert abs(fake.mean() - 5.0) < 3.0  # it has come near the real ones


def test_a_change_of_either_optimizer_reaches_the_compiled_step() -> None:
    model, real = gan(True), np.ones((8, 2), np.float32)
    model.d_optimizer, model.g_optimizer = pente.optimizers.SGD(0.1), pente.optimizers.SGD(0.1)
    model.fit(real, verbose=0)
    before = model.discriminator.get_weights()
    model.d_optimizer.clipvalue = 1e-30  # a field, and no Variable
    model.g_optimizer.learning_rate = 1e-30
    other = model.generator.get_weights()
    model.fit(real, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.discriminator.get_weights(), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(other, model.generator.get_weights(), strict=True))


@EACH
def test_a_dry_run_of_two_optimizers_changes_nothing(jit: bool) -> None:
    real = np.ones((8, 2), np.float32)
    weights = []
    for dry in (True, False):
        model = gan(jit)
        if dry:
            model.fit(real, dry_run=True)
        model.fit(real, epochs=2, verbose=0)
        weights.append([*model.discriminator.get_weights(), *model.generator.get_weights()])
    pente.set_seed(0)
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


@EACH
def test_where_a_nan_began_is_told_in_a_model_that_has_no_call(jit: bool) -> None:
    model, guard = gan(jit), callbacks.TerminateOnNaN()
    model.d_optimizer = pente.optimizers.SGD(1e25)
    model.fit(np.ones((40, 2), np.float32), batch_size=8, callbacks=[guard], verbose=0)
    assert "in epoch 1, batch 1. First not finite: the output of discriminator/dense_1" in guard.place
    assert all(np.isfinite(weight).all() for weight in model.discriminator.get_weights())


@EACH
def test_a_prediction_step_of_ones_own_is_used(jit: bool) -> None:
    class Doubled(Model):
        def predict_step(self, data: Any) -> Any:
            return self(data, training=False) * 2.0

    model = made(Doubled, jit)
    np.testing.assert_allclose(model.predict(X), 2.0 * model(X).numpy(), rtol=1e-6)


@EACH
def test_a_loss_of_the_whole_model_takes_the_place_of_the_usual_one(jit: bool) -> None:
    class Smooth(Model):
        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *rest: Any, **more: Any) -> Any:
            return ((y - y_pred) ** 2).mean() + 0.5 * (y_pred**2).mean()

    model = made(Smooth, jit)
    told = model.evaluate(X, Y, batch_size=60, return_dict=True)["loss"]
    predicted = model.predict(X)
    np.testing.assert_allclose(told, ((Y - predicted) ** 2).mean() + 0.5 * (predicted**2).mean(), rtol=1e-5)
    losses = model.fit(X, Y, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_a_step_of_ones_own_needs_no_call_and_no_labels() -> None:
    class Mean(Model):
        def __init__(self) -> None:
            super().__init__()
            self.center = pente.Variable(np.zeros(4, np.float32))

        def train_step(self, x: Any) -> Any:
            value, gradients = pente.value_and_grad(lambda: ((x - self.center) ** 2).mean(), wrt=self)()
            self.optimizer.apply(gradients, self)
            return {"distance": value}

    model = Mean()
    model.compile(pente.optimizers.SGD(0.5))
    stopping = callbacks.EarlyStopping("distance", mode="min", patience=60)
    model.fit(X, epochs=60, batch_size=60, callbacks=[stopping], verbose=0)
    np.testing.assert_allclose(model.center.numpy(), X.mean(0), atol=1e-3)


@EACH
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (lambda loss: loss, "returns the numbers to show by their names"),
        (lambda loss: {"loss": pente.ones((3,)) * loss}, r"gave 'loss' as shape \(3,\).*take its mean"),
        (lambda loss: None, "gave NoneType"),
    ],
    ids=["a number", "several", "nothing"],
)
def test_what_a_step_has_to_return_is_told(given: Any, told: str, jit: bool) -> None:
    class Wrong(Model):
        def train_step(self, x: Any, y: Any) -> Any:
            return given(self.compute_loss(x, y, self(x)))

    with pytest.raises(UsageError, match=told):
        made(Wrong, jit).fit(X, Y, verbose=0)


@EACH
def test_a_single_batch_takes_the_step_of_ones_own(jit: bool) -> None:
    one, two = made(Keras, jit), made(Model, jit)
    np.testing.assert_allclose(one.train_on_batch(X, Y), two.train_on_batch(X, Y), rtol=1e-6)
    np.testing.assert_allclose(one.test_on_batch(X, Y), two.test_on_batch(X, Y), rtol=1e-6)


class Uneven(Model):
    """Does something else with a smaller batch: counts it, and keeps a mean of weights that begins as they are then."""

    mean: Any = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.whole, self.smaller = (pente.Variable(0.0, name=name, trainable=False) for name in ("whole", "smaller"))

    def train_step(self, x: Any, y: Any) -> Any:
        logs = super().train_step(x, y)
        if len(x) == 16:
            self.whole.assign_add(logs["loss"])
        else:
            kernel = self.layers[1].kernel
            self.mean = self.mean or pente.Variable(kernel.array, name="mean", trainable=False)
            self.mean.assign(self.mean * 0.5 + kernel * 0.5)
            self.smaller.assign_add(1.0)
        return logs


@pytest.mark.parametrize("guarded", [True, False])
def test_a_step_that_treats_the_smaller_last_batch_in_another_way(guarded: bool) -> None:
    one, two = made(Uneven, True), made(Uneven, True)
    one.fit(X, Y, batch_size=16, shuffle=False, verbose=0, callbacks=[callbacks.TerminateOnNaN()] if guarded else [])
    for at in range(0, 60, 16):
        two.train_on_batch(X[at : at + 16], Y[at : at + 16])
    assert one.smaller.numpy() == 1
    for a, b in zip([*one.variables, one.mean], [*two.variables, two.mean], strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes(), a.name
