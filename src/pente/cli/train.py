"""``pente train``: a network learns to predict a column of a table."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from pente.cli.options import BatchSize, Data, Encoding, Json, Seed, Types, typed, whole

__all__ = ["train"]

Target = Annotated[str, Parameter(help="The column to predict.")]
Task = Annotated[
    Literal["auto", "classification", "regression"],
    Parameter(help="What the column is; auto: text and few whole numbers are classes.", show_choices=False),
]
MostEpochs = Annotated[
    int | None,
    Parameter(
        help="How often to go through the data at most; training ends by itself.",
        converter=whole,
        validator=Number(gte=1),
    ),
]
TestSize = Annotated[
    float, Parameter(help="The share of the rows to hold out for the score.", validator=Number(gt=0, lt=1))
]
Save = Annotated[
    Path | None, Parameter(help="Where to save the model; by default beside you, under the data's name, as .pente.")
]
Compare = Annotated[bool, Parameter(help="Score scikit-learn's best simple model on the same split.")]


def train(
    data: Data,
    *,
    target: Target,
    task: Task = "auto",
    type: Types = (),
    epochs: MostEpochs = None,
    batch_size: BatchSize = None,
    test_size: TestSize = 0.25,
    seed: Seed = 0,
    save: Save = None,
    compare: Compare = True,
    encoding: Encoding = None,
    json: Json = False,
) -> None:
    """Teach a network to predict a column of a CSV or Parquet file, measure it on rows held out, and save it."""
    types = typed(type)
    # What loads the engine comes this late, so that help and mistakes are answered at once.
    from rich.console import Console

    from pente.cli.beside import beside
    from pente.cli.progress import progress
    from pente.cli.saving import place_for
    from pente.cli.train_report import as_json, tell_plan, tell_result
    from pente.data.table import read_table
    from pente.tables.fitting import fit_parts, most_epochs, network, split_table

    place = place_for(data, save)
    console = Console(highlight=False)
    table = read_table(data, types=types, encoding=encoding)
    parts = split_table(table, target, task=task, test_size=test_size, seed=seed)
    limit = epochs or most_epochs(len(parts.learned))
    if not json:
        tell_plan(console, parts, network(parts.encoder, seed))
    listeners = [] if json else [progress(console, limit, ["loss", "val_loss"])]
    fitted = fit_parts(parts, epochs=limit, batch_size=batch_size, seed=seed, callbacks=listeners)
    fitted.model.save(place)
    other = beside(fitted) if compare else None
    if json:
        console.out(as_json(fitted, other, data=data, place=place, seed=seed), highlight=False)
    else:
        tell_result(console, fitted, other, data=data, place=place)
