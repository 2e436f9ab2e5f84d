"""The best of scikit-learn's simple models on the same split, for who wants to know what the network is worth.

Which of them is best is decided by cross-validation among the rows to learn from; the rows held out only score it.
"""

import time
import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pente.tables import scores

__all__ = ["Other", "beside"]

Part = tuple[NDArray[Any], NDArray[Any]]

FOLDS = 3
MANY_NUMBERS = 3_000_000  # of more than this trees take longer than they are worth
INSTALL = "pip install 'pente[sklearn]'"


class Other(NamedTuple):
    """What another model scores."""

    name: str
    scores: dict[str, float]
    seconds: float


def beside(learned: Part, held_out: Part) -> Other | None:
    """The scores of the best other model, of (x, y) to learn from and (x, y) held out.

    Labels (N,) are classes and values (N, 1) numbers, as ``fit`` takes them. None where scikit-learn is not installed.
    """
    began = time.perf_counter()
    (x, y), (x_new, y_new) = learned, held_out
    try:
        from threadpoolctl import threadpool_limits  # scikit-learn's own dependency

        models = (_classifiers if y.ndim == 1 else _regressors)(x.size)
    except ImportError:
        return None
    # Threads that wait for each other take a hundred times as long where other programs run, and gain little here.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # a model that does not converge is scored as it is
        best = max(models, key=lambda model: _validated(model, x, y))
        best.fit(x, y.ravel())
        predicted = best.predict_proba(x_new) if y.ndim == 1 else best.predict(x_new)[:, np.newaxis]
    return Other(type(best).__name__, scores(y_new, predicted), time.perf_counter() - began)


def _validated(model: Any, x: Any, y: Any) -> float:
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

    folds = (StratifiedKFold if y.ndim == 1 else KFold)(FOLDS, shuffle=True, random_state=0)
    measure = "neg_log_loss" if y.ndim == 1 else "r2"
    return float(cross_val_score(model, x, y.ravel(), cv=folds, scoring=measure).mean())


def _classifiers(size: int) -> list[Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    if size > MANY_NUMBERS:
        return [LogisticRegression(max_iter=100)]
    trees = [RandomForestClassifier(random_state=0), HistGradientBoostingClassifier(random_state=0)]
    return [LogisticRegression(max_iter=1000), *trees]


def _regressors(size: int) -> list[Any]:
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import RidgeCV

    trees = [RandomForestRegressor(random_state=0), HistGradientBoostingRegressor(random_state=0)]
    return [RidgeCV(), *(trees if size <= MANY_NUMBERS else [])]
