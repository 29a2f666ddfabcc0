"""Stage `decoder`: the decoder alone goes on against a discriminator, and paints textures where it painted their mean.

The encoder stays as it is, and with it the latents that the denoisers know: they need not be trained again.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .evaluation.autoencoder import quality, texture
from .evaluation.texture import textured
from .files import restore
from .latents import load_vae
from .loop import Loop
from .models.discriminator import Discriminator
from .parallel import Group
from .recipe import DecoderRecipe, Recipe
from .train_vae import Crops, build, distance, held_out
from .training import device_of

REPORT_STEPS = 100
# Of the running mean of the squared error: fifty steps.
MEMORY = 0.98


class ProcessesError(ValueError):
    """The stage was asked for several processes."""


def refuse_processes(count: int) -> None:
    if count > 1:
        raise ProcessesError("the stage 'decoder' trains in one process: leave out --processes")


class Critic:
    """The discriminator and what trains it."""

    def __init__(self, recipe: DecoderRecipe, device: torch.device, state: dict[str, Any] | None) -> None:
        self.module = Discriminator(recipe.widths).to(device, memory_format=torch.channels_last)
        self.parameters = list(self.module.parameters())
        self.adam = torch.optim.Adam(self.parameters, recipe.discriminator_rate, betas=(0.5, 0.9))
        if state:
            self.module.load_state_dict(state["weights"])
            self.adam.load_state_dict(state["adam"])

    def state(self) -> dict[str, Any]:
        return {"weights": self.module.state_dict(), "adam": self.adam.state_dict()}

    def scores(self, pictures: Tensor) -> Tensor:
        # Noise one byte wide, in both kinds: else they differ by whether they are bytes.
        dither = (torch.rand_like(pictures) - 0.5) / 127.5
        with torch.autocast(pictures.device.type, torch.bfloat16):
            return self.module(pictures + dither).float()

    def learn(self, painted: Tensor, rendered: Tensor) -> Tensor:
        """One step on the hinge loss (Lim and Ye 2017, arXiv 1705.02894) of the scores of painted pictures, whose graph
        ends here, and of rendered pictures. 1 is knowing nothing, 0 telling all of them apart."""
        loss = 0.5 * (F.relu(1 + painted).mean() + F.relu(1 - self.scores(rendered)).mean())
        loss.backward(inputs=self.parameters)
        for p in self.parameters:
            if p.grad is not None:
                torch.nan_to_num_(p.grad, 0.0, 0.0, 0.0)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        return loss.detach()


def guard(module: nn.Module) -> None:
    """What is not finite of a gradient counts for nothing, so that one bad batch does not end the training."""
    for p in module.parameters():
        p.register_hook(lambda g: torch.nan_to_num(g, 0.0, 0.0, 0.0))


class Costs:
    """What the decoder that the stage begins with leaves of a picture, and how far the present one is from it.

    `reconstruction` is its mean loss, which the adversarial one is weighed by: hinge scores are of the order of 1. It stays
    the same because a ratio of gradient norms (Esser et al. 2021, arXiv 2012.09841, eq. 7) does not do here: a trained
    decoder's reconstruction gradients cancel out, the ratio falls as the rates do, and the textures go again.
    """

    def __init__(self, allowed: float, state: dict[str, float] | None, device: torch.device) -> None:
        self.allowed = allowed
        state = state or {"start": 0.0, "now": 0.0, "reconstruction": 0.0}
        self.start, self.now, self.reconstruction = (
            torch.tensor(state[k], device=device) for k in ("start", "now", "reconstruction")
        )

    def state(self) -> dict[str, float]:
        return {k: float(getattr(self, k)) for k in ("start", "now", "reconstruction")}

    def begin(self, errors: list[Tensor], losses: list[Tensor]) -> None:
        self.start, self.reconstruction = (torch.stack(values).nanmean() for values in (errors, losses))
        self.now = self.start.clone()

    def add(self, error: Tensor) -> None:
        self.now = torch.where(error.isfinite(), MEMORY * self.now + (1 - MEMORY) * error, self.now)

    @property
    def loss(self) -> Tensor:
        """In dB of squared error."""
        return 10 * torch.log10(self.now.clamp_min(1e-9) / self.start.clamp_min(1e-9))

    @property
    def left(self) -> Tensor:
        """1 up to half of what is allowed, falling to 0 where all of it is spent."""
        return (2 * (1 - self.loss / self.allowed)).clamp(0, 1)


def squared_error(output: Tensor, target: Tensor) -> Tensor:
    return (output.detach().clamp(-1, 1) - target).pow(2).mean()


def train(recipe: Recipe, data: Path, checkpoints: Path, minutes: float | None, group: Group) -> None:
    refuse_processes(group.size)
    r = recipe.decoder
    if not (r.minutes if minutes is None else minutes):
        print("no minutes for the stage 'decoder': the decoder stays as it is", flush=True)
        return
    device = device_of(recipe.device)
    torch.manual_seed(r.seed)
    frozen = load_vae(recipe, checkpoints, tuned=False)
    vae = frozen.vae
    path = checkpoints / "decoder.pt"
    state = restore(path)
    if state and state["vae"] != frozen.name:
        print(f"anew: {path} belongs to another autoencoder", flush=True)
        state = None
    vae.decoder.requires_grad_(True)
    guard(vae.decoder)
    loop = Loop(r, vae.decoder, [vae.decoder], state, path, group)
    torch.manual_seed(r.seed + 1000 * loop.step)
    # What came home by `slim` is the decoder alone: the discriminator begins anew, and so does what may be spent.
    whole = state if state and "critic" in state else None
    critic = Critic(r, device, whole and whole["critic"])
    costs = Costs(r.allowed_loss, whole and whole["costs"], device)
    crops = Crops(data, r.crop, r.seed + 1000 * loop.step, device)
    test, surfaces = held_out(data, 64), textured(data)
    averaged = build(recipe.vae)
    averaged.encoder, averaged.decoder = vae.encoder, loop.average.module

    def measured() -> dict[str, Any]:
        found = quality(averaged, test, device)
        figures = {"psnr": float(found.mean()), "p10": float(np.quantile(found, 0.1))}
        return {k: round(v, 2) for k, v in figures.items()} | {"texture": texture(averaged, surfaces, device)}

    def drawn() -> tuple[Tensor, Tensor]:
        """Rendered crops and the latents to paint them from, with the noise that the autoencoder was trained with."""
        x = crops.batch(loop.share).to(device, memory_format=torch.channels_last)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            z = vae.encoder(x)
            return x, z + recipe.vae.latent_noise * torch.randn_like(z)

    def painted(z: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            return vae.decoder(z).float()

    before = state["before"] if state else measured()
    if not state:
        print(f"before: {before}", flush=True)
    if not whole:
        began = time.time()
        errors, losses = [], []
        for _ in range(max(1, r.discriminator_steps)):
            x, z = drawn()
            with torch.no_grad():
                y = painted(z)
            errors.append(squared_error(y, x))
            losses.append(distance(y, x))
            critic.learn(critic.scores(y), x)
        costs.begin(errors, losses)
        # The budget is of the whole stage.
        loop.before += time.time() - began
    sums: dict[str, Tensor] = {}

    def loss() -> Tensor:
        x, z = drawn()
        y = painted(z)
        costs.add(squared_error(y, x))
        weight = r.adversarial * costs.reconstruction * costs.left * min(1.0, (loop.step + 1) / r.ramp)
        # One pass of the discriminator serves both: the decoder's gradient is taken at the picture, before it learns.
        shown = y.detach().requires_grad_()
        scores = critic.scores(shown)
        reconstruction, adversarial = distance(y, x), -scores.mean()
        (pull,) = torch.autograd.grad(adversarial, shown, retain_graph=True)
        figures = {
            "reconstruction": reconstruction,
            "adversarial": adversarial,
            "weight": weight,
            "discriminator": critic.learn(scores, x),
            "steps": torch.ones(()),
        }
        for name, value in figures.items():
            sums[name] = sums.get(name, 0) + value.detach()
        # The adversarial loss's value, and its gradient at the picture.
        through = adversarial.detach() + ((y - y.detach()) * pull).sum()
        return reconstruction + weight * through

    def facts() -> dict[str, Any]:
        """Means since the last line."""
        steps = float(sums.pop("steps", torch.ones(())))
        means = {name: round(float(value) / steps, 4) for name, value in sums.items()}
        sums.clear()
        return means | {"lossInDB": round(float(costs.loss), 2)}

    def kept() -> dict[str, Any]:
        own = {"vae": frozen.name, "before": before, "critic": critic.state(), "costs": costs.state()}
        return measured() | own

    loop.run(
        loss,
        minutes,
        facts=facts,
        kept=kept,
        logged=("psnr", "p10", "texture"),
        report_steps=REPORT_STEPS,
        decay=0.4,
    )
