"""Training that begins from the weights of another recipe: what fits is taken over, the rest begins anew.

Text knows the same words, blocks are the same matrices; only the layers at the latent's edge differ where a token covers
more of it or less, and those begin as copies of the smaller patch or as means over the larger one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .files import restore
from .models.dit import DiT


class StartError(RuntimeError):
    """The recipe to start from has no such checkpoint."""


def state_of(name: str, stage: str, checkpoints: Path) -> dict[str, Any]:
    """The checkpoint of a stage of the recipe `name`, whose folder lies beside that of this recipe."""
    path = checkpoints.parent / name / f"{stage}.pt"
    state = restore(path)
    if state is None:
        raise StartError(
            f"the recipe starts from {name}, which has no {path}: train it, make it with the stage 'adopt', "
            f"or take \"start\" out of the recipe to begin with random weights"
        )
    return state


def inherit(
    module: nn.Module,
    name: str,
    stage: str,
    checkpoints: Path,
    *,
    words: list[str] | None = None,
    patch: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Takes over what fits of a stage of the recipe `name`, says what does not, and returns that stage's checkpoint.

    `words`: the module's vocabulary, where it has one. `patch`: a denoiser's patch and latent channels.
    """
    state = state_of(name, stage, checkpoints)
    patches = (state["patch"], *patch) if patch else None
    vocabularies = (state["words"], words) if words else None
    fresh = take(module, state.get("frozen", state["average"]), vocabularies, patches)
    print(f"began from {name}; anew: {', '.join(fresh) or 'nothing'}", flush=True)
    return state


def _repatched(weight: Tensor, patch: int, old_patch: int, channels: int, dim: int) -> Tensor:
    """Columns or rows (py, px, c) of one patch for the pixels of another along `dim`: those of a smaller one repeated over
    a larger one, those of a larger one averaged over the parts that it is cut into."""
    w = weight.movedim(dim, 0)
    w = w.reshape(old_patch, old_patch, channels, *w.shape[1:])
    if patch < old_patch:
        parts = old_patch // patch
        w = w.reshape(parts, patch, parts, patch, *w.shape[2:]).mean((0, 2))
    else:
        w = w.repeat_interleave(patch // old_patch, 0).repeat_interleave(patch // old_patch, 1)
    return w.flatten(0, 2).movedim(0, dim)


def take(
    module: nn.Module,
    weights: dict[str, Tensor],
    words: tuple[list[str], list[str]] | None = None,
    patches: tuple[int, int, int] | None = None,
) -> list[str]:
    """Copies all tensors that fit into the module; returns the names of those that begin anew.

    `words`: vocabularies of old and new embeddings, matched word by word. `patches`: old patch, new patch and channels
    of a denoiser: a token sees the sum of its pixels, scaled by what noise would gain or lose by their number.
    """
    own = module.state_dict()
    fresh = []
    with torch.no_grad():
        for name, target in own.items():
            source = weights.get(name)
            if source is not None and words and name.endswith("token_embedding.weight"):
                known = {w: i for i, w in enumerate(words[0])}
                for i, word in enumerate(words[1]):
                    if word in known:
                        target[i] = source[known[word]]
                continue
            if source is not None and patches and source.shape != target.shape:
                old, new, channels = patches
                leaf = name.split(".", 1)[-1] if name.startswith("dit.") else name
                dim = {"patch_embed.weight": 1, "final_proj.weight": 0, "final_proj.bias": 0}.get(leaf)
                # Of a latent with other channels nothing can be said.
                if dim is not None and source.shape[dim] == old * old * channels:
                    source = _repatched(source, new, old, channels, dim) * (old / new if dim else 1)
            if source is None or source.shape != target.shape:
                fresh.append(name)
                continue
            target.copy_(source)
    return fresh


def fewer_blocks(weights: dict[str, Tensor], blocks: tuple[int, ...]) -> dict[str, Tensor]:
    """A denoiser's weights with these of its blocks alone, in this order."""
    result = {k: v for k, v in weights.items() if not k.startswith("blocks.")}
    for new, old in enumerate(blocks):
        head = f"blocks.{old}."
        found = {k: v for k, v in weights.items() if k.startswith(head)}
        if not found:
            raise StartError(f"the model to begin with has no block {old}: change \"blocks\" in the recipe")
        result |= {f"blocks.{new}.{k.removeprefix(head)}": v for k, v in found.items()}
    return result


def _at_scale_one(model: DiT) -> Tensor:
    """What the guidance input adds to the condition at the scale one, [width]; nothing where there is none."""
    bias = model.t_embed.fc2.bias
    return torch.zeros_like(bias) if model.g_embed is None else model.g_embed(100 * torch.ones_like(bias[:1]))[0]


@torch.no_grad()
def unguided(model: DiT) -> dict[str, Tensor]:
    """Weights without guidance input of a model that has it, for the scale one: the conditional velocity, from which the
    stage `verifier` goes on. What it knew of the empty caption is lost."""
    weights = {k: v.clone() for k, v in model.state_dict().items() if not k.startswith("g_embed.")}
    weights["t_embed.fc2.bias"] += _at_scale_one(model)
    return weights


@torch.no_grad()
def guided_anew(verifier: DiT, former: DiT) -> dict[str, Tensor]:
    """Weights with guidance input of a verifier that has gone on since `former` was distilled from it: the verifier's own,
    and how `former` takes the scale. For the scale one they are the conditional velocity, as `unguided` has it."""
    weights = {k: v.clone() for k, v in verifier.state_dict().items()}
    weights |= {k: v.clone() for k, v in former.state_dict().items() if k.startswith("g_embed.")}
    weights["t_embed.fc2.bias"] -= _at_scale_one(former)
    return weights
