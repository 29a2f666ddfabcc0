"""Stage `verifier`: text encoder and denoiser, trained together by flow matching on cached latents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .captions import vocabulary
from .files import restore
from .latents import LatentStore, MissingStageError, encode_share
from .loop import Loop
from .models.dit import Block, DiT
from .models.flow import noised_state
from .models.text import TextEncoder, Tokenizer
from .parallel import Group
from .recipe import Recipe
from .start import inherit
from .training import device_of

REPORT_STEPS = 50


class Conditioned(nn.Module):
    """Text encoder and denoiser as one module, ids in, velocity out, with the tokenizer that makes the ids."""

    def __init__(self, tokenizer: Tokenizer, text: TextEncoder, dit: DiT) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.text = text
        self.dit = dit

    def forward(self, x: Tensor, t: Tensor, ids: Tensor) -> Tensor:
        tokens, pooled = self.text(ids)
        # Scale one is the conditional velocity itself.
        plain = None if self.dit.g_embed is None else torch.ones_like(t)
        return self.dit(x, t, tokens, pooled, plain)


def build_verifier(recipe: Recipe, words: list[str] | None = None) -> Conditioned:
    """With the words that its checkpoint was trained on, or all that captions of the recipe's pictures can hold."""
    v, t = recipe.verifier, recipe.text
    tokenizer = Tokenizer(words or vocabulary(recipe.data.objects), t.tokens)
    text = TextEncoder(len(tokenizer.words), t.width, t.heads, t.layers, t.tokens)
    dit = DiT(
        v.width, v.heads, v.layers, v.patch, recipe.vae.latent_channels, t.width, guidance_embedding=False
    )
    return Conditioned(tokenizer, text, dit)


def load_verifier(recipe: Recipe, checkpoints: Path) -> tuple[Conditioned, dict[str, Any]]:
    """The averaged verifier, and the rest of its checkpoint."""
    state = restore(checkpoints / "verifier.pt")
    if state is None:
        raise MissingStageError(f"no verifier.pt in {checkpoints}: run the stage 'verifier' first")
    model = build_verifier(recipe, state["words"])
    model.load_state_dict(state["average"])
    return model.to(recipe.device).eval().requires_grad_(False), state


def open_store(recipe: Recipe, data: Path, checkpoints: Path, group: Group) -> LatentStore:
    """Each process encodes its share; what the leader then measures, the others read."""
    encode_share(recipe, data, checkpoints, "train", group)
    group.barrier()
    if group.leads:
        store = LatentStore(recipe, data, checkpoints)
        group.barrier()
        return store
    group.barrier()
    return LatentStore(recipe, data, checkpoints)


def sample_times(count: int, generator: torch.Generator) -> Tensor:
    """Logit-normal around the middle noise levels, a tenth of them uniform."""
    on = generator.device
    t = torch.sigmoid(0.4 + torch.randn(count, generator=generator, device=on))
    uniform = torch.rand(count, generator=generator, device=on)
    rare = torch.rand(count, generator=generator, device=on) < 0.1
    return torch.where(rare, uniform, t).clamp(1e-3, 1.0)


def noised(x0: Tensor, t: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Latents [batch, H, W, C] at the times t [batch], and the noise that is in them."""
    noise = torch.randn(x0.shape, generator=generator, device=x0.device)
    return noised_state(x0, noise, t), noise


def compiled(module: nn.Module, wanted: bool) -> nn.Module:
    """Compiles the blocks, in place: one piece of code for all of them and for all sizes of picture, which a budget of
    minutes can afford."""
    for part in module.modules() if wanted else ():
        if isinstance(part, Block):
            part.compile(dynamic=True)
    return module


def train(recipe: Recipe, data: Path, checkpoints: Path, minutes: float | None, group: Group) -> None:
    r = recipe.verifier
    device = device_of(recipe.device, group.size)
    torch.manual_seed(r.seed)
    store = open_store(recipe, data, checkpoints, group)
    path = checkpoints / "verifier.pt"
    state = restore(path)
    model = build_verifier(recipe, state["words"] if state else None).to(device)
    tokenizer = model.tokenizer
    if state and state["vae"] not in (None, store.frozen.name):
        raise MissingStageError("verifier.pt was trained on another autoencoder: move it away to start anew")
    if not state and recipe.start:
        patch = (r.patch, recipe.vae.latent_channels)
        inherit(model, recipe.start, "verifier", checkpoints, words=tokenizer.words, patch=patch)
    loop = Loop(r, model, [model.text, model.dit], state, path, group)
    rng, generator = loop.rng(), loop.generator(device)
    velocity = compiled(model, r.compile)

    def loss() -> Tensor:
        batch = store.batch(rng, loop.share, r.drop_field, r.drop_all, r.object_weight)
        t = sample_times(loop.share, generator)
        x, noise = noised(batch.latents, t, generator)
        with torch.autocast(device.type, torch.bfloat16):
            v = velocity(x, t, tokenizer.batch(batch.captions).to(device))
        return ((v.float() - (noise - batch.latents)).pow(2) * batch.weights).mean()

    def pictures() -> dict[str, Any]:
        return {"pictures": len(store.fields)}

    loop.run(
        loss,
        minutes,
        facts=pictures,
        kept=lambda: pictures() | {"vae": store.frozen.name, "words": tokenizer.words, "patch": r.patch},
        report_steps=REPORT_STEPS,
        refresh=lambda: store.refresh(encode_missing=group.leads),
    )
