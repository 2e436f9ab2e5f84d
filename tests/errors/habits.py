"""Names, habits from elsewhere, and steps that were forgotten."""

from tests.errors.mistake import Mistake

HABITS = {
    "a misspelt activation": Mistake(
        """
        model = Sequential([layers.Dense(3, activation="rleu")])  # here
        """,
        names=("activation", "'rleu'"),
        fix="'relu'",
        wrong='"rleu"',
        right="'relu'",
    ),
    "a misspelt loss": Mistake(
        """
        model = Sequential([layers.Dense(3)])
        model.compile("adam", "mean_square_error")  # here
        """,
        names=("loss", "'mean_square_error'"),
        fix="'mean_squared_error'",
        wrong='"mean_square_error"',
        right="'mean_squared_error'",
    ),
    "a misspelt optimizer": Mistake(
        """
        model = Sequential([layers.Dense(3)])
        model.compile("addam", "mse")  # here
        """,
        names=("optimizer", "'addam'"),
        fix="'adam'",
        wrong='"addam"',
        right="'adam'",
    ),
    "a misspelt metric": Mistake(
        """
        model = Sequential([layers.Dense(3)])
        model.compile("adam", "mse", metrics=["acuracy"])  # here
        """,
        names=("metric", "'acuracy'"),
        fix="'accuracy'",
        wrong='"acuracy"',
        right="'accuracy'",
    ),
    "a misspelt argument": Mistake(
        """
        model = Sequential([layers.Dense(3, actvation="relu")])  # here
        """,
        names=("Dense", "'actvation'"),
        fix="activation=",
        wrong="actvation=",
        right="activation=",
    ),
    "input and output features, as in PyTorch": Mistake(
        """
        model = Sequential([layers.Dense(6, 3)])  # here
        """,
        names=("Dense", "3"),
        fix="Dense(3)",
        wrong="Dense(6, 3)",
        right="Dense(3)",
    ),
    "a bias, as in PyTorch": Mistake(
        """
        model = Sequential([layers.Dense(3, bias=False)])  # here
        """,
        names=("Dense", "'bias'"),
        fix="use_bias=",
        wrong="bias=False",
        right="use_bias=False",
    ),
    "a padding in numbers, as in PyTorch": Mistake(
        """
        layer = layers.Conv2D(4, 3, padding=1)  # here
        """,
        names=("Conv2D", "padding"),
        fix="padding='same'",
        wrong="padding=1",
        right="padding='same'",
    ),
    "a rate in percent": Mistake(
        """
        layer = layers.Dropout(rate=20)  # here
        """,
        names=("Dropout", "rate", "20"),
        fix="rate=0.2",
        wrong="rate=20",
        right="rate=0.2",
    ),
    "lr=": Mistake(
        """
        opt = optimizers.Adam(lr=0.01)  # here
        """,
        names=("Adam", "lr"),
        fix="learning_rate=0.01",
        wrong="lr=0.01",
        right="learning_rate=0.01",
    ),
    "an optimizer that is given the parameters": Mistake(
        """
        model = Sequential([Input((6,)), layers.Dense(3)])
        opt = optimizers.Adam(model.parameters())  # here
        """,
        names=("Adam",),
        fix="opt.step(model)",
        wrong="optimizers.Adam(model.parameters())",
        right="optimizers.Adam(); model(x).sum().backward(); opt.step(model)",
    ),
    "an optimizer's class": Mistake(
        """
        model = Sequential([layers.Dense(3)])
        model.compile(optimizers.Adam, "mse")  # here
        """,
        names=("optimizer",),
        fix="Adam()",
        wrong="optimizers.Adam,",
        right="optimizers.Adam(),",
    ),
    "a layer's class": Mistake(
        """
        model = Sequential([layers.Flatten, layers.Dense(3)])  # here
        """,
        names=("Sequential", "Flatten"),
        fix="Flatten(",
        wrong="layers.Flatten,",
        right="layers.Flatten(),",
    ),
    "a layer that was not called": Mistake(
        """
        inputs = Input((6,))
        layer = layers.Dense(3)
        model = Model(inputs, layer)  # here
        """,
        names=("outputs", "Dense"),
        fix="layer(x)",
        wrong="Model(inputs, layer)",
        right="(lambda x: Model(x, layer(x)))(inputs)",
    ),
    "an input that the model was not given": Mistake(
        """
        a, b = Input((6,), name="a"), Input((3,), name="b")
        model = Model([a], layers.Concatenate()([a, b]))  # here
        """,
        names=("from b",),
        fix=", b]",
        wrong="Model([a]",
        right="Model([a, b]",
    ),
    "fit before compile": Mistake(
        """
        model = Sequential([layers.Dense(3)])
        model.fit(x, x[:, :3], verbose=0)  # here
        """,
        names=("does not know yet how to train",),
        fix="model.compile(optimizer='adam', loss='mse')",
        wrong="model.fit",
        right="model.compile(optimizer='adam', loss='mse'); model.fit",
    ),
    "fit without targets": Mistake(
        """
        model = Sequential([layers.Dense(3)])
        model.compile("sgd", "mse", jit=JIT)
        y = x[:, :3]
        model.fit(x, verbose=0)  # here
        """,
        names=("y",),
        fix="fit(x, y)",
        wrong="model.fit(x, verbose=0)",
        right="model.fit(x, y)",
    ),
    "a step without gradients": Mistake(
        """
        model, opt = Sequential([Input((6,)), layers.Dense(1)]), optimizers.SGD(0.1)
        loss = model(x).sum()
        opt.step(model)  # here
        """,
        names=("gradient",),
        fix="loss.backward()",
        wrong="opt.step",
        right="loss.backward(); opt.step",
    ),
    "a step without the model": Mistake(
        """
        model, opt = Sequential([Input((6,)), layers.Dense(1)]), optimizers.SGD(0.1)
        model(x).sum().backward()
        opt.step()  # here
        """,
        names=("step",),
        fix="opt.step(model)",
        wrong="opt.step()",
        right="opt.step(model)",
    ),
    "nothing left to train": Mistake(
        """
        model = Sequential([Input((6,)), layers.Dense(1)])
        model.freeze()
        model.compile("sgd", "mse", jit=JIT)
        model.fit(x, x[:, :1], verbose=0)  # here
        """,
        names=("frozen",),
        fix="model.unfreeze()",
        wrong="model.compile",
        right="model.unfreeze(); model.compile",
    ),
    "a validation split in percent": Mistake(
        """
        model = Sequential([layers.Dense(1)])
        model.compile("sgd", "mse", jit=JIT)
        model.fit(x, x[:, :1], validation_split=20, verbose=0)  # here
        """,
        names=("validation_split", "20"),
        fix="validation_split=0.2",
        wrong="validation_split=20",
        right="validation_split=0.2",
    ),
    "a generator that ends": Mistake(
        """
        batches = ((x, x[:, :1]) for _ in range(3))
        model = Sequential([layers.Dense(1)])
        model.compile("sgd", "mse", jit=JIT)
        model.fit(batches, epochs=3, verbose=0)  # here
        """,
        names=("ran out in epoch 2",),
        fix="steps_per_epoch=",
        wrong="fit(batches,",
        right="fit(batches, steps_per_epoch=1,",
    ),
    "targets beside a generator": Mistake(
        """
        class Batches:
            def __iter__(self):
                yield x, x[:, :1]
        batches = Batches()
        model = Sequential([layers.Dense(1)])
        model.compile("sgd", "mse", jit=JIT)
        model.fit(batches, y=y, verbose=0)  # here
        """,
        names=("y=",),
        fix="y=",
        wrong=" y=y,",
        right="",
    ),
    "an item that is assigned": Mistake(
        """
        x, index, value = pente.zeros(3), 0, 1.0
        x[index] = value  # here
        """,
        names=("immutable",),
        fix="x = x.at[index].set(value)",
        wrong="x[index] = value",
        right="x = x.at[index].set(value)",
    ),
    "a function of NumPy": Mistake(
        """
        x = pente.zeros(3)
        y = np.cbrt(x)  # here
        """,
        names=("cbrt",),
        fix="np.cbrt(x.numpy())",
        wrong="np.cbrt(x)",
        right="np.cbrt(x.numpy())",
    ),
    "dim=": Mistake(
        """
        y = pente.sum(x, dim=1)  # here
        """,
        names=("sum()",),
        fix="axis=1",
        wrong="dim=1",
        right="axis=1",
    ),
    "an if on a traced value": Mistake(
        """
        def f(x):
            return x if x.sum() > 0 else -x  # here
        pente.jit(f)(x)
        """,
        names=("traced",),
        fix="pente.where",
        wrong="x if x.sum() > 0 else -x",
        right="pente.where(x.sum() > 0, x, -x)",
    ),
    "a backward from what is no number": Mistake(
        """
        w = pente.Variable(np.ones((6, 2), "float32"))
        loss = pente.tensor(x) @ w
        loss.backward()  # here
        """,
        names=("(20, 2)",),
        fix=".sum()",
        wrong="loss.backward()",
        right="loss.sum().backward()",
    ),
    "a call without a return": Mistake(
        """
        class Net(Model):
            def __init__(self):
                super().__init__()
                self.out = layers.Dense(1)
            def call(self, x):
                x = self.out(x); return
        model = Net()
        model.compile("sgd", "mse", jit=JIT)
        model.fit(x, x[:, :1], verbose=0)  # here
        """,
        names=("net (Net)", "call()"),
        fix="return x",
        wrong="; return",
        right="; return x",
    ),
    "a layer of one's own that keeps no field": Mistake(
        """
        class Scale(layers.Layer):
            def __init__(self, factor):
                super().__init__()
                self.scale = factor
            def call(self, x):
                return x * self.scale
        Scale(2.0).get_config()  # here
        """,
        names=("Scale", "factor="),
        fix="self.factor = factor",
        wrong="self.scale = factor",
        right="self.factor = factor; self.scale = factor",
    ),
}
