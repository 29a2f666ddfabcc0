"""The tensors of `Benchmarks/Cases/RandomTensors.swift`, element for element."""

from __future__ import annotations

import math

import torch


def key(name: str) -> int:
    """FNV-1a over the name's bytes."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def uniform(name: str, *shape: int, device: str | torch.device = "cpu") -> torch.Tensor:
    """Multiples of 2⁻²³ in −1…1: MurmurHash3's finaliser of the position and the name."""
    mask = 0xFFFFFFFF
    x = torch.arange(math.prod(shape), device=device, dtype=torch.int64) * 0x9E3779B9 & mask ^ key(name)
    x = (x ^ (x >> 16)) * 0x85EBCA6B & mask
    x = (x ^ (x >> 13)) * 0xC2B2AE35 & mask
    x = x ^ (x >> 16)
    return ((x >> 8).float() * 2**-23 - 1).reshape(shape)


def given(name: str, *shape: int, device: str | torch.device = "cpu") -> torch.Tensor:
    """An input: of variance one, or ±1 for a vector."""
    return uniform(name, *shape, device=device) * (1 if len(shape) < 2 else math.sqrt(3))


def fill(model: torch.nn.Module) -> torch.nn.Module:
    """Gives every parameter the tensor of its name: weights keep the variance, biases are ±0.1, scales 1 ± 0.5."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            value = uniform(name, *parameter.shape, device=parameter.device)
            if parameter.ndim > 1:
                value = value * math.sqrt(3 / math.prod(parameter.shape[1:]))
            else:
                value = 0.1 * value if name.endswith("bias") else 1 + 0.5 * value
            parameter.copy_(value)
    return model
