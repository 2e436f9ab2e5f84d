"""Random bits as a kernel: Philox4x64-10, the same words in the same order as the eager row."""

from collections.abc import Callable
from functools import partial
from math import prod

from pente.compiler.writer import Kernel, Span, Writer
from pente.core.node import Node

__all__ = ["random_kernel"]

_M0, _M1 = 0xD2E7470EE14C6C93, 0xCA5A826395121157
_W0, _W1 = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B


def random_kernel(node: Node, offsets: tuple[int, int]) -> Kernel:
    """Blocks of four words: block b of a draw is the cipher of (b + 1, 0, counter, 0), as NumPy's stream counts."""
    to = Writer()
    key, counter, out = (to.pointer(i, "i64", offset) for i, offset in enumerate((*offsets, 0)))
    keys = [to.put(f"load i64, ptr {to.put(f'getelementptr i64, ptr {key}, i64 {i}')}") for i in range(2)]
    call = to.put(f"load i64, ptr {counter}")
    words = -(-prod(node.shape) * node.dtype.itemsize // 8)
    schedule = _schedule(to, keys)

    def block(b: str) -> None:
        cipher = _cipher(to, [to.put(f"add i64 {b}, 1"), "0", call, "0"], schedule)
        first = to.put(f"getelementptr [4 x i64], ptr {out}, i64 {b}")
        for i, word in enumerate(cipher):
            place = to.put(f"getelementptr i64, ptr {first}, i64 {i}")
            to.do(f"store i64 {word}, ptr {place}, align 4")

    blocks = words // 4
    to.some(*(to.share(blocks) if blocks else ("0", "0")), 1, block)
    rest = partial(_rest, to, node, out, words, lambda: _cipher(to, [to.number(blocks + 1), "0", call, "0"], schedule))
    if blocks < words / 4:
        to.when(to.put(f"icmp eq i64 %last, {to.number(max(blocks, 1))}"), rest)
    return to.kernel()._replace(spans=(None, None, Span(1, 32 // node.dtype.itemsize) if blocks else None))


def _rest(to: Writer, node: Node, out: str, words: int, make: Callable[[], list[str]]) -> None:
    """What is left of a block, and half a word where 32-bit numbers end in one."""
    size, cipher = prod(node.shape) * node.dtype.itemsize, make()
    for i in range(words // 4 * 4, words):
        place = to.put(f"getelementptr i64, ptr {out}, i64 {i}")
        if size - 8 * i >= 8:
            to.do(f"store i64 {cipher[i % 4]}, ptr {place}, align 4")
        else:
            to.do(f"store i32 {to.put(f'trunc i64 {cipher[i % 4]} to i32')}, ptr {place}, align 4")


def _schedule(to: Writer, keys: list[str]) -> list[list[str]]:
    """The keys of the ten rounds: the Weyl sequence."""
    rounds = [keys]
    for _ in range(9):
        rounds.append([to.put(f"add i64 {k}, {_signed(w)}") for k, w in zip(rounds[-1], (_W0, _W1), strict=True)])
    return rounds


def _cipher(to: Writer, c: list[str], schedule: list[list[str]]) -> list[str]:
    """Ten rounds of multiply, take the high and the low half, mix with the key."""
    for k0, k1 in schedule:
        high0, low0 = _wide(to, _M0, c[0])
        high1, low1 = _wide(to, _M1, c[2])
        first = to.put(f"xor i64 {to.put(f'xor i64 {high1}, {c[1]}')}, {k0}")
        third = to.put(f"xor i64 {to.put(f'xor i64 {high0}, {c[3]}')}, {k1}")
        c = [first, low1, third, low0]
    return c


def _wide(to: Writer, multiplier: int, x: str) -> tuple[str, str]:
    """The high and the low half of a product of 64-bit numbers."""
    full = to.put(f"mul i128 {to.put(f'zext i64 {x} to i128')}, {multiplier}")
    high = to.put(f"trunc i128 {to.put(f'lshr i128 {full}, 64')} to i64")
    return high, to.put(f"trunc i128 {full} to i64")


def _signed(word: int) -> int:
    return word - 2**64 if word >= 2**63 else word
