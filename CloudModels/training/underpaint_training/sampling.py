"""Pictures from trained models: batched trajectories, decoding, contact sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .export import LatentStatistics
from .models.dit import DiT
from .models.flow import Velocity, guided, schedule, walk
from .models.text import TextEncoder, Tokenizer
from .models.vae import Decoder
from .recipe import FlowRecipe

PROMPTS = (
    "a red ceramic mug on a wooden table, soft window light",
    "a blue ceramic vase on a marble counter, studio softbox",
    "a gold bowl on a black background, dramatic side light",
    "a green plastic bottle on a white background, studio light",
    "a wooden bowl on a linen cloth, soft window light",
    "a copper teapot on a dark wooden table, warm evening light",
    "a white candle on a concrete surface, hard spotlight",
    "a black jar with a lid on a pink background",
    "a yellow gift box on a blue background, studio softbox",
    "a marble lamp on a wooden table, warm light",
    "a teal ceramic plate on a linen cloth, from above",
    "a steel mug on a grey background, cool blue light",
    "a purple ceramic teapot on a yellow background, soft window light",
    "an orange mug on a marble counter, three quarter view",
    "a pink vase on a green background, window light, on the left",
    "product photography of a white ceramic mug on a beige background, eye level",
)


class Painter:
    """Text encoder, decoder and latent statistics, shared by verifier and draft."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        text: TextEncoder,
        decoder: Decoder,
        latent: LatentStatistics,
        flow: FlowRecipe,
        size: tuple[int, int],
    ) -> None:
        self.tokenizer, self.text, self.decoder = tokenizer, text, decoder
        self.device = next(text.parameters()).device
        self.mean = torch.tensor(latent.mean, device=self.device)
        self.deviation = torch.tensor(latent.deviation, device=self.device)
        self.flow = flow
        self.shape = self.shape_of(size)

    def shape_of(self, size: tuple[int, int]) -> tuple[int, int, int]:
        """[height, width, channel] of the latent of a picture of this width and height."""
        scale = self.decoder.scale
        return size[1] // scale, size[0] // scale, len(self.mean)

    @torch.no_grad()
    def encode(self, prompts: list[str]) -> tuple[Tensor, Tensor]:
        return self.text(self.tokenizer.batch(prompts).to(self.device))

    def noise(self, count: int, seed: int) -> Tensor:
        return torch.randn(count, *self.shape, generator=torch.Generator().manual_seed(seed)).to(self.device)

    def prompted(
        self, model: DiT, prompts: list[str], scale: Tensor | float | None = None, half: bool = True
    ) -> Velocity:
        """Of prompts: two evaluations a step, or one of a model that takes the scale."""
        return self.velocity(model, self.tokenizer.batch(prompts).to(self.device), scale, half)

    def velocity(self, model: DiT, ids: Tensor, scale: Tensor | float | None, half: bool = True) -> Velocity:
        """Of the captions with these ids [batch, token], guided by the scale, [batch] or one for all."""
        text, pooled = self.text(ids)
        value = self.flow.guidance if scale is None else scale
        if model.g_embed is None:
            empty, empty_pooled = self.encode([""])
            run = guided(model, text, pooled, empty, empty_pooled, value)
        else:
            w = value if isinstance(value, Tensor) else torch.full((len(ids),), float(value), device=self.device)

            def run(x: Tensor, t: Tensor) -> Tensor:
                return model(x, t, text, pooled, w).float()

        return _half_precision(run) if half else run

    def times(self, steps: int | None = None) -> Tensor:
        """Without a count, those that models are trained and measured at."""
        return schedule(steps or self.flow.steps, self.flow.shift).to(self.device)

    def draft_times(self, steps: int | None = None) -> Tensor:
        """Of the draft's own schedule."""
        return self.times(steps or self.flow.draft_steps)

    def verifier_times(self, steps: int | None = None) -> Tensor:
        """Of the verifier's own schedule."""
        return self.times(steps or self.flow.verifier_steps)

    @torch.no_grad()
    def states(self, velocity: Velocity, noise: Tensor, times: Tensor) -> list[Tensor]:
        return walk(velocity, noise, times)

    @torch.no_grad()
    def decode(self, x: Tensor) -> np.ndarray:
        """Normalised latents [n, H, W, C] to bytes [n, f·H, f·W, 3]."""
        z = (x * self.deviation + self.mean).permute(0, 3, 1, 2)
        y = self.decoder(z).clamp(-1, 1).permute(0, 2, 3, 1)
        return ((y + 1) * 127.5).round().byte().cpu().numpy()


def _half_precision(velocity: Velocity) -> Velocity:
    def wrapped(x: Tensor, t: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return velocity(x, t).float()

    return wrapped


def sheet(rows: list[np.ndarray], path: Path, columns: int | None = None, scale: int = 1) -> None:
    """One picture of many: each row [n, H, W, 3], or one row wrapped at `columns`."""
    if columns:
        pictures = rows[0]
        rows = [pictures[i : i + columns] for i in range(0, len(pictures), columns)]
    h, w = rows[0].shape[1:3]
    gap = 2
    canvas = np.full((len(rows) * (h + gap), max(len(r) for r in rows) * (w + gap), 3), 255, np.uint8)
    for j, row in enumerate(rows):
        for i, picture in enumerate(row):
            canvas[j * (h + gap) : j * (h + gap) + h, i * (w + gap) : i * (w + gap) + w] = picture
    image = Image.fromarray(canvas)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.resize((image.width * scale, image.height * scale), Image.Resampling.LANCZOS).save(path)
