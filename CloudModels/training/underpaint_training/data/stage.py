"""A Mitsuba scene whose structure never changes: everything that varies is set through traversed parameters.

A new scene structure costs about two seconds of JIT compilation, a changed parameter nothing, as long as its value
stays opaque to the compiler (dr.make_opaque).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

os.environ.setdefault("DRJIT_LIBLLVM_PATH", "/usr/lib/x86_64-linux-gnu/libLLVM-19.so")

import drjit as dr
import mitsuba as mi
import numpy as np

mi.set_variant("llvm_ad_rgb")
# A process a core: with threads of their own two processes on two cores took a fifth longer.
dr.set_thread_count(1)

from .shapes import Mesh

FIELD_OF_VIEW = 26.0
OBJECT_PARTS = ("main", "accent", "detail")
TINY = Mesh(
    np.array([[0, 0, -50], [0.01, 0, -50], [0, 0.01, -50]], float), np.zeros((3, 2)), np.array([[0, 1, 2]])
)


def look_at(
    origin: np.ndarray, target: np.ndarray, up: tuple[float, float, float] = (0, 0, 1)
) -> mi.ScalarTransform4f:
    return mi.ScalarTransform4f().look_at(list(map(float, origin)), list(map(float, target)), list(up))


def _mesh(name: str, mesh: Mesh, bsdf: dict) -> mi.Mesh:
    props = mi.Properties()
    props["mesh_bsdf"] = mi.load_dict(bsdf)
    m = mi.Mesh(
        name, len(mesh.positions), len(mesh.faces), props, has_vertex_normals=True, has_vertex_texcoords=True
    )
    p = mi.traverse(m)
    _assign(p, "", mesh)
    p.update()
    return m


def _assign(params: mi.SceneParameters, prefix: str, mesh: Mesh) -> None:
    params[prefix + "vertex_positions"] = mi.Float(mesh.positions.astype(np.float32).ravel())
    params[prefix + "vertex_texcoords"] = mi.Float(mesh.uvs.astype(np.float32).ravel())
    params[prefix + "faces"] = mi.UInt32(mesh.faces.astype(np.uint32).ravel())


def _principled(texture_size: int | None) -> dict:
    color: dict = {"type": "rgb", "value": [0.5, 0.5, 0.5]}
    if texture_size:
        bitmap = mi.Bitmap(np.full((texture_size, texture_size, 3), 0.5, np.float32))
        color = {"type": "bitmap", "bitmap": bitmap, "raw": True, "wrap_mode": "repeat"}
    inner = {
        "type": "principled",
        "base_color": color,
        "roughness": 0.5,
        "metallic": 0.5,
        "specular": 0.5,
        "clearcoat": 0.5,
        "clearcoat_gloss": 0.9,
    }
    return {"type": "twosided", "nested": inner}


@dataclass(frozen=True)
class Passes:
    """Linear radiance [height,width,3] by the lamps and by the sky alone, which add up to the picture, and a guide
    [height,width,7] of albedo, normal and depth."""

    lamps: np.ndarray
    sky: np.ndarray
    guide: np.ndarray


class Stage:
    """The object in three parts, ground and wall under three rectangles, a spot and a constant environment."""

    def __init__(self, width: int, height: int, samples: int, texture_size: int) -> None:
        self.width, self.height = width, height
        self.samples = samples
        # Radiance or intensity of every light, to switch them off and on again between passes.
        self.lamps: dict[str, np.ndarray] = {}
        self.sky = np.zeros(3)
        rectangle = {
            "type": "rectangle",
            "emitter": {"type": "area", "radiance": {"type": "rgb", "value": [1, 1, 1]}},
        }
        scene = {
            "type": "scene",
            "integrator": {"type": "path", "max_depth": 5},
            "sensor": {
                "type": "perspective",
                "fov": FIELD_OF_VIEW,
                "fov_axis": "smaller",
                "near_clip": 0.05,
                "far_clip": 100.0,
                "film": {
                    "type": "hdrfilm",
                    "width": width,
                    "height": height,
                    "rfilter": {"type": "box"},
                    "pixel_format": "rgb",
                },
                # Stratified: independent samples leave object edges ragged.
                "sampler": {"type": "multijitter", "sample_count": samples},
            },
            "main": _mesh("main", TINY, _principled(texture_size)),
            "accent": _mesh("accent", TINY, _principled(None)),
            "detail": _mesh("detail", TINY, _principled(None)),
            "ground": _mesh("ground", TINY, _principled(texture_size)),
            "wall": _mesh("wall", TINY, _principled(None)),
            "key": rectangle,
            "fill": rectangle,
            "top": rectangle,
            "spot": {
                "type": "spot",
                "cutoff_angle": 13.0,
                "beam_width": 7.0,
                "intensity": {"type": "rgb", "value": [1, 1, 1]},
            },
            "sky": {"type": "constant", "radiance": {"type": "rgb", "value": [1, 1, 1]}},
        }
        self.scene = mi.load_dict(scene)
        self.params = mi.traverse(self.scene)
        self.shapes = {s.id(): s for s in self.scene.shapes()}
        # Apart from the picture, which it would trace twice were it asked for both at once.
        self.guide = mi.load_dict({"type": "aov", "aovs": "alb:albedo,nn:sh_normal,dd:depth"})

    def set_mesh(self, part: str, mesh: Mesh | None) -> None:
        _assign(self.params, part + ".", mesh or TINY)

    def set_material(
        self,
        part: str,
        roughness: float,
        metallic: float,
        specular: float,
        clearcoat: float,
        color: np.ndarray,
    ) -> None:
        """`color` is [3] for accent, detail and wall, a texture [size,size,3] for main and ground."""
        prefix = f"{part}.bsdf.brdf_0."
        values = {
            "roughness.value": roughness,
            "metallic.value": metallic,
            "specular": specular,
            "clearcoat.value": clearcoat,
        }
        for name, value in values.items():
            self.params[prefix + name] = value
        if np.ndim(color) == 3:
            self.params[prefix + "base_color.data"] = mi.TensorXf(np.ascontiguousarray(color, np.float32))
        else:
            self.params[prefix + "base_color.value"] = mi.Color3f(*[float(c) for c in color])

    def set_camera(self, to_world: mi.ScalarTransform4f) -> None:
        self.params["sensor.to_world"] = mi.Transform4f(to_world)
        dr.make_opaque(self.params["sensor.to_world"])

    def set_rectangle(
        self, name: str, to_world: mi.ScalarTransform4f, half_size: tuple[float, float], radiance: np.ndarray
    ) -> None:
        scaled = to_world @ mi.ScalarTransform4f().scale([*half_size, 1.0])
        self.params[name + ".to_world"] = mi.Transform4f(scaled)
        dr.make_opaque(self.params[name + ".to_world"])
        self.lamps[name] = np.asarray(radiance, float)

    def set_spot(self, to_world: mi.ScalarTransform4f, intensity: np.ndarray) -> None:
        self.params["spot.to_world"] = mi.Transform4f(to_world)
        dr.make_opaque(self.params["spot.to_world"])
        self.lamps["spot"] = np.asarray(intensity, float)

    def set_sky(self, radiance: np.ndarray) -> None:
        self.sky = np.asarray(radiance, float)

    def _switch(self, lamps: bool, sky: bool) -> None:
        """Lights that are off also get next to no samples."""
        for name, value in self.lamps.items():
            light, quantity = (name, "intensity") if name == "spot" else (name + ".emitter", "radiance")
            lit = lamps and value.max() > 0
            self.params[f"{light}.{quantity}.value"] = mi.Color3f(*[float(c) if lit else 0.0 for c in value])
            self.params[f"{light}.sampling_weight"] = 1.0 if lit else 1e-4
        self.params["sky.radiance.value"] = mi.Color3f(*[float(c) if sky else 0.0 for c in self.sky])
        self.params["sky.sampling_weight"] = 1.0 if sky else 1e-4
        self.commit()

    def commit(self) -> None:
        """Hands all changed parameters to the scene, opaque to the compiler."""
        for _, value in self.params:
            if dr.is_array_v(value) or dr.is_struct_v(value):
                dr.make_opaque(value)
        self.params.update()

    def coverage(self, *groups: tuple[str, ...], rays: int = 4) -> list[np.ndarray]:
        """Share of each pixel that sees a part of the group, [height,width] for each, by rays × rays rays."""
        h, w = self.height, self.width
        # The rays of a pixel lie [rays,rays,height,width]: sums over the first axes are quick, over the last ones not.
        index = dr.arange(mi.UInt32, rays * rays * h * w)
        pixel, place = index % (h * w), index // (h * w)
        u = (mi.Float(pixel % w) + (mi.Float(place % rays) + 0.5) / rays) / w
        v = (mi.Float(pixel // w) + (mi.Float(place // rays) + 0.5) / rays) / h
        ray, _ = self.scene.sensors()[0].sample_ray(0.0, 0.5, mi.Point2f(u, v), mi.Point2f(0.5))
        hit = self.scene.ray_intersect_preliminary(ray).shape
        shares = []
        for parts in groups:
            seen = mi.Bool(False)
            for part in parts:
                seen |= hit == mi.ShapePtr(self.shapes[part])
            shares.append(dr.select(seen, mi.Float(1 / rays**2), 0.0))
        dr.eval(shares)
        return [np.array(share).reshape(rays * rays, h, w).sum(0) for share in shares]

    def passes(self, seed: int) -> Passes:
        self._switch(lamps=False, sky=True)
        # A constant sky has no sharp shadows: a third of the samples will do.
        sky = self._rendered(seed, max(1, self.samples // 3))
        self._switch(lamps=True, sky=False)
        lamps = self._rendered(seed + 1, self.samples)
        # The same seed: the guide sees through the same samples.
        return Passes(lamps, sky, self._rendered(seed + 1, self.samples, self.guide))

    def _rendered(self, seed: int, samples: int, integrator: mi.Integrator | None = None) -> np.ndarray:
        image = mi.render(self.scene, integrator=integrator, spp=samples, seed=seed & 0xFFFFFFFF)
        return np.nan_to_num(np.array(image), nan=0.0, posinf=0.0, neginf=0.0)
