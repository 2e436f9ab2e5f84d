"""``pente demo``: a network learns to read handwriting, here and now."""

from pente.cli.options import Epochs, Json, Seed

__all__ = ["demo"]


def demo(*, seed: Seed = 0, epochs: Epochs = 40, json: Json = False) -> None:
    """Teach a network to read handwriting, and try it on new scans."""
    # What loads the engine comes this late, so that help and mistakes are answered at once.
    from rich.console import Console

    from pente.cli.demo_report import as_json, tell_plan, tell_result
    from pente.cli.digits import network, read, split_digits, train
    from pente.cli.progress import progress

    console = Console(highlight=False)
    learned, held = split_digits()
    model = network(seed)
    if not json:
        tell_plan(console, model, learned, held)
    training = train(model, learned, epochs, [] if json else [progress(console, epochs)])
    reading = read(model, held)
    if json:
        console.out(as_json(training, reading, seed=seed, epochs=epochs), highlight=False)
    else:
        tell_result(console, training, reading)
