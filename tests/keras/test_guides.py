"""The snippets of Keras's guides to the functional API and to layers of one's own, as they stand there."""

from typing import Any

import numpy as np

import pente
import pente as tf
from pente import keras
from pente.keras import layers

RNG = np.random.default_rng(0)


def test_an_encoder_and_a_decoder_make_an_autoencoder() -> None:
    encoder_input = keras.Input(shape=(28, 28, 1), name="original_img")
    x = layers.Conv2D(16, 3, activation="relu")(encoder_input)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.MaxPooling2D(3)(x)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.Conv2D(16, 3, activation="relu")(x)
    encoder_output = layers.GlobalMaxPooling2D()(x)
    encoder = keras.Model(encoder_input, encoder_output, name="encoder")

    decoder_input = keras.Input(shape=(16,), name="encoded_img")
    x = layers.Reshape((4, 4, 1))(decoder_input)
    x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
    x = layers.Conv2DTranspose(32, 3, activation="relu")(x)
    x = layers.UpSampling2D(3)(x)
    x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
    decoder_output = layers.Conv2DTranspose(1, 3, activation="relu")(x)
    decoder = keras.Model(decoder_input, decoder_output, name="decoder")

    autoencoder_input = keras.Input(shape=(28, 28, 1), name="img")
    encoded_img = encoder(autoencoder_input)
    decoded_img = decoder(encoded_img)
    autoencoder = keras.Model(autoencoder_input, decoded_img, name="autoencoder")

    assert (encoder.output_shape, decoder.output_shape) == ((None, 16), (None, 28, 28, 1))
    assert autoencoder.count_params() == 18_672 + 9_569
    images = RNG.random((2, 28, 28, 1), np.float32)
    np.testing.assert_allclose(
        autoencoder.predict(images), decoder.predict(encoder.predict(images)), rtol=1e-4, atol=1e-6
    )
    hidden = keras.Model(autoencoder.input, encoder.layers[2].output)
    assert hidden.predict(images).shape == (2, 24, 24, 32)


def test_models_are_averaged() -> None:
    def get_model() -> Any:
        inputs = keras.Input(shape=(128,))
        outputs = layers.Dense(1)(inputs)
        return keras.Model(inputs, outputs)

    models = [get_model() for _ in range(3)]
    inputs = keras.Input(shape=(128,))
    outputs = layers.average([model(inputs) for model in models])
    ensemble_model = keras.Model(inputs=inputs, outputs=outputs)
    x = RNG.normal(size=(5, 128)).astype(np.float32)
    mean = np.mean([model.predict(x) for model in models], axis=0)
    np.testing.assert_allclose(ensemble_model.predict(x), mean, rtol=1e-4, atol=1e-5)


def test_tickets_are_ranked_from_three_inputs_to_two_outputs() -> None:
    num_tags, num_words, num_departments = 12, 1000, 4
    title_input = keras.Input(shape=(None,), name="title", dtype="int64")
    body_input = keras.Input(shape=(None,), name="body", dtype="int64")
    tags_input = keras.Input(shape=(num_tags,), name="tags")
    title_features = layers.Embedding(num_words, 16)(title_input)
    body_features = layers.Embedding(num_words, 16)(body_input)
    title_features = layers.LSTM(32)(title_features)
    body_features = layers.LSTM(8)(body_features)
    x = layers.concatenate([title_features, body_features, tags_input])
    priority_pred = layers.Dense(1, name="priority")(x)
    department_pred = layers.Dense(num_departments, name="department")(x)
    model = keras.Model(
        inputs=[title_input, body_input, tags_input],
        outputs={"priority": priority_pred, "department": department_pred},
    )
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss={
            "priority": keras.losses.BinaryCrossentropy(from_logits=True),
            "department": keras.losses.CategoricalCrossentropy(from_logits=True),
        },
        loss_weights={"priority": 1.0, "department": 0.2},
    )
    title_data = RNG.integers(num_words, size=(32, 10)).astype("float32")
    body_data = RNG.integers(num_words, size=(32, 20)).astype("float32")
    tags_data = RNG.integers(2, size=(32, num_tags)).astype("float32")
    priority_targets = RNG.random(size=(32, 1))
    dept_targets = keras.utils.to_categorical(RNG.integers(num_departments, size=32), num_departments)
    history = model.fit(
        {"title": title_data, "body": body_data, "tags": tags_data},
        {"priority": priority_targets, "department": dept_targets},
        epochs=2,
        batch_size=16,
        verbose=0,
    )
    assert set(history.history) == {"loss", "priority_loss", "department_loss"}
    assert history.history["loss"][1] < history.history["loss"][0]


