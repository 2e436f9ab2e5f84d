"""A small GPT that learns a language letter by letter. The language is made up, so its sentences can be checked."""

import re
from math import ceil
from pathlib import Path

import numpy as np
from sketch import COLOURS, Sketch

import pente
from pente import Input, Layer, Model, layers
from pente.data import CharacterSet, text_windows

NOUNS = ["cat", "dog", "bird", "girl", "boy", "fox"]
VERBS = ["see", "hear", "like", "chase", "know"]
DOINGS = ["sleep", "run", "sing", "jump", "dream"]
ADJECTIVES = ["old", "young", "small", "happy", "quiet"]
TEMPERATURES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
STEPS, WIDTH = 64, 64  # how many letters the model sees at once, and how many numbers stand for a letter


# The language: "the old cats that the girl sees run." Who runs? The cats; the girl is only in between.


def sentence(rng: np.random.Generator) -> str:
    subject, many = someone(rng)
    if rng.random() < 0.6:
        other, others = someone(rng)
        subject += f" that {other} {agreeing(rng.choice(VERBS), others)}"
    return f"{subject} {agreeing(rng.choice(DOINGS), many)}.\n"


def someone(rng: np.random.Generator) -> tuple[str, bool]:
    many = bool(rng.random() < 0.5)
    adjective = f"{rng.choice(ADJECTIVES)} " if rng.random() < 0.5 else ""
    return f"the {adjective}{rng.choice(NOUNS)}{'s' if many else ''}", many


def agreeing(verb: str, many: bool) -> str:
    return verb if many else f"{verb}s"


def pattern(many: bool) -> str:
    """All sentences of which the subject is one, or are many, as a regular expression."""
    nouns, verbs, doings, adjectives = ("|".join(words) for words in (NOUNS, VERBS, DOINGS, ADJECTIVES))
    who = f"the (?:(?:{adjectives}) )?(?:{nouns})"
    between = f"(?: that (?:{who} (?:{verbs})s|{who}s (?:{verbs})))?"
    return f"{who}s{between} (?:{doings})" if many else f"{who}{between} (?:{doings})s"


GRAMMAR = re.compile(rf"(?:{pattern(True)}|{pattern(False)})\.")


# The model.


class Positions(Layer):
    """Adds to each place a vector of its own, for attention alone does not see the order."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.table = self.add_weight("table", input_shape[1:], "uniform")

    def call(self, x: pente.Tensor) -> pente.Tensor:
        return x + self.table


def block(x, heads: int = 4):
    """Each place first asks the places before it, then thinks for itself; both times it adds what comes out."""
    seen = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(heads, WIDTH // heads)(seen, seen, use_causal_mask=True)
    own = layers.LayerNormalization()(x)
    return x + layers.Dense(WIDTH)(layers.Dense(4 * WIDTH, activation="gelu")(own))


def gpt(letters: int) -> Model:
    ids = Input((STEPS,), dtype="int64")
    x = Positions()(layers.Embedding(letters, WIDTH)(ids))
    x = layers.LayerNormalization()(block(block(x)))
    return Model(ids, layers.Dense(letters)(x), name="gpt")  # scores of the next letter, at each place


def generate(model: Model, characters: CharacterSet, lines: int, temperature: float, seed: int) -> list[str]:
    """So many lines, all at once, each letter drawn with probability softmax(scores / temperature)."""
    newline = characters.encode("\n")[0]
    ids = np.full((lines, STEPS), newline)  # what comes later is not looked at
    key = pente.random.key(seed)
    for place in range(STEPS - 1):
        scores = model.predict(ids, verbose=0)[:, place] / temperature
        ids[:, place + 1] = pente.random.categorical(scores, key=pente.random.fold_in(key, place)).numpy()
    return [characters.decode(row[1:]).split("\n")[0] for row in ids]


def main(folder: Path = Path(), epochs: int = 3, sentences: int = 5000, lines: int = 200) -> None:
    pente.set_seed(0)
    rng = np.random.default_rng(0)
    text = "\n" + "".join(sentence(rng) for _ in range(sentences))
    characters = CharacterSet.of(text)
    x, y = text_windows(characters.encode(text), STEPS, stride=10)  # y is x, one letter later

    model = gpt(len(characters))
    rate = pente.schedules.CosineDecay(3e-3, decay_steps=epochs * ceil(len(x) / 32))
    loss = pente.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=pente.optimizers.Adam(rate), loss=loss)
    model.summary()
    model.fit(x, y, epochs=epochs, batch_size=32, verbose=2)

    known, shares = set(text.split("\n")), []
    for temperature in TEMPERATURES:
        written = generate(model, characters, lines, temperature, seed=1)
        valid = [line for line in written if GRAMMAR.fullmatch(line)]
        new = [line for line in valid if line not in known]
        share, share_of_new = len(valid) / lines, len(new) / lines
        shares.append((share, share_of_new))
        print(f"temperature {temperature}: {share:.1%} are sentences, {share_of_new:.1%} new ones: {written[0]}")
    print("picture:", curves(shares).save(folder / "sentences.svg"))


def curves(shares: list[tuple[float, float]]) -> Sketch:
    """Over the temperature: which part of the lines are sentences, and in orange, sentences that are new."""
    sketch = Sketch((0.0, -0.15), (2.2, 1.1), size=(480, 280))
    for part, (colour, words) in enumerate(zip(COLOURS, ("sentences", "new sentences"), strict=True)):
        points = [(temperature, share[part]) for temperature, share in zip(TEMPERATURES, shares, strict=True)]
        sketch.curve(points, colour)
        sketch.points(points, [colour] * len(points))
        sketch.text((1.9, 1.0 - 0.1 * part), words, colour)
    for temperature in TEMPERATURES:
        sketch.text((temperature, -0.12), f"{temperature}")
    return sketch


if __name__ == "__main__":
    main()
