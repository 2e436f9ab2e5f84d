"""Shapes that do not fit, in models of every kind and in loops of one's own."""

from tests.errors.mistake import Mistake

SHAPES = {
    "dense on images, and so a class for each row of pixels": Mistake(
        """
        model = Sequential([layers.Dense(16), layers.Dense(3, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", jit=JIT)
        model.fit(images, digits, verbose=0)  # here
        """,
        names=("sparse_categorical_crossentropy", "(8,)", "(8, 28, 3)"),
        fix="layers.Flatten()",
        wrong="[layers.Dense(16)",
        right="[layers.Flatten(), layers.Dense(16)",
    ),
    "a convolution on images without channels, in the data": Mistake(
        """
        x = images
        model = Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", jit=JIT)
        model.fit(x, digits, verbose=0)  # here
        """,
        names=("conv2d", "(batch, rows, columns, channels)", "(None, 28, 28)"),
        fix="x[..., None]",
        wrong="fit(x,",
        right="fit(x[..., None],",
    ),
    "a convolution on images without channels, in the Input": Mistake(
        """
        model = Sequential([Input((28, 28)), layers.Conv2D(4, 3)])  # here
        model(images)
        """,
        names=("conv2d (Conv2D)", "input (None, 28, 28) → conv2d"),
        fix="layers.Reshape((28, 28, 1))",
        wrong="layers.Conv2D",
        right="layers.Reshape((28, 28, 1)), layers.Conv2D",
    ),
    "channels first": Mistake(
        """
        x = rng.uniform(size=(2, 3, 32, 32))
        model = Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3)])
        model.predict(x, verbose=0)  # here
        """,
        names=("conv2d", "(None, 3, 32, 32)", "channels first"),
        fix="x.transpose(0, 2, 3, 1)",
        wrong="predict(x,",
        right="predict(x.transpose(0, 2, 3, 1),",
    ),
    "channels first in the Input": Mistake(
        """
        model = Sequential([Input((3, 32, 32)), layers.Conv2D(4, 3)])  # here
        """,
        names=("conv2d", "(None, 3, 32, 32)"),
        fix="layers.Permute((2, 3, 1))",
        wrong="layers.Conv2D",
        right="layers.Permute((2, 3, 1)), layers.Conv2D",
    ),
    "channels first as data_format": Mistake(
        """
        x = rng.uniform(size=(2, 32, 32, 3))
        layers.Conv2D(4, 3, data_format="channels_first")(x)  # here
        """,
        names=("Conv2D", "channels come last"),
        fix="data_format",
        wrong=', data_format="channels_first"',
        right="",
    ),
    "flattened before the convolution": Mistake(
        """
        model = Sequential([Input((28, 28, 1)), layers.Flatten(), layers.Conv2D(4, 3)])  # here
        """,
        names=("conv2d (Conv2D)", "input (None, 28, 28, 1) → flatten (None, 784) → conv2d"),
        fix="layers.Flatten()",
        wrong="layers.Flatten(), ",
        right="",
    ),
    "a dense layer before the convolution took the places away": Mistake(
        """
        inputs = Input((64,))
        h = layers.Dense(49)(inputs)
        h = layers.Conv2D(4, 3)(h)  # here
        """,
        names=("conv2d", "input (None, 64) → dense (None, 49) → conv2d"),
        fix="layers.Reshape((7, 7, 1))",
        wrong="layers.Dense(49)(inputs)",
        right="layers.Reshape((7, 7, 1))(layers.Dense(49)(inputs))",
    ),
    "pooling without channels": Mistake(
        """
        model = Sequential([Input((28, 28)), layers.MaxPooling2D()])  # here
        """,
        names=("max_pooling2d", "input (None, 28, 28)"),
        fix="layers.Reshape((28, 28, 1))",
        wrong="layers.MaxPooling2D",
        right="layers.Reshape((28, 28, 1)), layers.MaxPooling2D",
    ),
    "a window larger than the image": Mistake(
        """
        inputs = Input((6, 6, 1))
        h = layers.MaxPooling2D(3)(inputs)
        h = layers.Conv2D(4, 3)(h)  # here
        """,
        names=("conv2d", "(3, 3)", "(2, 2)"),
        fix="padding='same'",
        wrong="layers.Conv2D(4, 3)",
        right="layers.Conv2D(4, 3, padding='same')",
    ),
    "a recurrent layer on a table": Mistake(
        """
        model = Sequential([layers.LSTM(4), layers.Dense(3)])
        model.compile("adam", "mse", jit=JIT)
        model.fit(x, rng.normal(size=(20, 3)), verbose=0)  # here
        """,
        names=("lstm", "(batch, steps, features)", "(None, 6)"),
        fix="x[..., None]",
        wrong="fit(x,",
        right="fit(x[..., None],",
    ),
    "a recurrent layer on a table, by its Input": Mistake(
        """
        model = Sequential([Input((6,)), layers.GRU(4)])  # here
        """,
        names=("gru", "input (None, 6) → gru"),
        fix="layers.Reshape((6, 1))",
        wrong="layers.GRU",
        right="layers.Reshape((6, 1)), layers.GRU",
    ),
    "a recurrent layer behind one that gives its last step only": Mistake(
        """
        model = Sequential([Input((5, 2)), layers.LSTM(4), layers.LSTM(3)])  # here
        """,
        names=("lstm_1", "input (None, 5, 2) → lstm (None, 4) → lstm_1"),
        fix="return_sequences=True",
        wrong="LSTM(4)",
        right="LSTM(4, return_sequences=True)",
    ),
    "a recurrent layer on images with channels": Mistake(
        """
        model = Sequential([Input((8, 8, 3)), layers.LSTM(4)])  # here
        """,
        names=("lstm", "(None, 8, 8, 3)"),
        fix="layers.Reshape((8, 24))",
        wrong="layers.LSTM",
        right="layers.Reshape((8, 24)), layers.LSTM",
    ),
    "an embedding of measured numbers": Mistake(
        """
        model = Sequential([layers.Embedding(10, 4), layers.Flatten(), layers.Dense(3)])
        model(x)  # here
        """,
        names=("embedding", "ids[0, 0]"),
        fix="layers.Dense(4)",
        wrong="layers.Embedding(10, 4)",
        right="layers.Dense(4)",
    ),
    "an embedding with too few rows": Mistake(
        """
        words = np.array([[1, 2], [3, 10]])
        layers.Embedding(10, 4)(words)  # here
        """,
        names=("embedding", "10 at ids[1, 1]"),
        fix="Embedding(11, 4)",
        wrong="Embedding(10, 4)",
        right="Embedding(11, 4)",
    ),
    "an embedding with too few rows, in fit": Mistake(
        """
        words = np.array([[1, 2], [3, 10]])
        model = Sequential([layers.Embedding(10, 4), layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse", jit=JIT)
        model.fit(words, np.ones(2), verbose=0)  # here
        """,
        names=("embedding", "10 at ids[1, 1]"),
        fix="Embedding(11, 4)",
        wrong="Embedding(10, 4)",
        right="Embedding(11, 4)",
    ),
    "another number of features than the Input says": Mistake(
        """
        inputs = Input((7,))
        model = Model(inputs, layers.Dense(3)(inputs))
        model(x)  # here
        """,
        names=("(None, 7)", "(20, 6)"),
        fix="Input((6,))",
        wrong="Input((7,))",
        right="Input((6,))",
    ),
    "another number of features than in training": Mistake(
        """
        new = rng.normal(size=(5, 7))
        model = Sequential([layers.Dense(3)])
        model(x)
        model.predict(new, verbose=0)  # here
        """,
        names=("dense", "expects 6 features", "got 7"),
        fix="x[:, :6]",
        wrong="predict(new,",
        right="x = new; model.predict(x[:, :6],",
    ),
    "the batch as a part of the Input": Mistake(
        """
        inputs = Input((20, 6))
        model = Model(inputs, layers.Dense(3)(inputs))
        model(x)  # here
        """,
        names=("(None, 20, 6)", "(20, 6)"),
        fix="Input((6,))",
        wrong="Input((20, 6))",
        right="Input((6,))",
    ),
    "one image without a batch": Mistake(
        """
        model = Sequential([Input((28, 28)), layers.Flatten(), layers.Dense(3)])
        x = images[0]
        model(x)  # here
        """,
        names=("(None, 28, 28)", "(28, 28)"),
        fix="x[None]",
        wrong="model(x)",
        right="model(x[None])",
    ),
    "one row without a batch": Mistake(
        """
        model = Sequential([layers.Dense(3)])
        x = x[0]
        model(x)  # here
        """,
        names=("dense", "(6,)"),
        fix="x[None, :]",
        wrong="model(x)",
        right="model(x[None, :])",
    ),
    "a single column without an axis of features": Mistake(
        """
        x = x[:, 0]
        model = Sequential([layers.Dense(1)])
        model.compile("sgd", "mse", jit=JIT)
        model.fit(x, 2 * x, verbose=0)  # here
        """,
        names=("dense", "(20,)"),
        fix="x[:, None]",
        wrong="fit(x,",
        right="fit(x[:, None],",
    ),
    "an Input of a number": Mistake(
        """
        inputs = Input(6)  # here
        """,
        names=("tuple",),
        fix="Input((6,))",
        wrong="Input(6)",
        right="Input((6,))",
    ),
    "joining along the wrong axis": Mistake(
        """
        a, b = Input((4, 8), name="left"), Input((5, 8), name="right")
        joined = layers.Concatenate()([a, b])  # here
        """,
        names=("concatenate", "[left (None, 4, 8), right (None, 5, 8)] → concatenate"),
        fix="Concatenate(axis=1)",
        wrong="Concatenate()",
        right="Concatenate(axis=1)",
    ),
    "joining a picture and a table": Mistake(
        """
        a, b = Input((4, 8), name="left"), Input((5,), name="right")
        h = layers.Concatenate()([a, b])  # here
        """,
        names=("concatenate", "(None, 4, 8)", "(None, 5)"),
        fix="layers.Flatten()",
        wrong="([a, b])",
        right="([layers.Flatten()(a), b])",
    ),
    "adding different widths": Mistake(
        """
        inputs = Input((6,))
        h = layers.Dense(8)(inputs)
        h = layers.Add()([inputs, h])  # here
        """,
        names=("add (Add)", "axis -1 is 6 and 8"),
        fix="layers.Dense(8)",
        wrong="Add()([inputs",
        right="Add()([layers.Dense(8)(inputs)",
    ),
    "adding different widths with +": Mistake(
        """
        inputs = Input((6,))
        h = layers.Dense(8)(inputs)
        h = inputs + h  # here
        """,
        names=("axis -1 is 6 and 8", "dense (None, 8)"),
        fix="layers.Dense(8)",
        wrong="h = inputs + h",
        right="h = layers.Dense(8)(inputs) + h",
    ),
    "a shortcut around a convolution with strides": Mistake(
        """
        inputs = Input((16, 16, 4))
        h = layers.Conv2D(8, 3, strides=2, padding="same")(inputs)
        h = layers.Add()([inputs, h])  # here
        """,
        names=("add (Add)", "(None, 16, 16, 4)", "(None, 8, 8, 8)"),
        fix="layers.Conv2D(8, 1, strides=2)",
        wrong="Add()([inputs",
        right="Add()([layers.Conv2D(8, 1, strides=2)(inputs)",
    ),
    "a shortcut around a convolution that is not padded": Mistake(
        """
        inputs = Input((16, 16, 4))
        h = layers.Conv2D(4, 3)(inputs)
        h = layers.Add()([inputs, h])  # here
        """,
        names=("add (Add)", "(None, 16, 16, 4)", "(None, 14, 14, 4)"),
        fix="padding='same'",
        wrong="Conv2D(4, 3)",
        right="Conv2D(4, 3, padding='same')",
    ),
    "a reshape that does not divide": Mistake(
        """
        model = Sequential([Input((28, 28)), layers.Reshape((49, 15))])  # here
        """,
        names=("reshape", "(28, 28)", "784"),
        fix="Reshape((49, -1))",
        wrong="Reshape((49, 15))",
        right="Reshape((49, -1))",
    ),
    "a reshape with the batch in it": Mistake(
        """
        model = Sequential([layers.Reshape((8, 784)), layers.Dense(3)])
        model.predict(images, verbose=0)  # here
        """,
        names=("reshape", "(28, 28)"),
        fix="Reshape((784,))",
        wrong="Reshape((8, 784))",
        right="Reshape((784,))",
    ),
    "attention without keys and values": Mistake(
        """
        x = Input((5, 8))
        h = layers.MultiHeadAttention(2, 4)(x)  # here
        """,
        names=("multi_head_attention", "value"),
        fix="(x, x)",
        wrong="(2, 4)(x)",
        right="(2, 4)(x, x)",
    ),
    "attention over a table": Mistake(
        """
        x = layers.Dense(8)(x)
        h = layers.MultiHeadAttention(2, 4)(x, x)  # here
        """,
        names=("multi_head_attention", "(20, 8)"),
        fix="x[:, None, :]",
        wrong="(2, 4)(x, x)",
        right="(2, 4)(x[:, None, :], x[:, None, :])",
    ),
    "two inputs, of which one is given": Mistake(
        """
        a, b = Input((6,), name="left"), Input((3,), name="right")
        model = Model([a, b], layers.Concatenate()([a, b]))
        left, right = x, x[:, :3]
        model.predict(left, verbose=0)  # here
        """,
        names=("2 inputs", "given 1"),
        fix="[left, right]",
        wrong="predict(left,",
        right="predict([left, right],",
    ),
    "two inputs in the wrong order": Mistake(
        """
        a, b = Input((6,), name="left"), Input((3,), name="right")
        model = Model([a, b], layers.Concatenate()([a, b]))
        left, right = x, x[:, :3]
        model.predict([right, left], verbose=0)  # here
        """,
        names=("left", "(None, 6)", "(20, 3)"),
        fix="[left, right]",
        wrong="predict([right, left],",
        right="predict([left, right],",
    ),
    "a model of one's own, whose layers do not fit": Mistake(
        """
        class Net(Model):
            def __init__(self):
                super().__init__()
                self.hidden = layers.Dense(4)
                self.memory = layers.LSTM(3)
            def call(self, x):
                x = self.hidden(x)
                return self.memory(x)  # here
        model = Net()
        model.compile("sgd", "mse", jit=JIT)
        model.fit(x, rng.normal(size=(20, 3)), verbose=0)
        """,
        names=("memory (LSTM)", "input (20, 6) → hidden (20, 4) → memory"),
        fix="x[..., None]",
        wrong="self.memory(x)",
        right="self.memory(x[..., None])",
    ),
    "a block inside of a block": Mistake(
        """
        inner = Sequential([layers.Flatten(), layers.Dense(8)], name="inner")
        outer = Sequential([inner, layers.LSTM(4)], name="outer")
        model = Sequential([Input((5, 2)), outer])  # here
        """,
        names=("outer/lstm (LSTM)", "outer/inner (None, 8)"),
        fix="layers.Reshape((8, 1))",
        wrong="[inner, layers.LSTM(4)]",
        right="[inner, layers.Reshape((8, 1)), layers.LSTM(4)]",
    ),
    "a loop of one's own": Mistake(
        """
        model = Sequential([layers.Dense(4), layers.LSTM(3)])
        opt = optimizers.SGD(0.1)
        def loss(x):
            return pente.mean(model(x) ** 2)  # here
        def step(x):
            value, grads = pente.value_and_grad(loss, wrt=model)(x)
            opt.apply(grads, model)
            return value
        step = pente.jit(step) if JIT else step
        step(x)
        """,
        names=("lstm (LSTM)", "dense (20, 4) → lstm"),
        fix="return_sequences=True",
        wrong="layers.Dense(4), ",
        right="layers.Reshape((6, 1)), layers.SimpleRNN(4, return_sequences=True), ",
    ),
    "rows multiplied with rows": Mistake(
        """
        y = pente.Variable(np.ones((2, 6), "float32"))
        f = lambda x: x @ y  # here
        f = pente.jit(f) if JIT else f
        f(x)
        """,
        names=("(20, 6)", "(2, 6)", "last axis of the first (6)", "of the second (2)"),
        fix="x @ y.mT",
        wrong="x @ y ",
        right="x @ y.mT ",
    ),
}
