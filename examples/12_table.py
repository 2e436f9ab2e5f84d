"""A table from a CSV file: is a tumour malignant? A network beside scikit-learn's, on ten splits.

Needs scikit-learn, for the data and for the comparison: pip install scikit-learn.
"""

import warnings
from math import ceil
from pathlib import Path
from statistics import median

import numpy as np
from sketch import COLOURS, Sketch
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pente
from pente import Sequential, layers
from pente.data import Table, TableEncoder, read_table


def write_csv(path: Path) -> Path:
    """569 tumours: thirty measures of the cells' nuclei, and what a doctor found."""
    data = load_breast_cancer()
    names = [name.replace(" ", "_") for name in data.feature_names]
    rows = [",".join([*map(str, row), data.target_names[y]]) for row, y in zip(data.data, data.target, strict=True)]
    path.write_text("\n".join([",".join([*names, "diagnosis"]), *rows]) + "\n")
    return path


def pente_scores(train: Table, test: Table, seed: int, epochs: int) -> np.ndarray:
    """The probability of "malignant" for each row held out, by a network."""
    pente.set_seed(seed)
    encoder = TableEncoder(target="diagnosis").fit(train)  # what is learned of the columns, from these rows alone
    x, y = encoder.transform(train), encoder.labels(train)
    small = pente.regularizers.L2(0.005)
    model = Sequential(
        [
            layers.Dense(128, activation="relu", kernel_regularizer=small),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid", kernel_regularizer=small),
        ]
    )
    rate = pente.schedules.CosineDecay(2e-3, decay_steps=epochs * ceil(len(x) / 32))
    model.compile(optimizer=pente.optimizers.Adam(rate), loss="binary_crossentropy")
    model.fit(x, y, epochs=epochs, batch_size=32, verbose=0)
    return model.predict(encoder.transform(test), verbose=0)[:, 0]


def other_scores(train: Table, test: Table, estimator: object) -> np.ndarray:
    """The same by an estimator of scikit-learn's, on standardized measures."""
    x_train, x_test = (np.stack([part[n].values for n in part if n != "diagnosis"], axis=1) for part in (train, test))
    pipeline = make_pipeline(StandardScaler(), estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one that has not converged yet is scored as it is
        pipeline.fit(x_train, train["diagnosis"].values == "malignant")
    return pipeline.predict_proba(x_test)[:, 1]


def main(folder: Path = Path(), epochs: int = 60, seeds: int = 10) -> None:
    table = read_table(write_csv(folder / "tumours.csv"))
    print(f"{len(table)} rows, {len(table.kinds) - 1} columns to learn from")
    found: dict[str, list[float]] = {"Pente": [], "logistic regression": [], "MLP": []}
    for seed in range(seeds):
        train, test = table.split("diagnosis", test_size=0.25, seed=seed)
        malignant = test["diagnosis"].values == "malignant"
        given = [
            pente_scores(train, test, seed, epochs),
            other_scores(train, test, LogisticRegression(max_iter=1000)),
            other_scores(train, test, MLPClassifier(max_iter=500, random_state=seed)),
        ]
        for name, scores in zip(found, given, strict=True):
            found[name].append(float(roc_auc_score(malignant, scores)))
        print(f"seed {seed}: " + ", ".join(f"{name} {aucs[-1]:.4f}" for name, aucs in found.items()))
    for name, aucs in found.items():
        print(f"{name}: AUC {median(aucs):.4f} on rows it has not seen, median of {seeds} splits")
    print("picture:", curve(malignant, given[0]).save(folder / "roc.svg"))


def curve(malignant: np.ndarray, scores: np.ndarray) -> Sketch:
    """The ROC curve of the last split: of the malignant ones, how many are found, over how many false alarms."""
    alarms, hits, _ = roc_curve(malignant, scores)
    sketch = Sketch((-0.05, -0.15), (1.05, 1.05), size=(360, 390))
    sketch.curve([(0.0, 0.0), (1.0, 1.0)], "#9ca3af")
    sketch.curve(list(zip(alarms.tolist(), hits.tolist(), strict=True)), COLOURS[0])
    sketch.text((0.5, -0.1), "share of the benign that alarm; up: share of the malignant found")
    return sketch


if __name__ == "__main__":
    main()
