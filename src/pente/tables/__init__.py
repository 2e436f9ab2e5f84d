"""From a table to a trained model and from new rows to predictions, each in one call.

>>> import numpy as np
>>> from pente.tables import fit_table, predict_table
>>> rng = np.random.default_rng(0)
>>> height, width = rng.uniform(1, 5, 200), rng.uniform(1, 5, 200)
>>> area = {"height": height, "width": width, "large": np.where(height * width > 9, "yes", "no")}
>>> fitted = fit_table(area, "large", epochs=30)
>>> predict_table(fitted.model, {"height": [1.5, 4.5], "width": [1.0, 4.0]}).values.tolist()
['no', 'yes']
"""

from pente.tables.fitting import TableFit, fit_table
from pente.tables.predicting import TablePredictions, predict_table
from pente.tables.scores import baseline, scores

__all__ = ["TableFit", "TablePredictions", "baseline", "fit_table", "predict_table", "scores"]
