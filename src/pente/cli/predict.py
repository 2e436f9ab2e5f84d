"""``pente predict``: what a saved model says of the rows of a table."""

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from pente.cli.options import Data, Encoding, Json

if TYPE_CHECKING:
    from pente.tables import TablePredictions

__all__ = ["predict"]

ModelFile = Annotated[Path, Parameter(help="A model that pente train has saved.")]
Output = Annotated[Path | None, Parameter(help="Where to write the predictions as CSV, instead of printing them.")]


def predict(
    model: ModelFile, data: Data, *, output: Output = None, encoding: Encoding = None, json: Json = False
) -> None:
    """Predict a column for each row of a CSV or Parquet file: a line of CSV a row, with each class's probability."""
    # What loads the engine comes this late, so that help and mistakes are answered at once.
    from pente.cli.saving import require_folder, write_text
    from pente.models.loading import load_model
    from pente.tables import predict_table

    if output is not None:
        require_folder(output)
    predicted = predict_table(load_model(model), data, encoding=encoding)
    if output is not None:
        write_text(output, _as_csv(predicted))
    if json:
        print(_as_json(predicted, model, data))
        return
    if output is None:
        print(_as_csv(predicted), end="", flush=True)
    _tell(predicted, output)


def _tell(predicted: "TablePredictions", output: Path | None) -> None:
    """What a person wants to know beside the predictions; where those are on the standard output, not among them."""
    from pente.cli.train_report import shown_scores

    told = [f"note: {note}" for note in predicted.notes]
    if predicted.scores:
        told.append(f"{predicted.scored:,} rows with a known {predicted.target!r}: {shown_scores(predicted.scores)}")
    if output is not None:
        told.append(f"{len(predicted.values):,} predictions are in {output}")
    for line in told:
        print(f"pente: {line}" if output is None else line, file=sys.stderr if output is None else sys.stdout)


def _as_csv(predicted: "TablePredictions") -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([predicted.target, *(f"probability of {name}" for name in predicted.probabilities)])
    writer.writerows(_rows(predicted))
    return text.getvalue()


def _rows(predicted: "TablePredictions") -> Any:
    chances = [[f"{chance:.6f}" for chance in column.tolist()] for column in predicted.probabilities.values()]
    values = predicted.values if chances else [f"{value:.7g}" for value in predicted.values.tolist()]
    return zip(values, *chances, strict=True)


def _as_json(predicted: "TablePredictions", model: Path, data: Path) -> str:
    import json

    facts = {
        "model": str(model),
        "data": str(data),
        "target": predicted.target,
        "predictions": list(_predictions(predicted)),
        "scores": predicted.scores or None,
        "scored": predicted.scored,
        "notes": predicted.notes,
    }
    return json.dumps(facts)


def _predictions(predicted: "TablePredictions") -> Iterator[dict[str, Any]]:
    chances = {name: column.tolist() for name, column in predicted.probabilities.items()}
    for i, value in enumerate(predicted.values.tolist()):
        probabilities = {name: column[i] for name, column in chances.items()}
        yield {"prediction": value} | ({"probabilities": probabilities} if chances else {})
