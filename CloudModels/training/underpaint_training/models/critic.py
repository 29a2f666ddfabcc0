"""The critic: does a picture show what a prompt asks for, and could it be the verifier's? A denoiser's trunk over
larger patches, with one number for each question at its end.

It stands in for the verifier's own answer to the first question (the diffusion classifier, arXiv 2303.16203), which
takes four evaluations of a model many times its size. The second is a ratio of densities, learnt by telling the
verifier's pictures from the draft's (discriminator rejection sampling, arXiv 1810.06758).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .dit import DiT

# Log odds that a noised picture belongs to a prompt, and that it is one of the verifier's own and not the draft's.
PROMPT, LIKENESS = "prompt", "likeness"
ANSWERS = (PROMPT, LIKENESS)


class Critic(DiT):
    """Log odds of each of its `answers`.

    `spacing`: how far apart neighbouring tokens stand, in the units of the denoiser that it begins as: twice as far
    where its patches are twice as large, so that what that one knows of places stays true.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        layers: int,
        patch: int,
        channels: int,
        text_width: int,
        spacing: float,
        answers: tuple[str, ...] = ANSWERS,
    ) -> None:
        super().__init__(width, heads, layers, patch, channels, text_width, guidance_embedding=False)
        self.spacing = spacing
        self.answers = answers
        self.final_proj = nn.Linear(width, len(answers))
        nn.init.normal_(self.final_proj.weight, std=0.02)
        nn.init.zeros_(self.final_proj.bias)

    def forward(
        self, x: Tensor, t: Tensor, text: Tensor, pooled: Tensor, guidance: Tensor | None = None
    ) -> Tensor:
        """x [batch, H, W, C], t [batch], text [batch, word, width], pooled [batch, width] to odds [batch, answer]."""
        return self.final_proj(torch.mean(self.last_tokens(x, t, text, pooled), 1))
