"""How wide a line of text may become, when the reader's font is not known.

The widths, in em, are upper bounds of DejaVu Sans, which is wider than most, and so also of fonts as wide as Arial.
"""

import unicodedata

__all__ = ["shortened", "text_width"]

NARROW, PLAIN, BROAD, WIDE, EMOJI = 0.42, 0.68, 0.89, 1.06, 1.4
CLASSES = {
    NARROW: " !'|.,:;·-()[]/\\IJfijl",
    PLAIN: '0123456789abcdeghknopqrstuvxyzαβγδεζηθικλμνξοπρστυχ∂√_$*?"{}`²³⁰¹',
    BROAD: "ABCDEFGHKLNOPQRSTUVXYZ+−×÷<=>~#&^",
}
EM = {character: em for em, characters in CLASSES.items() for character in characters}


def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of one line in the units of ``size``, and rather too much than too little."""
    return sum(map(_em, text)) * size * (1.1 if bold else 1.0)


def _em(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    return EM.get(character, WIDE if character <= "\uffff" else EMOJI)


def shortened(text: str, limit: int) -> str:
    """The text with its middle left out, so that it has at most ``limit`` characters.

    >>> shortened("encoder/block_3/attention/query/kernel", 17)
    'encoder/…y/kernel'
    """
    if len(text) <= limit:
        return text
    head = limit // 2
    return text[:head] + "…" + text[len(text) - (limit - head - 1) :]
