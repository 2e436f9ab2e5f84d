"""``pente predict``: what a saved model says of the rows of a table, or of images."""

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter

from pente.cli.options import Encoding, Json

if TYPE_CHECKING:
    from pente.tables import TablePredictions

__all__ = ["predict"]

ModelFile = Annotated[Path, Parameter(help="A model that pente train has saved.")]
PredictedData = Annotated[Path, Parameter(help="A CSV, TSV or Parquet file, or a folder of images.")]
Output = Annotated[Path | None, Parameter(help="Where to write the predictions as CSV, instead of printing them.")]


def predict(
    model: ModelFile, data: PredictedData, *, output: Output = None, encoding: Encoding = None, json: Json = False
) -> None:
    """Predict a column for each row of a CSV or Parquet file, or a class for each image of a folder.

    A line of CSV each, with the probability of each class.
    """
    # What loads the engine comes this late, so that help and mistakes are answered at once.
    from pente.cli.saving import require_folder, write_text
    from pente.models.loading import load_model

    if output is not None:
        require_folder(output)
    predicted = _predicted(load_model(model), data, encoding)
    if output is not None:
        write_text(output, _as_csv(predicted))
    if json:
        print(_as_json(predicted, model, data), flush=True)
        return
    if output is None:
        print(_as_csv(predicted), end="", flush=True)
    _tell(predicted, output)


class Predicted(NamedTuple):
    """What is said of rows, or of images."""

    what: str
    told: "TablePredictions"
    files: list[str] | None = None


def _predicted(model: Any, data: Path, encoding: str | None) -> Predicted:
    from pente.data import ImageEncoder
    from pente.tables import TablePredictions, predict_table

    if not isinstance(model.preprocessing, ImageEncoder):
        return Predicted("rows", predict_table(model, data, encoding=encoding))
    from pente.images import predict_images

    found = predict_images(model, data)
    told = TablePredictions("class", found.values, found.probabilities, found.scores, found.scored, [])
    return Predicted("images", told, [str(path) for path in found.paths])


def _tell(predicted: Predicted, output: Path | None) -> None:
    """What a person wants to know beside the predictions; where those are on the standard output, not among them."""
    from pente.cli.train_report import shown_scores

    found = predicted.told
    told = [f"note: {note}" for note in found.notes]
    if found.scores:
        scores = shown_scores(found.scores)
        told.append(f"{found.scored:,} {predicted.what} with a known {found.target!r}: {scores}")
    if output is not None:
        told.append(f"{len(found.values):,} predictions are in {output}")
    for line in told:
        print(f"pente: {line}" if output is None else line, file=sys.stderr if output is None else sys.stdout)


def _as_csv(predicted: Predicted) -> str:
    found, files = predicted.told, predicted.files
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [found.target, *(f"probability of {name}" for name in found.probabilities)]
    writer.writerow(names if files is None else ["file", *names])
    chances = [[f"{chance:.6f}" for chance in column.tolist()] for column in found.probabilities.values()]
    values = found.values if chances else [f"{value:.7g}" for value in found.values.tolist()]
    writer.writerows(zip(*([] if files is None else [files]), values, *chances, strict=True))
    return text.getvalue()


def _as_json(predicted: Predicted, model: Path, data: Path) -> str:
    import json

    found = predicted.told
    facts = {
        "model": str(model),
        "data": str(data),
        "target": found.target,
        "predictions": list(_rows(predicted)),
        "scores": found.scores or None,
        "scored": found.scored,
        "notes": found.notes,
    }
    return json.dumps(facts)


def _rows(predicted: Predicted) -> Iterator[dict[str, Any]]:
    chances = {name: column.tolist() for name, column in predicted.told.probabilities.items()}
    for i, value in enumerate(predicted.told.values.tolist()):
        row: dict[str, Any] = {} if predicted.files is None else {"file": predicted.files[i]}
        row["prediction"] = value
        if chances:
            row["probabilities"] = {name: column[i] for name, column in chances.items()}
        yield row
