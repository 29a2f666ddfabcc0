#!/usr/bin/env python3
"""Decodes a latent frame (../latent-frame.md) without any of Underpaint's Swift code.

    python3 read_latent_frame.py latent-quantized.bin > latent-quantized.txt

prints the elements as Float bits, one grid cell a line. It needs libzstd.so.1 and the standard library.
"""

import ctypes
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


def decode(data):
    magic, version, coding, height, width, channels, step, size = struct.unpack("<4sBBHHHfI", data[:20])
    assert (magic, version) == (b"UPLF", 1), "not a latent frame of version 1"
    assert struct.unpack("<I", data[-4:])[0] == crc32c(data[:-4]), "checksum"
    start = 20 + (8 * channels if coding == 1 else 0)
    assert len(data) == start + size + 4, "length"
    count, row = height * width * channels, width * channels
    if coding == 0:
        return channels, words(expand(data[start:-4], 4 * count), count)
    table = [struct.unpack_from("<ff", data, 20 + 8 * c) for c in range(channels)]
    q, bits = [], []
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
        value = to_float(offset + q[i] * to_float(step * scale))
        bits.append(struct.unpack("<I", struct.pack("<f", value))[0])
    return channels, bits


def main():
    with open(sys.argv[1], "rb") as file:
        channels, bits = decode(file.read())
    for i in range(0, len(bits), channels):
        print(" ".join(f"{word:08x}" for word in bits[i : i + channels]))


main()
