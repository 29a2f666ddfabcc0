"""Word-level tokenizer and the small text encoder."""

from __future__ import annotations

import json
import re

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PAD = 0


class Tokenizer:
    """Closed vocabulary; words outside it are dropped. Ids are positions in `words`."""

    def __init__(self, words: list[str], length: int) -> None:
        if words[:2] != ["<pad>", "<unknown>"]:
            raise ValueError("a vocabulary begins with <pad>, <unknown>")
        self.words = words
        self.length = length
        self._ids = {w: i for i, w in enumerate(words)}

    @staticmethod
    def split(text: str) -> list[str]:
        return [w for w in re.split(r"[^a-z0-9]+", text.lower()) if w]

    def encode(self, text: str) -> list[int]:
        ids = [self._ids[w] for w in self.split(text) if w in self._ids][: self.length]
        return ids + [PAD] * (self.length - len(ids))

    def batch(self, texts: list[str]) -> Tensor:
        return torch.tensor([self.encode(t) for t in texts], dtype=torch.long)

    def to_json(self) -> str:
        """The vocabulary file."""
        value = {"format": 1, "maximumTokenCount": self.length, "words": self.words}
        return json.dumps(value, indent=2, sort_keys=True) + "\n"


class TextBlock(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:  # [batch, token, width]
        b, n, w = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, w))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x)), approximate="tanh"))


class TextEncoder(nn.Module):
    def __init__(self, vocabulary: int, width: int, heads: int, layers: int, tokens: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = nn.Parameter(torch.zeros(tokens, width))
        self.blocks = nn.ModuleList(TextBlock(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.token_embedding.weight, std=0.3)
        nn.init.normal_(self.position_embedding, std=0.1)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Ids [batch, token] to tokens [batch, token, width] and their mean [batch, width]."""
        x = self.token_embedding(ids) + self.position_embedding
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return x, x.mean(1)
