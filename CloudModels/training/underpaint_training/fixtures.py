"""Tiny random models and the expected results of every level of the parity ladder: op, block, step, trajectory, picture."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from .export import Bundle, LatentStatistics, write
from .models import dit as d
from .models.critic import Critic
from .models.flow import entered, guided, schedule, walk
from .models.text import TextEncoder, Tokenizer
from .models.vae import Decoder, PixelNorm
from .recipe import FlowRecipe

WORDS = [
    "<pad>",
    "<unknown>",
    *sorted(
        "a an on of red blue white ceramic steel mug bowl vase wooden table background soft window light photo top view".split()
    ),
]
PROMPTS = (
    "a red ceramic mug on a wooden table, soft window light",
    "A photo of a BLUE vase; top-view, unknownword",
)
STEPS = 8
GUIDANCE = 3.0


def randomise(module: nn.Module, generator: torch.Generator) -> None:
    """Fills every parameter, those that start at zero too, at a scale that keeps activations near one."""
    with torch.no_grad():
        for name, p in module.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            if "norm" in name and name.endswith("weight"):
                p.copy_(1 + 0.1 * noise)
            elif name.endswith("embedding.weight") or name.endswith("position_embedding"):
                p.copy_(0.5 * noise)
            elif name.endswith("bias") or name.endswith("table"):
                p.copy_(0.1 * noise)
            else:
                p.copy_(noise / p[0].numel() ** 0.5)
            p.copy_(p.to(torch.bfloat16).float())


class Recorder:
    """Collects named tensors and says in words what they are."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.notes: dict[str, str] = {}

    def case(self, name: str, note: str, **tensors: Tensor) -> None:
        self.notes[name] = note
        for key, value in tensors.items():
            self.tensors[f"{name}.{key}"] = value.detach().float().contiguous().clone()

    def save(self, path: Path) -> None:
        save_file(self.tensors, str(path), metadata={"format": "pt"})


def _nhwc(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1)


def ops(g: torch.Generator) -> Recorder:
    r = lambda *shape: torch.randn(*shape, generator=g)  # noqa: E731
    out = Recorder()
    x, w, b = r(2, 5, 12), r(7, 12) / 3, r(7)
    out.case("linear", "output = input · weightᵀ + bias", input=x, weight=w, bias=b, output=F.linear(x, w, b))
    x, w, b = r(2, 4, 6, 5), r(3, 4, 3, 3) / 4, r(3)
    out.case(
        "conv3x3",
        "zero padding 1; input, output [batch, H, W, channel], weight [out, in, kh, kw]",
        input=_nhwc(x),
        weight=w,
        bias=b,
        output=_nhwc(F.conv2d(x, w, b, padding=1)),
    )
    norm = PixelNorm(4)
    randomise(norm, g)
    out.case(
        "rmsNorm",
        "over channels of [batch, H, W, channel], eps 1e-6",
        input=_nhwc(x),
        weight=norm.weight,
        output=_nhwc(norm(x)),
    )
    x, w, b = r(2, 5, 12), 1 + r(12) / 5, r(12) / 5
    out.case(
        "layerNorm", "affine, eps 1e-5", input=x, weight=w, bias=b, output=F.layer_norm(x, (12,), w, b, 1e-5)
    )
    shift, scale = r(2, 1, 12), r(2, 1, 12)
    out.case(
        "modulatedNorm",
        "layer norm without affine, eps 1e-6, · (1 + scale) + shift; shift, scale [batch, 1, channel]",
        input=x,
        shift=shift,
        scale=scale,
        output=d.modulated(x, shift, scale),
    )
    x = torch.cat([r(30) * 3, torch.tensor([0.0, -30.0, 30.0])])
    out.case("gelu", "tanh approximation", input=x, output=F.gelu(x, approximate="tanh"))
    out.case("silu", "x · sigmoid(x)", input=x, output=F.silu(x))
    q, k, v = r(2, 2, 5, 8), r(2, 2, 7, 8), r(2, 2, 7, 8)
    out.case(
        "attention",
        "q [batch, head, token, D], scale 1/√D",
        q=q,
        k=k,
        v=v,
        output=F.scaled_dot_product_attention(q, k, v),
    )
    angles = d.rotary_angles(3, 5, 8)
    x = r(2, 2, 15, 8)
    out.case(
        "rotary",
        "3 × 5 grid, head dimension 8; angles [token, D/2]: y pairs, then x pairs",
        input=x,
        angles=angles,
        output=d.rotate(x, angles.cos(), angles.sin()),
    )
    t = torch.tensor([1000.0, 430.5, 0.25])
    out.case("timestepEmbedding", "values as given to e(v)", input=t, output=d.timestep_embedding(t))
    out.case("positionEmbedding", "3 × 5 grid, 16 channels", output=d.position_embedding(3, 5, 16))
    x = r(2, 4, 6, 3)
    p = d.patchify(x, 2)
    out.case("patchify", "patch 2, [batch, H, W, C] → [batch, token, 4C]", input=x, output=p)
    out.case("unpatchify", "inverse of patchify at 4 × 6", input=p, output=d.unpatchify(p, 2, 4, 6))
    x = r(2, 12, 3, 4)
    out.case(
        "pixelShuffle",
        "factor 2; [batch, H, W, 12] → [batch, 2H, 2W, 3]",
        input=_nhwc(x),
        output=_nhwc(F.pixel_shuffle(x, 2)),
    )
    x = r(1, 3, 2, 3)
    out.case(
        "upsample",
        "nearest 2×, [batch, H, W, channel]",
        input=_nhwc(x),
        output=_nhwc(F.interpolate(x, scale_factor=2)),
    )
    return out


