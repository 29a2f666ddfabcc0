"""From fields and a seed to finished pictures: scene assembly, framing, rendering, tone mapping, checks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import textures
from .denoise import denoise
from .grammar import ANGLES, COLORS, MATERIALS, SURFACES, WALLS, Fields
from .lighting import KEY_LEVEL, direction, set_light
from .shapes import Mesh, Solid, build, grid, merge, moved, scaled, turned
from .stage import FIELD_OF_VIEW, OBJECT_PARTS, Passes, Stage, look_at
from .variations import Base, Layers, varied

Array = np.ndarray
Rng = np.random.Generator
# Width of several objects side by side.
WIDEST = 1.8


@dataclass(frozen=True)
class Picture:
    """What it shows, sRGB bytes [height,width,3], the object mask [height,width] and what was measured on it."""

    fields: Fields
    pixels: Array
    mask: Array
    coverage: float
    contrast: float


class TextureBank:
    """A few patterns of each kind, made once; every use is a random roll of one of them."""

    def __init__(self, seed: int, count: int = 8) -> None:
        rng = np.random.default_rng(seed)
        makers = {
            "wood": lambda i: textures.wood(rng, False),
            "wood table": lambda i: textures.wood(rng, False, (0, 3, 4)[i % 3]),
            "dark wood": lambda i: textures.wood(rng, True, (0, 3, 4)[i % 3]),
            "marble": lambda i: textures.marble(rng),
            "concrete": lambda i: textures.concrete(rng),
            "linen": lambda i: textures.linen(rng),
        }
        self.patterns = {name: [make(i) for i in range(count)] for name, make in makers.items()}

    def pick(self, rng: Rng, name: str) -> Array:
        choices = self.patterns[name]
        image = choices[rng.integers(len(choices))]
        image = np.roll(image, rng.integers(0, textures.SIZE, 2), (0, 1))
        return np.clip(image * rng.uniform(0.9, 1.1), 0, 1)


def sweep(depth: float, radius: float) -> Mesh:
    """Ground that curves up into a wall: the seamless paper of a studio."""
    a = np.linspace(0, np.pi / 2, 14)
    y = np.concatenate([[-12.0, 0.0], depth + radius * np.sin(a), [depth + radius]])
    z = np.concatenate([[0.0, 0.0], radius - radius * np.cos(a), [14.0]])
    return _extrude(y, z)


def table(depth: float, thickness: float = 0.12) -> Mesh:
    return _extrude(np.array([-12.0, depth, depth]), np.array([0.0, 0.0, -thickness]), sharp=True)


def _extrude(y: Array, z: Array, sharp: bool = False) -> Mesh:
    """A profile drawn out along x; `sharp` repeats its inner points, so that edges share no normals."""
    if sharp:
        y, z = np.repeat(y, 2)[1:-1], np.repeat(z, 2)[1:-1]
    x = np.linspace(-14, 14, 3)
    points = np.stack(
        [
            np.broadcast_to(x, (len(y), 3)),
            np.broadcast_to(y[:, None], (len(y), 3)),
            np.broadcast_to(z[:, None], (len(y), 3)),
        ],
        -1,
    )
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(y), np.diff(z)))])
    return grid(points, x / 2.2, length / 2.2)


def frame(points: Array, view: Array, extent: float, shift: float, aspect: float) -> tuple[Array, Array]:
    """Camera origin and target so that the points fill `extent` of the picture in the direction in which they are
    larger, `shift` of its half width off centre. `aspect` is width over height."""
    target = (points.min(0) + points.max(0)) / 2
    distance = 5.0
    smaller = np.tan(np.radians(FIELD_OF_VIEW / 2))
    half_x, half_y = smaller * max(1.0, aspect), smaller * max(1.0, 1 / aspect)
    for _ in range(4):
        origin = target + view * distance
        forward = -view
        right = np.cross(forward, [0, 0, 1.0])
        right /= np.linalg.norm(right)
        up = np.cross(right, forward)
        d = points - origin
        depth = d @ forward
        x, y = d @ right / depth / half_x, d @ up / depth / half_y
        size = max(x.max() - x.min(), y.max() - y.min()) / 2
        target = target + (right * (x.max() + x.min()) * half_x + up * (y.max() + y.min()) * half_y) / 2 * distance
        distance *= size / extent
    room = max(0.0, 0.94 - (x.max() - x.min()) / 2 * extent / size)
    target = target - right * np.clip(shift, -room, room) * distance * half_x
    return target + view * distance, target


def placed(solid: Solid, turn: float, count: int, rng: Rng) -> dict[str, Mesh]:
    """The parts of the object, turned; of several, each a little otherwise, side by side with a small gap."""
    if solid.front:
        turn = (turn - np.pi if turn > np.pi / 2 else turn) * 0.6
    turns = [turn] + [turn + rng.uniform(-0.25, 0.25) for _ in range(count - 1)]
    copies = [{n: turned(m, a) for n in OBJECT_PARTS if (m := getattr(solid, n)) is not None} for a in turns]
    if count == 1:
        return copies[0]
    end, gap, row = 0.0, rng.uniform(0.06, 0.22), []
    for copy in copies:
        x = np.concatenate([m.positions[:, 0] for m in copy.values()])
        depth = rng.uniform(-0.08, 0.08)
        row.append({n: moved(m, end - x.min(), depth) for n, m in copy.items()})
        end += x.max() - x.min() + gap
    # From farther away the camera would see the lights.
    size = min(1.0, WIDEST / (end - gap))
    return {n: scaled(merge(*(copy[n] for copy in row)), size, size, size) for n in row[0]}


class Studio:
    """Renders pictures of one size one after another on one stage."""

    def __init__(self, width: int, height: int, samples: int) -> None:
        self.stage = Stage(width, height, samples, textures.SIZE)
        self.bank = TextureBank(7)

    def assemble(self, fields: Fields, rng: Rng) -> Base:
        """Sets the stage; returns what variations of the picture have to know of it."""
        stage = self.stage
        solid = build(fields.object, fields.instance, rng)
        turn = rng.uniform(-1, 1) * np.radians(50) + (np.pi if rng.random() < 0.5 else 0)
        parts = placed(solid, turn, fields.count, rng)
        for name in OBJECT_PARTS:
            stage.set_mesh(name, parts.get(name))
        object_color = self._set_main_material(fields, rng)
        stage.set_material("accent", 0.35, solid.accent_metallic, 0.4, 0.0, np.asarray(solid.accent_color))
        stage.set_material("detail", 0.35, solid.detail_metallic, 0.4, 0.0, np.asarray(solid.detail_color))
        backdrop_color = self._set_surface(fields, rng)
        points = np.concatenate([m.positions for m in parts.values()])
        azimuth = rng.uniform(-6, 6)
        view = direction(azimuth, rng.uniform(*ANGLES[fields.angle]))
        extent, shift = rng.uniform(0.66, 0.86), rng.uniform(-0.03, 0.03)
        if fields.composition != "centered":
            extent = rng.uniform(0.5, 0.66)
            shift = rng.uniform(0.28, 0.42) * (-1 if fields.composition == "left" else 1)
        origin, target = frame(points, view, extent, shift, stage.width / stage.height)
        stage.set_camera(look_at(origin, target))
        centre = (points.min(0) + points.max(0)) / 2
        side = set_light(stage, fields.light, rng, centre)
        return Base(fields, object_color, backdrop_color, side, stage.sky)

    def pictures(self, fields: Fields, seed: int, variations: int = 0) -> list[Picture]:
        """The picture and up to `variations` composed from its passes; none where the picture fails the coverage or the
        contrast check, and without those variations that fail it."""
        rng = np.random.default_rng(seed)
        base = self.assemble(fields, rng)
        self.stage.commit()
        mask = self.stage.coverage(OBJECT_PARTS, rays=1)[0] > 0
        coverage = float(mask.mean())
        if not 0.07 <= coverage <= 0.65:
            return []
        layers = self.layers(self.stage.passes(seed))
        first = self._finished(fields, layers.radiance, layers.albedo, mask, rng)
        if first is None:
            return []
        result = [first]
        for _ in range(variations):
            variation = varied(base, layers, rng)
            if variation is None or any(p.fields == variation.fields for p in result):
                continue
            picture = self._finished(variation.fields, variation.radiance, variation.albedo, mask, rng)
            if picture is not None:
                result.append(picture)
        return result

    def layers(self, passes: Passes) -> Layers:
        main, backdrop = self.stage.coverage(("main",), ("ground", "wall"))
        return Layers(
            denoise(passes.lamps, passes.guide),
            denoise(passes.sky, passes.guide),
            passes.guide[..., :3],
            main,
            backdrop,
            np.clip((1 - passes.guide[..., 5]) / 2, 0, 1),
        )

    def _finished(
        self, fields: Fields, radiance: Array, albedo: Array, mask: Array, rng: Rng
    ) -> Picture | None:
        percentile = 95.0 if fields.light == "hard spotlight" else 70.0
        key = KEY_LEVEL[fields.light] * rng.uniform(0.92, 1.08)
        pixels = tone_map(radiance, albedo, mask, key, percentile)
        contrast = _contrast(pixels, mask)
        if contrast < 0.07:
            return None
        return Picture(fields, np.round(pixels * 255).astype(np.uint8), mask, float(mask.mean()), contrast)

    def _set_main_material(self, fields: Fields, rng: Rng) -> Array | None:
        """Returns the colour of the object where it has just one and no gloss."""
        m = MATERIALS[fields.material]
        color = None
        if m.texture:
            image = self.bank.pick(rng, m.texture)
        else:
            color = np.clip(np.asarray(m.tint or COLORS[fields.color or "white"]) * rng.uniform(0.88, 1.1), 0, 1)
            image = textures.plain(tuple(color))
        roughness = float(np.clip(m.roughness * rng.uniform(0.8, 1.25), 0.12, 1.0))
        self.stage.set_material("main", roughness, m.metallic, m.specular, m.clearcoat, image)
        return color if fields.material == "matte" else None

    def _set_surface(self, fields: Fields, rng: Rng) -> Array | None:
        """Returns the colour of a seamless backdrop."""
        surface = SURFACES[fields.surface]
        stage = self.stage
        color = None
        if surface.texture:
            name = "wood table" if surface.texture == "wood" else surface.texture
            image = self.bank.pick(rng, name)
            stage.set_mesh("ground", table(rng.uniform(1.6, 2.6)))
            wall_color = np.asarray(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.6, 1.0)
        else:
            color = np.clip(np.asarray(surface.color) * rng.uniform(0.93, 1.05), 0, 1)
            image = textures.plain(tuple(color))
            stage.set_mesh("ground", sweep(rng.uniform(1.5, 2.2), rng.uniform(1.2, 2.0)))
            wall_color = np.asarray(surface.color)
        stage.set_material("ground", surface.roughness, 0.0, surface.specular, 0.0, image)
        y, z = np.array([5.0, 5.0]), np.array([-9.0, 14.0])
        stage.set_mesh("wall", _extrude(y, z))
        stage.set_material("wall", 0.9, 0.0, 0.1, 0.0, wall_color)
        return color


def tone_map(radiance: Array, albedo: Array, mask: Array, key: float, percentile: float) -> Array:
    """Linear radiance to display values in [0,1]; exposed so that lit white paper reaches `key`."""
    luminance = radiance @ [0.2126, 0.7152, 0.0722]
    light = luminance / (albedo @ [0.2126, 0.7152, 0.0722] + 0.02)
    exposure = key / max(float(np.percentile(light[~mask], percentile)), 1e-6)
    x = radiance * exposure
    level = np.maximum(x.max(-1, keepdims=True), 1e-6)
    white = 3.0
    mapped = level * (1 + level / white**2) / (1 + level * 0.45)
    x = x * mapped / level * 1.3
    # What is brighter than paper loses its hue softly instead of clipping channel by channel.
    over = np.clip(x.max(-1, keepdims=True) - 1, 0, None)
    x = np.clip(x + over * 0.35, 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)


def _contrast(pixels: Array, mask: Array) -> float:
    grown = mask.copy()
    for _ in range(6):
        g = grown.copy()
        g[1:] |= grown[:-1]
        g[:-1] |= grown[1:]
        g[:, 1:] |= grown[:, :-1]
        g[:, :-1] |= grown[:, 1:]
        grown = g
    ring = grown & ~mask
    if not ring.any() or not mask.any():
        return 0.0
    return float(
        np.abs(pixels[mask].mean(0) - pixels[ring].mean(0)).mean() + 0.3 * pixels[mask].std(0).mean()
    )
