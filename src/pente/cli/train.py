"""``pente train``: a network learns to predict a column of a table, or the class of an image."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from pente.cli.options import BatchSize, Encoding, Job, Json, Seed, Types, WrongUsageError, typed, whole

__all__ = ["train"]

HELP = "See: pente train --help"

Target = Annotated[str | None, Parameter(help="The column to predict.", show_default=False)]
Data = Annotated[Path, Parameter(help="A CSV (also packed with gzip), TSV or Parquet file, or a folder of images.")]
Task = Annotated[
    Literal["auto", "classification", "regression"],
    Parameter(help="What the column is; auto: text and few whole numbers are classes."),
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
    target: Target = None,
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
    """Teach a network to predict a column of a CSV or Parquet file, measure it on rows held out, and save it.

    A folder with a sub-folder of images for each class is learned likewise, without a target.
    """
    # What loads the engine comes this late, so that help and mistakes are answered at once.
    job = Job(data, epochs, batch_size, test_size, seed, save, compare, json)
    if data.is_dir():
        if target is not None or type or encoding is not None or task != "auto":
            told = "its classes are its sub-folders, so it takes no --target, --task, --type or --encoding."
            raise WrongUsageError(f"{data} is a folder of images: {told} {HELP}")
        from pente.cli.train_images import train_images

        train_images(job)
    elif target is None:
        raise WrongUsageError(f"--target is needed: the column to predict. {HELP}")
    else:
        from pente.cli.train_table import train_table

        train_table(job, target, task=task, types=typed(type), encoding=encoding)
