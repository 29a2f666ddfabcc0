#!/usr/bin/env python3
"""Decodes a latent frame (../latent-frame.md) without any of Underpaint's Swift code.

    python3 read_latent_frame.py latent-quantized.bin > latent-quantized.txt

prints the elements as Float bits, one grid cell a line. It needs libzstd.so.1 and the standard library.
"""

import ctypes
import math
import os
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def expand(payload, size):
    zstd = ctypes.CDLL("libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    zstd.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    content = ctypes.create_string_buffer(size)
    if zstd.ZSTD_decompress(content, size, payload, len(payload)) != size:
        raise ValueError("the payload does not expand to the size of the shape")
    return content.raw


def words(content, count):
    """The planes of equal significance, lowest first, put together again."""
    planes = [content[i : i + count] for i in range(0, len(content), count)]
    return [sum(plane[i] << 8 * k for k, plane in enumerate(planes)) for i in range(count)]


def to_float(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def plane_values(data, coding, count, row, channels):
    """Codings 0 and 1: byte planes behind zstd."""
    step, size = struct.unpack_from("<fI", data, 12)
    start = 20 + (8 * channels if coding == 1 else 0)
    assert len(data) == start + size + 4, "length"
    if coding == 0:
        return words(expand(data[start:-4], 4 * count), count)
    table = [struct.unpack_from("<ff", data, 20 + 8 * c) for c in range(channels)]
    q, values = [], []
    for i, word in enumerate(words(expand(data[start:-4], 2 * count), count)):
        left = q[i - channels] if i % row >= channels else None
        upper = q[i - row] if i >= row else None
        if left is not None and upper is not None:
            prediction = sorted((left, upper, left + upper - q[i - row - channels]))[1]
        else:
            prediction = next((n for n in (left, upper) if n is not None), 0)
        difference = (word >> 1) ^ -(word & 1)
        q.append((prediction + difference + 0x8000) % 0x10000 - 0x8000)
        offset, scale = table[i % channels]
        values.append(float_bits(offset + q[i] * to_float(step * scale)))
    return values


class AdaptiveBit:
    def __init__(self, start):
        self.p, self.n = start << 8, 0

    def learn(self, bit):
        self.p += ((65535 * bit - self.p) * (65536 // (40 + self.n))) >> 16
        self.p = min(max(self.p, 64), 65472)
        self.n = min(self.n + 1, 90)


class RangeReader:
    def __init__(self, data):
        self.data, self.at, self.range, self.offset = data, 0, 0xFFFFFFFF, 0
        for _ in range(4):
            self.shift()

    def shift(self):
        self.offset = (self.offset << 8 | (self.data[self.at] if self.at < len(self.data) else 0)) & 0xFFFFFFFF
        self.at += 1

    def bit(self, share):
        one = self.offset < share
        if one:
            self.range = share
        else:
            self.offset -= share
            self.range -= share
        self.normalise()
        return int(one)

    def normalise(self):
        while self.range < 1 << 24:
            self.range = self.range << 8 & 0xFFFFFFFF
            self.shift()

    def adaptive(self, model):
        bit = self.bit((self.range >> 12) * (model.p >> 4))
        model.learn(bit)
        return bit

    def equal(self, count):
        value = 0
        for _ in range(count):
            self.range >>= 1
            one = self.offset < self.range
            if not one:
                self.offset -= self.range
            value = value << 1 | one
            self.normalise()
        return value


class Integers:
    def __init__(self, data):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "latent-probabilities.txt")
        with open(path) as file:
            rows = [[int(n) for n in line.split()] for line in file if not line.startswith("#")]
        starts = [n for row in rows[:-1] for n in row]
        self.unary = [AdaptiveBit(n) for n in starts]
        self.exponent = [AdaptiveBit(n) for n in rows[-1]]
        self.reader = RangeReader(data)

    def next(self, row):
        magnitude = 0
        while magnitude < 14 and self.reader.adaptive(self.unary[row * 5 + min(magnitude, 4)]):
            magnitude += 1
        if magnitude == 14:
            exponent = 0
            while self.reader.adaptive(self.exponent[exponent]):
                exponent += 1
            magnitude = 13 + (1 << exponent | self.reader.equal(exponent))
        if magnitude == 0:
            return 0
        return -magnitude if self.reader.equal(1) else magnitude


def expectation(x):
    octave = (x + 4).bit_length() - 3
    return min(4 * octave + ((x + 4) >> octave & 3), 27)


MANTISSAS = [float.fromhex(text) for text in (
    "0x1p0", "0x1.172b84p0", "0x1.306fep0", "0x1.4bfdaep0", "0x1.6a09e6p0", "0x1.8ace54p0", "0x1.ae89fap0", "0x1.d5818ep0",
)]  # fmt: skip


def quantum(rung):
    return math.ldexp(MANTISSAS[rung % 8], rung // 8)


def pyramid_values(data, height, width, channels):
    """Coding 2."""
    base = struct.unpack_from("<b", data, 12)[0]
    tilts = [data[13 + k // 2] >> 4 * (k % 2) & 15 for k in range(channels)]
    integers = Integers(data[13 + (channels + 1) // 2 : -4])
    sizes = [(height, width)]
    while sizes[-1] != (1, 1):
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    top = len(sizes) - 1
    means, total = {}, 0
    for k in range(channels):
        q = integers.next(336 + expectation(400 if k == 0 else min(64 * total // k, 2000)))
        total += min(abs(q), 1023)
        means[0, 0, k] = q * quantum(base - 8 * top - tilts[k] * min(top, 4))
    coarser = None
    for level in range(top, 0, -1):
        (rows, columns), (rows_below, columns_below) = sizes[level], sizes[level - 1]
        known, value = ({}, {}, {}), ({}, {}, {})
        two = lambda y, x: (2 * y + 1 < rows_below, 2 * x + 1 < columns_below)  # noqa: E731
        near = lambda y, x: (min(max(y, 0), rows - 1), min(max(x, 0), columns - 1))  # noqa: E731
        for band in range(3):
            size = lambda y, x, k, b=band: known[b].get((y, x, k), 0)  # noqa: E731
            at = lambda y, x, k, b=band: value[b].get((y, x, k), 0.0)  # noqa: E731
            for y in range(rows):
                for x in range(columns):
                    has_rows, has_columns = two(y, x)
                    if not (has_columns, has_rows, has_rows and has_columns)[band]:
                        continue
                    around = sum(size(y, x - 1, k) + size(y - 1, x, k) for k in range(channels))
                    parent = lambda k: coarser[band].get((y // 2, x // 2, k), 0)  # noqa: E731, B023
                    total = 0
                    for k in range(channels):
                        e = 16 * (size(y, x - 1, k) + size(y - 1, x, k))
                        e += 2 * (size(y - 1, x - 1, k) + size(y - 1, x + 1, k))
                        e += 55 * (16 * channels * total + around) // (2 * channels * (8 * k + 1))
                        if band:
                            here = sum(size(y, x, k, b) for b in range(band))
                            beside = sum(size(y + 1, x, k, b) + size(y, x + 1, k, b) for b in range(band))
                            e += (10 * here + 3 * beside) // band
                        if coarser:
                            e += 6 * parent(k) + 6 * sum(parent(j) for j in range(channels)) // channels
                        e += (0, 4, 8, 12)[min(level, 4) - 1]
                        busy = 0 if k == 0 else 1 if 2 * total < k else 2 if total < 2 * k else 3
                        q = integers.next(((min(level, 3) - 1) * 28 + expectation(e // 4)) * 4 + busy)
                        m = lambda yy, xx: means[near(yy, xx) + (k,)]  # noqa: E731, B023
                        if band == 0:
                            p = 30 * at(y - 1, x, k) - 9 * at(y, x - 1, k) - 7 * (m(y, x + 1) - m(y, x - 1))
                        elif band == 1:
                            p = 30 * at(y, x - 1, k) - 9 * at(y - 1, x, k) - 7 * (m(y + 1, x) - m(y - 1, x))
                        else:
                            up, down, left, right = near(y - 1, x), near(y + 1, x), near(y, x - 1), near(y, x + 1)
                            turn = (at(*down, k, 0) - at(*up, k, 0)) + (at(*right, k, 1) - at(*left, k, 1))
                            p = -8 * (turn + (at(y, x - 1, k) + at(y - 1, x, k)))
                        known[band][y, x, k] = min(abs(q), 1023)
                        total += min(abs(q), 1023)
                        value[band][y, x, k] = p / 64 + q * quantum(
                            base - 8 * level - tilts[k] * min(level - 1, 4)
                        )
        below = {}
        for (y, x, k), mean in means.items():
            h, v, d = (value[b].get((y, x, k), 0.0) for b in range(3))
            has_rows, has_columns = two(y, x)
            below[2 * y, 2 * x, k] = mean + h + v + d
            if has_columns:
                below[2 * y, 2 * x + 1, k] = mean - h + v - d
            if has_rows:
                below[2 * y + 1, 2 * x, k] = mean + h - v - d
            if has_rows and has_columns:
                below[2 * y + 1, 2 * x + 1, k] = mean - h - v + d
        means, coarser = below, known
    return [float_bits(means[y, x, k]) for y in range(height) for x in range(width) for k in range(channels)]


def float_bits(value):
    return struct.unpack("<I", struct.pack("<f", value))[0]


def decode(data):
    magic, version, coding, height, width, channels = struct.unpack("<4sBBHHH", data[:12])
    assert magic == b"UPLF" and (version == 2 or (version == 1 and coding < 2)), "not a frame that is read here"
    assert struct.unpack("<I", data[-4:])[0] == crc32c(data[:-4]), "checksum"
    if coding == 2:
        return channels, pyramid_values(data, height, width, channels)
    return channels, plane_values(data, coding, height * width * channels, width * channels, channels)


def main():
    with open(sys.argv[1], "rb") as file:
        channels, bits = decode(file.read())
    for i in range(0, len(bits), channels):
        print(" ".join(f"{word:08x}" for word in bits[i : i + channels]))


main()
