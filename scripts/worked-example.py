#!/usr/bin/env python3
"""The worked example of docs/bits.md: the softmax of one f32 row, each step with its bits.

    scripts/worked-example.py [X ...]                 print the steps; the row of docs/bits.md where no X is given
    scripts/worked-example.py --check build/gcc/smx   compare with the page, and the results with the tool's

It follows the page's text, in rational numbers that are rounded where the text says so, and shares nothing with the
library. As a test: add_test(NAME worked_example COMMAND scripts/worked-example.py --check $<TARGET_FILE:smx_cli>).
"""

import struct
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "bits.md"
BEGIN, END = "<!-- scripts/worked-example.py: begin -->\n", "<!-- scripts/worked-example.py: end -->\n"
ROW = (0.5, 2.0, -1.0)


def rounded(exact, digits, least):
    """To the nearest number of so many binary digits, ties to even, with gradual underflow below 2^least."""
    if exact == 0:
        return Fraction(0)
    exponent = abs(exact).numerator.bit_length() - exact.denominator.bit_length()
    if abs(exact) < Fraction(2) ** exponent:
        exponent -= 1
    unit = Fraction(2) ** (max(exponent, least) - digits + 1)
    return round(exact / unit) * unit


def rn32(exact):
    return rounded(exact, 24, -126)


def rn64(exact):
    return rounded(exact, 53, -1022)


def fma(a, b, c):
    return rn32(a * b + c)


def constant(text):
    return Fraction(float.fromhex(text))


LOG2E, LN2_HI, LN2_LO = map(constant, ("0x1.715476p+0", "0x1.62e43p-1", "-0x1.05c61p-29"))
MAGIC = constant("0x1.8p+23")
K, BIAS, FAR, U = 60, 127, 256, 44


COEFFICIENTS = ("0x1.694c9cp-10", "0x1.12398p-7", "0x1.555a26p-5", "0x1.555492p-3", "0x1.fffffap-2", "1")


def exprel(r, step):
    first, *others = map(constant, COEFFICIENTS)
    q = first
    for coefficient in others:
        q = step("q", fma(q, r, coefficient))
    return q


def row_constants(x, step):
    m = step("m", max(x))
    c = step("c", m if abs(m) >= FAR else Fraction(0))
    n = step("N", int(rn32(fma(rn32(m - c), LOG2E, MAGIC) - MAGIC)))
    b = step("B", K + BIAS - n)
    return c, n, b, step("t", rn32(-b * LN2_HI))


def term(x, constants, step):
    """Gives e 2^K and its share of S."""
    c, row_n, b, t = constants
    v = step("v", max(rn32(x - c), t))
    n = step("n", int(rn32(fma(v, LOG2E, MAGIC + b) - (MAGIC + b))))
    r = step("r", fma(-n, LN2_LO, fma(-n, LN2_HI, v)))
    power = Fraction(2) ** (n - row_n + K) if n + b > 0 else Fraction(0)
    q = exprel(r, step)
    e = step("e 2^K", fma(q, rn32(r * step("power", power)), power))
    return e, step("e 2^U", round(e * Fraction(2) ** (U - K)))


def quotient(total, step):
    step("S", total)
    d = step("D", rn64(Fraction(total)) / 2**U)
    i = step("I", rn64(1 / d))
    return step("high", rn32(i) / 2**K), step("low", rn32(rn64(i - rn32(i))) / 2**K)


class Steps:
    """What has been computed, in order: integers in decimal, numbers in hexadecimal."""

    def __init__(self):
        self.named = []

    def __call__(self, name, value):
        self.named.append((name, str(value) if isinstance(value, int) else hexadecimal(value)))
        return value


def hexadecimal(value):
    if value == 0:
        return "0"
    mantissa, exponent = float(value).hex().split("p")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}p{exponent}"


def bits(value):
    return "0x%08x" % struct.unpack("<I", struct.pack("<f", float(value)))


def aligned(rows):
    """The first column is a name; the others are as wide as they must be."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ("  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]) for row in rows)
    return "".join(f"    {line}\n" for line in lines)


def softmax(x):
    """The results, and the steps as text."""
    once, by_entry, last = Steps(), [Steps() for _ in x], Steps()
    constants = row_constants(x, once)
    terms = [term(xj, constants, step) for xj, step in zip(x, by_entry)]
    high, low = quotient(sum(t for _, t in terms), last)
    y = [fma(e, high, rn32(e * low)) for e, _ in terms]
    columns = [[("x", hexadecimal(xj)), *step.named] for xj, step in zip(x, by_entry)]
    entries = [[row[0][0], *(value for _, value in row)] for row in zip(*columns)]
    results = [["y", *map(hexadecimal, y)], ["bits of y", *map(bits, y)], ["about", *(f"{float(v):.7f}" for v in y)]]
    blocks = [("Steps 1 and 2, once a row:", once.named), ("Steps 3 and 4, for each entry:", entries)]
    blocks += [("Steps 4 and 5, once a row:", last.named), ("Step 5, for each entry:", results)]
    return y, "\n".join(f"{title}\n\n{aligned(rows)}" for title, rows in blocks)


def by_the_tool(tool, x):
    """Through .npy files, as the tool has them: 10 bytes, a line of text that ends at 64, and the numbers."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(x)},), }}".ljust(117) + "\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + struct.pack(f"<{len(x)}f", *map(float, x))
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder, "x.npy"), Path(folder, "y.npy")
        given.write_bytes(content)
        subprocess.run([tool, "softmax", given, "-o", made], check=True)
        return struct.unpack(f"<{len(x)}f", made.read_bytes()[-4 * len(x) :])


def check(tool, x):
    y, text = softmax(x)
    page = PAGE.read_text()
    if f"{BEGIN}{text}{END}" not in page:
        sys.exit(f"worked-example: {PAGE} has other steps than this prints")
    theirs = by_the_tool(tool, x)
    if list(map(bits, theirs)) != list(map(bits, y)):
        sys.exit(f"worked-example: {tool} gives {' '.join(map(bits, theirs))}, the page {' '.join(map(bits, y))}")
    print(f"worked-example: the page and the tool agree on {' '.join(map(bits, y))}")


def main(arguments):
    if arguments[:1] == ["--check"] and len(arguments) == 2:
        return check(arguments[1], [Fraction(v) for v in ROW])
    try:
        row = [rn32(Fraction(float(word))) for word in arguments or ROW]
    except (OverflowError, ValueError):
        sys.exit(__doc__)
    if max(map(abs, row)) >= 2**128:
        sys.exit("worked-example: that is beyond f32")
    print(softmax(row)[1], end="")


if __name__ == "__main__":
    main(sys.argv[1:])