def models(b: Bundle, g: torch.Generator) -> Recorder:
    r = lambda *shape: torch.randn(*shape, generator=g)  # noqa: E731
    out = Recorder()
    channels = b.verifier.channels
    ids = b.tokenizer.batch([*PROMPTS, ""])
    tokens, pooled = b.text(ids)
    out.case(
        "text",
        "rows: the two prompts and the empty prompt; ids as floats",
        ids=ids,
        tokens=tokens,
        pooled=pooled,
    )

    x, modulation, angles = (
        r(2, 12, b.verifier.width),
        r(2, 6, b.verifier.width) * 0.3,
        d.rotary_angles(3, 4, b.verifier.width // b.verifier.heads),
    )
    out.case(
        "block",
        "verifier block 0 on a 3 × 4 grid; text rows 0, 1; modulation [batch, 6, width] before the table is added",
        input=x,
        modulation=modulation,
        output=b.verifier.blocks[0](x, tokens[:2], modulation, angles.cos(), angles.sin()),
    )

    pair, pair_pooled = tokens[[0, 2]], pooled[[0, 2]]
    for name, (h, w) in {"step16x16": (16, 16), "step12x20": (12, 20)}.items():
        x, t = r(1, h, w, channels), torch.tensor([0.7])
        v = b.verifier(x.expand(2, -1, -1, -1), t.expand(2), pair, pair_pooled)
        out.case(
            f"verifier.{name}",
            "one latent x at t; velocity rows: prompt 0, empty prompt",
            x=x,
            t=t,
            velocity=v,
        )
        w3 = torch.tensor([GUIDANCE])
        out.case(
            f"draft.{name}",
            "the same x, t; guidance as given",
            x=x,
            t=t,
            guidance=w3,
            velocity=b.draft(x, t, tokens[:1], pooled[:1], w3),
        )

    noise, times = r(1, 8, 8, channels), schedule(STEPS, b.flow.shift)
    velocity = guided(b.verifier, tokens[:1], pooled[:1], tokens[2:], pooled[2:], GUIDANCE)
    states = walk(velocity, noise, times)
    out.case(
        "verifier.trajectory",
        "8 steps, prompt 0, guidance 3, from states[0] = ξ",
        times=times,
        states=torch.cat(states),
    )
    w3 = torch.tensor([GUIDANCE])
    drafted = walk(lambda x, t: b.draft(x, t, tokens[:1], pooled[:1], w3), noise, times)
    out.case("draft.trajectory", "as above, by the draft", states=torch.cat(drafted[-1:]))

    mean, deviation = torch.tensor(b.latent.mean), torch.tensor(b.latent.deviation)
    latent = states[-1] * deviation + mean
    out.case(
        "picture",
        "decoded last state of verifier.trajectory, [batch, H, W, 3], not clamped; latent is de-normalised",
        latent=latent,
        pixels=_nhwc(b.decoder(latent.permute(0, 3, 1, 2))),
    )
    if b.critic is not None:
        x, t = r(2, 8, 12, channels), torch.tensor([0.25, 0.6])
        out.case(
            "critic",
            "two latents at t beside the two prompts; odds [batch, answer], answers prompt and likeness",
            x=x,
            t=t,
            odds=b.critic(x, t, tokens[:2], pooled[:2]),
        )
    steps, at = (2, 8, 25), (0.999, 0.75, 3 / 7, 0.35, 0.05, 0.0)
    rows = [entered(schedule(n, b.flow.shift).double(), t) for n in steps for t in at]
    out.case(
        "entered",
        "what is left of schedules of 2, 8 and 25 steps for a state at each time; rows filled up with -1",
        steps=torch.tensor(steps),
        at=torch.tensor(at),
        times=torch.stack([F.pad(row, (0, max(steps) + 1 - len(row)), value=-1.0) for row in rows]),
    )
    return out


def tiny_bundle(g: torch.Generator) -> Bundle:
    tokenizer = Tokenizer(WORDS, 24)
    text = TextEncoder(len(WORDS), 32, 2, 2, 24)
    decoder = Decoder(8, (16, 12, 8), 2)
    verifier = d.DiT(32, 2, 2, 2, 8, 32, guidance_embedding=False)
    draft = d.DiT(16, 2, 2, 2, 8, 32, guidance_embedding=True)
    critic = Critic(16, 2, 2, 4, 8, 32, spacing=2)
    for module in (text, decoder, verifier, draft):
        randomise(module, g)
        module.eval()
    # From numbers of its own: it came later, and the others' stay as they were.
    randomise(critic.eval(), torch.Generator().manual_seed(20261127))
    latent = LatentStatistics([0.1 * i - 0.3 for i in range(8)], [0.8 + 0.1 * i for i in range(8)])
    return Bundle(
        tokenizer,
        text,
        decoder,
        latent,
        verifier,
        draft,
        FlowRecipe(verifier_steps=8),
        "0.0.1",
        ((64, 64),),
        critic=critic,
        check=tiny_check(),
    )


def tiny_check() -> dict[str, Any]:
    """A check section with made-up tables: random models draw nothing that could be measured."""

    def table(low: float, high: float) -> list[float]:
        return [round(low + (high - low) * i / 9, 3) for i in range(10)]

    return {
        "rule": "promptShortfall+estimateDistance",
        "version": 1,
        "draft": "0" * 64,
        "samples": 1,
        "guidance": 3.0,
        "stepCount": 25,
        "handoffStep": 20,
        "quantile": 0.95,
        "prompt": {
            "times": [0.7, 0.9],
            "null": table(-0.8, -0.4),
            "draft": table(-0.5, -0.1),
            "draftFaults": {"color": table(0.0, 0.9)},
            "verifierFaults": {"color": table(0.1, 1.0)},
        },
        "levels": [
            {"time": t, "null": table(a, 2 * a), "draft": table(1.5 * a, 3 * a), "noiseFaults": table(3 * a, 4 * a)}
            for t, a in ((0.43, 0.1), (0.6, 0.15), (0.75, 0.2), (0.9, 0.3))
        ],
    }


@torch.no_grad()
def write_fixtures(root: Path) -> None:
    g = torch.Generator().manual_seed(20261123)
    bundle = tiny_bundle(g)
    root.mkdir(parents=True, exist_ok=True)
    write(bundle, root / "tiny")
    described = {}
    for name, recorder in (("ops", ops(g)), ("models", models(bundle, g))):
        path = root / f"{name}.safetensors"
        recorder.save(path)
        if any(not torch.isfinite(t).all() for t in load_file(str(path)).values()):
            raise ValueError(f"{path.name} holds a value that is not finite")
        described[name] = recorder.notes
    files = {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file() and (p.suffix == ".safetensors" or "tiny" in p.parts)
    }
    tokenizer = [{"text": t, "ids": bundle.tokenizer.encode(t)} for t in (*PROMPTS, "")]
    value = {
        "format": 1,
        "command": "python -m underpaint_training fixtures --out Tests/Fixtures",
        "cases": described,
        "tokenizer": tokenizer,
        "files": files,
    }
    (root / "FIXTURES.json").write_text(
        json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    )
