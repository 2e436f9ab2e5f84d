"""Labels, losses and metrics that do not belong together, and data that cannot be learned from."""

from tests.errors.mistake import Mistake

LABELS = {
    "labels for the one-hot loss": Mistake(
        """
        model = Sequential([layers.Dense(3, activation="softmax")])
        model.compile("adam", loss="categorical_crossentropy", jit=JIT)
        model.fit(x, y, verbose=0)  # here
        """,
        names=("categorical_crossentropy", "(20,)", "(20, 3)"),
        fix="sparse_categorical_crossentropy",
        wrong='"categorical_crossentropy"',
        right='"sparse_categorical_crossentropy"',
    ),
    "one-hot targets for the loss of labels": Mistake(
        """
        model = Sequential([layers.Dense(3, activation="softmax")])
        model.compile("adam", loss="sparse_categorical_crossentropy", jit=JIT)
        model.fit(x, np.eye(3)[y], verbose=0)  # here
        """,
        names=("sparse_categorical_crossentropy", "(20, 3)"),
        fix="categorical_crossentropy(y_true, y_pred)",
        wrong='loss="sparse_categorical_crossentropy"',
        right="loss=lambda y_true, y_pred: losses.categorical_crossentropy(y_true, y_pred)",
    ),
    "labels that count from 1": Mistake(
        """
        y_true = y + 1
        model = Sequential([layers.Dense(3, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", jit=JIT)
        model.fit(x, y_true, verbose=0)  # here
        """,
        names=("y_true[2] is 3", "from 0 to 2", "3 classes"),
        fix="y_true - 1",
        wrong="fit(x, y_true,",
        right="fit(x, y_true - 1,",
    ),
    "fewer units than classes": Mistake(
        """
        model = Sequential([layers.Dense(units=2, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", jit=JIT)
        model.fit(x, y, verbose=0)  # here
        """,
        names=("y_true[2] is 2", "from 0 to 1"),
        fix="units=3",
        wrong="units=2",
        right="units=3",
    ),
    "labels that are to be left out": Mistake(
        """
        y[4] = -1
        model = Sequential([layers.Dense(3, activation="softmax")])
        model.compile("adam", losses.SparseCategoricalCrossentropy(), jit=JIT)
        model.fit(x, y, verbose=0)  # here
        """,
        names=("y_true[4] is -1",),
        fix="ignore_class=-1",
        wrong="SparseCategoricalCrossentropy()",
        right="SparseCategoricalCrossentropy(ignore_class=-1)",
    ),
    "measured numbers as labels": Mistake(
        """
        y = rng.normal(size=20)
        model = Sequential([layers.Dense(1)])
        model.compile("adam", losses.BinaryCrossentropy(from_logits=True), jit=JIT)
        model.fit(x, y, verbose=0)  # here
        """,
        names=("binary_crossentropy", "outside of 0 … 1"),
        fix="loss='mse'",
        wrong="losses.BinaryCrossentropy(from_logits=True)",
        right="loss='mse'",
    ),
    "classes as text": Mistake(
        """
        y = np.array(["cat", "dog", "cow", "cat"] * 5)
        model = Sequential([layers.Dense(3, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", jit=JIT)
        model.fit(x, y, verbose=0)  # here
        """,
        names=("y holds text", "[0]", "'cat'"),
        fix="np.unique(y, return_inverse=True)[1]",
        wrong="fit(x, y,",
        right="fit(x, np.unique(y, return_inverse=True)[1],",
    ),
    "yes and no as -1 and 1": Mistake(
        """
        y_true = np.where(x[:, 0] > 0.5, 1.0, -1.0)
        model = Sequential([layers.Dense(1, activation="sigmoid")])
        model.compile("adam", "binary_crossentropy", jit=JIT)
        model.fit(x, y_true, verbose=0)  # here
        """,
        names=("binary_crossentropy: y_true[",),
        fix="(y_true + 1) / 2",
        wrong="fit(x, y_true,",
        right="fit(x, (y_true + 1) / 2,",
    ),
    "grey values as targets": Mistake(
        """
        y_true = 255 * images.reshape(8, 784)
        model = Sequential([layers.Dense(784, activation="sigmoid")])
        model.compile("adam", "binary_crossentropy", jit=JIT)
        model.fit(y_true, y_true, verbose=0)  # here
        """,
        names=("binary_crossentropy: y_true[0, 0]",),
        fix="y_true / 255",
        wrong="fit(y_true, y_true,",
        right="fit(y_true / 255, y_true / 255,",
    ),
    "the arguments of a loss exchanged": Mistake(
        """
        model = Sequential([layers.Dense(3, activation="softmax")])
        y_true, y_pred = np.eye(3)[y], model(x)
        value = losses.categorical_crossentropy(y_pred, y_true)  # here
        """,
        names=("exchanged",),
        fix="categorical_crossentropy(y_true, y_pred)",
        wrong="categorical_crossentropy(y_pred, y_true)",
        right="categorical_crossentropy(y_true, y_pred)",
    ),
    "a linear head for a loss of probabilities": Mistake(
        """
        model = Sequential([Input((6,)), layers.Dense(3)])
        model.compile("adam", loss="sparse_categorical_crossentropy")  # here
        """,
        names=("dense is linear",),
        fix="activation='softmax'",
        wrong="layers.Dense(3)",
        right="layers.Dense(3, activation='softmax')",
    ),
    "a linear head among several outputs": Mistake(
        """
        inputs = Input((6,))
        kind = layers.Dense(3, name="kind")(inputs)
        size = layers.Dense(1, name="size")(inputs)
        model = Model(inputs, [kind, size])
        model.compile("adam", loss=["sparse_categorical_crossentropy", "mse"])  # here
        """,
        names=("kind is linear",),
        fix="activation='softmax'",
        wrong='layers.Dense(3, name="kind")',
        right="layers.Dense(3, name='kind', activation='softmax')",
    ),
    "a softmax for a loss of logits": Mistake(
        """
        model = Sequential([Input((6,)), layers.Dense(3, activation="softmax")])
        loss = losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss)  # here
        """,
        names=("dense ends in softmax",),
        fix="from_logits=False",
        wrong="from_logits=True",
        right="from_logits=False",
    ),
    "a sigmoid for classes that exclude each other": Mistake(
        """
        model = Sequential([Input((6,)), layers.Dense(3, activation='sigmoid')])
        model.compile("adam", "sparse_categorical_crossentropy")  # here
        """,
        names=("dense", "sigmoid"),
        fix="activation='softmax'",
        wrong="activation='sigmoid'",
        right="activation='softmax'",
    ),
    "a softmax over one unit": Mistake(
        """
        model = Sequential([Input((6,)), layers.Dense(1, activation='softmax')])
        model.compile("adam", "binary_crossentropy")  # here
        """,
        names=("dense", "always 1"),
        fix="activation='sigmoid'",
        wrong="activation='softmax'",
        right="activation='sigmoid'",
    ),
    "one unit for a loss of classes": Mistake(
        """
        model = Sequential([Input((6,)), layers.Dense(1, activation="sigmoid")])
        model.compile("adam", loss="sparse_categorical_crossentropy")  # here
        """,
        names=("dense",),
        fix="loss='binary_crossentropy'",
        wrong='loss="sparse_categorical_crossentropy"',
        right="loss='binary_crossentropy'",
    ),
    "a column beside a row in a loss": Mistake(
        """
        y_true, model = x[:, 0], Sequential([layers.Dense(1)])
        y_pred = model(x)
        value = losses.mean_squared_error(y_true, y_pred)  # here
        """,
        names=("(20,)", "(20, 1)"),
        fix="pente.reshape(y_true, (20, 1))",
        wrong="mean_squared_error(y_true,",
        right="mean_squared_error(pente.reshape(y_true, (20, 1)),",
    ),
    "a column beside a row in a loss of one's own": Mistake(
        """
        y, model = pente.tensor(x[:, 0]), Sequential([layers.Dense(1)])
        loss = lambda x, y: ((x - y) ** 2).mean()  # here
        loss = pente.jit(loss) if JIT else loss
        with pente.strict_broadcasting():
            loss(model(x), y)
        """,
        names=("subtract of shapes (20, 1) and (20,) gives (20, 20)",),
        fix="x[..., 0]",
        wrong="x - y",
        right="x[..., 0] - y",
    ),
    "more targets than units": Mistake(
        """
        model = Sequential([layers.Dense(units=1)])
        model.compile("sgd", "mse", jit=JIT)
        model.fit(x, x[:, :2], verbose=0)  # here
        """,
        names=("mean_squared_error", "(20, 2)", "(20, 1)"),
        fix="units=2",
        wrong="units=1",
        right="units=2",
    ),
    "a target for each step, and an output for all": Mistake(
        """
        y = np.ones((20, 6, 1))
        model = Sequential([layers.Reshape((6, 1)), layers.GRU(4), layers.Dense(1)])
        model.compile("sgd", "mse", jit=JIT)
        model.fit(x, y, verbose=0)  # here
        """,
        names=("(20, 6, 1)", "(20, 1)"),
        fix="return_sequences=True",
        wrong="layers.GRU(4)",
        right="layers.GRU(4, return_sequences=True)",
    ),
    "one array of targets for two outputs": Mistake(
        """
        inputs = Input((6,))
        model = Model(inputs, [layers.Dense(1, name="a")(inputs), layers.Dense(1, name="b")(inputs)])
        model.compile("sgd", "mse", jit=JIT)
        a = b = x[:, :1]
        model.fit(x, a, verbose=0)  # here
        """,
        names=("2 outputs (a, b)",),
        fix="[a, b]",
        wrong="fit(x, a,",
        right="fit(x, [a, b],",
    ),
    "fewer losses than outputs": Mistake(
        """
        inputs = Input((6,))
        model = Model(inputs, [layers.Dense(1, name="a")(inputs), layers.Dense(1, name="b")(inputs)])
        model.compile("sgd", loss=["mse"])  # here
        """,
        names=("loss has 1", "2 outputs: a, b"),
        fix="loss={'a': 'mse', 'b': 'mse'}",
        wrong='loss=["mse"]',
        right="loss={'a': 'mse', 'b': 'mse'}",
    ),
    "a loss for an output that does not exist": Mistake(
        """
        inputs = Input((6,))
        model = Model(inputs, {"price": layers.Dense(1)(inputs), "size": layers.Dense(1)(inputs)})
        model.compile("sgd", loss={"prize": "mse", "size": "mse"})  # here
        """,
        names=("output (in loss)", "'prize'"),
        fix="'price'",
        wrong='"prize"',
        right="'price'",
    ),
    "NaN among the targets": Mistake(
        """
        y = x[:, 0].copy()
        y[3] = np.nan
        model = Sequential([layers.Dense(1)])
        model.compile("sgd", "mse", jit=JIT)
        model.fit(x, y, verbose=0)  # here
        """,
        names=("y holds NaN", "row 3"),
        fix="keep = np.isfinite(y)",
        wrong="model.fit(x, y,",
        right="keep = np.isfinite(y); model.fit(x[keep], y[keep],",
    ),
    "NaN among the features": Mistake(
        """
        x[7, 2] = np.nan
        model = Sequential([layers.Dense(1)])
        model.compile("sgd", "mse", jit=JIT)
        model.fit(x, y, verbose=0)  # here
        """,
        names=("x holds NaN", "row 7, in column 2"),
        fix="keep = np.isfinite(x).all(axis=-1)",
        wrong="model.fit(x, y,",
        right="keep = np.isfinite(x).all(axis=-1); model.fit(x[keep], y[keep],",
    ),
    "a metric of labels for one-hot targets": Mistake(
        """
        model = Sequential([layers.Dense(3, activation="softmax")])
        model.compile("sgd", "categorical_crossentropy", metrics=["sparse_categorical_accuracy"], jit=JIT)
        model.fit(x, np.eye(3)[y], verbose=0)  # here
        """,
        names=("sparse_categorical_accuracy", "(20, 3)"),
        fix="categorical_accuracy",
        wrong="sparse_categorical_accuracy",
        right="categorical_accuracy",
    ),
    "validation data of another width": Mistake(
        """
        new = rng.normal(size=(5, 7))
        model = Sequential([layers.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", jit=JIT)
        model.fit(x, y, validation_data=(new, y[:5]), verbose=0)  # here
        """,
        names=("validation_data", "dense", "expects 6 features", "got 7"),
        fix="x[:, :6]",
        wrong="(new,",
        right="((x := new) is None or x[:, :6],",
    ),
    "a batch of a generator with labels out of range": Mistake(
        """
        def batches(y_true):
            while True:
                yield x, y_true
        model = Sequential([layers.Dense(units=3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", jit=JIT)
        model.fit(batches(y + 1), steps_per_epoch=2, verbose=0)  # here
        """,
        names=("y_true[2] is 3", "from 0 to 2"),
        fix="y_true - 1",
        wrong="yield x, y_true",
        right="yield x, y_true - 1",
    ),
    "two units for one yes or no": Mistake(
        """
        y = y % 2
        model = Sequential([layers.Dense(2, activation="softmax")])
        model.compile("sgd", loss="binary_crossentropy", jit=JIT)
        model.fit(x, y, verbose=0)  # here
        """,
        names=("binary_crossentropy", "(20,)", "(20, 2)"),
        fix="loss='sparse_categorical_crossentropy'",
        wrong='loss="binary_crossentropy"',
        right="loss='sparse_categorical_crossentropy'",
    ),
    "validation data without targets": Mistake(
        """
        model = Sequential([layers.Dense(1)])
        model.compile("sgd", "mse", jit=JIT)
        model.fit(x, y, validation_data=x, verbose=0)  # here
        """,
        names=("validation_data", "no targets"),
        fix="validation_data=(x, y)",
        wrong="validation_data=x",
        right="validation_data=(x, y)",
    ),
}
