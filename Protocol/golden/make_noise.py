#!/usr/bin/env python3
"""Writes noise.txt: golden vectors of Underpaint's noise, made without any of its Swift code.

Python's float is an IEEE 754 double and its + - * / and math.sqrt round once, so this reference and the
Swift generator must agree in every bit. Run it in this folder; it needs the standard library only.
"""

import math
import struct

MASK = 0xFFFFFFFF


def philox(counter, key):
    (a, b, c, d), (k0, k1) = counter, key
    for _ in range(10):
        p, q = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (q >> 32) ^ b ^ k0, q & MASK, (p >> 32) ^ d ^ k1, p & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return a, b, c, d


def log_of_uniform(word):
    odd = 2 * word + 1
    exponent = odd.bit_length() - 1
    m = odd / (1 << exponent)
    if m > float.fromhex("0x1.6A09E667F3BCDp0"):
        m, exponent = m * 0.5, exponent + 1
    z = (m - 1.0) / (m + 1.0)
    square, total = z * z, 0.0
    for denominator in range(21, 0, -2):
        total = total * square + 1.0 / denominator
    return (exponent - 33) * float.fromhex("0x1.62E42FEFA39EFp-1") + 2.0 * z * total


def cosine_and_sine(word):
    quadrant = ((word + 0x20000000) & MASK) >> 30
    rest = (word - (quadrant << 30)) & MASK
    rest -= (rest >> 31) << 32
    x = rest * (float.fromhex("0x1.921FB54442D18p2") / 4294967296.0)
    square, sine, cosine = x * x, 1.0, 1.0
    for n in range(16, 1, -2):
        sine = 1.0 - square * sine / (n * (n + 1.0))
    sine *= x
    for n in range(15, 0, -2):
        cosine = 1.0 - square * cosine / (n * (n + 1.0))
    return [(cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine)][quadrant]


def normals(seed, stream, block):
    words = philox((block & MASK, block >> 32, stream, 0), (seed & MASK, seed >> 32))
    for u, v in (words[:2], words[2:]):
        log = log_of_uniform(u)
        assert abs(log - math.log((2 * u + 1) / 2**33)) < 1e-14 * max(1.0, abs(log))
        radius = math.sqrt(-2.0 * log)
        cosine, sine = cosine_and_sine(v)
        assert abs(cosine - math.cos(math.tau * v / 2**32)) < 1e-15
        assert abs(sine - math.sin(math.tau * v / 2**32)) < 1e-15
        yield radius * cosine
        yield radius * sine


def bits(value):
    return struct.unpack("<I", struct.pack("<f", value))[0]


def main():
    with open("noise.txt", "w") as file:
        file.write("# seed stream first-element: the bits of eight normals as Float, hexadecimal\n")
        for seed in (0, 1, 42, 0x9E3779B97F4A7C15, 2**64 - 1):
            for stream in (0, 1, 25, 2**32 - 1):
                for first in (0, 2040):
                    values = [x for b in (0, 1) for x in normals(seed, stream, first // 4 + b)]
                    words = " ".join(f"{bits(x):08x}" for x in values)
                    file.write(f"{seed:016x} {stream:08x} {first}: {words}\n")
    for block in range(25_000):
        list(normals(7, 0, block))


main()
