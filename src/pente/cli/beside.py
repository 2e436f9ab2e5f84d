"""The best of scikit-learn's simple models on the same split, for who wants to know what the network is worth.

Which of them is best is decided by cross-validation among the rows to learn from; the rows held out only score it.
"""

import time
import warnings
from typing import Any, NamedTuple

import numpy as np

from pente.tables import TableFit, scores

__all__ = ["Other", "beside"]

FOLDS = 3
MANY_ROWS = 20_000  # from here on a forest takes longer than it is worth
INSTALL = "pip install 'pente[sklearn]'"


class Other(NamedTuple):
    """What another model scores."""

    name: str
    scores: dict[str, float]
    seconds: float


def beside(fitted: TableFit) -> Other | None:
    """The scores of the best other model; None where scikit-learn is not installed."""
    began = time.perf_counter()
    try:
        from threadpoolctl import threadpool_limits  # scikit-learn's own dependency

        candidates = _classifiers if fitted.encoder.class_names else _regressors
        models = candidates(len(fitted.parts.learned))
    except ImportError:
        return None
    encoder, parts = fitted.encoder, fitted.parts
    x = np.concatenate([encoder.transform(part) for part in (parts.learned, parts.watched)])
    y = np.concatenate([encoder.labels(part) for part in (parts.learned, parts.watched)])
    # Threads that wait for each other take a hundred times as long where other programs run, and gain little here.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # a model that does not converge is scored as it is
        best = max(models, key=lambda model: _validated(model, x, y))
        best.fit(x, y.ravel())
        held_out = encoder.transform(parts.held_out)
        predicted = best.predict_proba(held_out) if encoder.class_names else best.predict(held_out)[:, np.newaxis]
    found = scores(encoder.labels(parts.held_out), predicted)
    return Other(type(best).__name__, found, time.perf_counter() - began)


def _validated(model: Any, x: Any, y: Any) -> float:
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

    folds = (StratifiedKFold if y.ndim == 1 else KFold)(FOLDS, shuffle=True, random_state=0)
    measure = "neg_log_loss" if y.ndim == 1 else "r2"
    return float(cross_val_score(model, x, y.ravel(), cv=folds, scoring=measure).mean())


def _classifiers(rows: int) -> list[Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    forest = [RandomForestClassifier(random_state=0)] if rows < MANY_ROWS else []
    return [LogisticRegression(max_iter=1000), *forest, HistGradientBoostingClassifier(random_state=0)]


def _regressors(rows: int) -> list[Any]:
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import RidgeCV

    forest = [RandomForestRegressor(random_state=0)] if rows < MANY_ROWS else []
    return [RidgeCV(), *forest, HistGradientBoostingRegressor(random_state=0)]