def test_a_toy_resnet_trains() -> None:
    inputs = keras.Input(shape=(16, 16, 3), name="img")
    x = layers.Conv2D(8, 3, activation="relu")(inputs)
    x = layers.Conv2D(16, 3, activation="relu")(x)
    block_1_output = layers.MaxPooling2D(3)(x)
    x = layers.Conv2D(16, 3, activation="relu", padding="same")(block_1_output)
    x = layers.Conv2D(16, 3, activation="relu", padding="same")(x)
    block_2_output = layers.add([x, block_1_output])
    x = layers.Conv2D(16, 3, activation="relu")(block_2_output)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(32, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    outputs = layers.Dense(10)(x)
    model = keras.Model(inputs, outputs, name="toy_resnet")
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["acc"],
    )
    x_train, y_train = RNG.random((40, 16, 16, 3), np.float32), RNG.integers(10, size=40)
    history = model.fit(x_train, y_train, batch_size=8, epochs=1, validation_split=0.2, verbose=0)
    assert set(history.history) == {"loss", "acc", "val_loss", "val_acc"}


def test_an_embedding_is_shared_by_two_inputs() -> None:
    shared_embedding = layers.Embedding(1000, 128)
    text_input_a = keras.Input(shape=(None,), dtype="int32")
    text_input_b = keras.Input(shape=(None,), dtype="int32")
    encoded_input_a = shared_embedding(text_input_a)
    encoded_input_b = shared_embedding(text_input_b)
    model = keras.Model([text_input_a, text_input_b], [encoded_input_a, encoded_input_b])
    ids = RNG.integers(1000, size=(2, 7))
    a, b = model.predict([ids, ids[:, ::-1]])
    np.testing.assert_array_equal(a, b[:, ::-1])
    assert model.count_params() == 128_000


def test_the_features_of_all_layers_come_out_together() -> None:
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3, name="last")]
    )
    features_list = [layer.output for layer in model.layers]
    feat_extraction_model = keras.Model(inputs=model.inputs, outputs=features_list)
    img = RNG.random((1, 8, 8, 1)).astype("float32")
    extracted_features = feat_extraction_model(img)
    assert [x.shape for x in extracted_features] == [(1, 6, 6, 4), (1, 144), (1, 3)]


def test_a_layer_of_ones_own_mixes_with_the_others() -> None:
    class CustomDense(layers.Layer):
        def __init__(self, units: int = 32) -> None:
            super().__init__()
            self.units = units

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True)
            self.b = self.add_weight(shape=(self.units,), initializer="random_normal", trainable=True)

        def call(self, inputs: Any) -> Any:
            return pente.matmul(inputs, self.w) + self.b

        def get_config(self) -> dict[str, Any]:
            return {"units": self.units}

    inputs = keras.Input((4,))
    outputs = CustomDense(10)(inputs)
    model = keras.Model(inputs, outputs)
    config = model.layers[1].get_config()
    assert config == {"units": 10}
    assert [v.name for v in model.weights] == ["custom_dense/weight", "custom_dense/weight_1"]
    assert model.predict(np.ones((2, 4))).shape == (2, 10)


def test_a_model_of_ones_own_holds_a_functional_one() -> None:
    class MLP(keras.Model):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.dense_1 = layers.Dense(64, activation="relu")
            self.dense_2 = layers.Dense(10)

        def call(self, inputs: Any) -> Any:
            x = self.dense_1(inputs)
            return self.dense_2(x)

    mlp = MLP(name="mlp")
    inputs = keras.Input((32,))
    model = keras.Model(inputs, layers.Dense(1)(mlp(inputs)))
    assert mlp(np.zeros((1, 32))).shape == (1, 10)
    assert model.get_layer("mlp/dense_1").units == 64  # type: ignore[attr-defined]


def test_a_frozen_base_gets_a_new_head() -> None:
    base_input = keras.Input((6,))
    base = keras.Model(base_input, layers.BatchNormalization()(layers.Dense(5)(base_input)), name="base")
    base.trainable = False
    inputs = tf.keras.Input(shape=(6,))
    x = base(inputs, training=False)
    outputs = tf.keras.layers.Dense(1)(x)
    model = tf.keras.Model(inputs, outputs)
    before = base.get_weights()
    model.compile("adam", "mse")
    model.fit(RNG.normal(size=(8, 6)), RNG.normal(size=(8, 1)), verbose=0)
    for old, new in zip(before, base.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert len(model.trainable_weights) == 2
