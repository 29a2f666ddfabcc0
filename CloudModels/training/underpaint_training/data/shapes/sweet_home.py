"""Meshes of the CC0 library of Debian's sweethome3d-furniture: product models by name, ready for the stage.

Only geometry and average colours are taken: textures, and the marks that they may hold, are not.
"""

from __future__ import annotations

import functools
import io
import posixpath
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from .catalogue import MODELS, Model
from .accents import Color
from .mesh import Array, Mesh, Solid, merge

LIBRARY = Path("/usr/share/sweethome3d/furniture/BlendSwap-CC-0.sh3f")
# Edges sharper than this share no normal.
CREASE = np.cos(np.radians(42.0))
LONGEST = 1.3


class MissingLibraryError(RuntimeError):
    """The library's file, or a model in it, is not there."""


@functools.cache
def _archive() -> zipfile.ZipFile:
    if not LIBRARY.exists():
        raise MissingLibraryError(
            f"{LIBRARY} is missing: install Debian's package sweethome3d-furniture "
            "(apt-get install --no-install-recommends sweethome3d-furniture), or draw procedural objects only"
        )
    return zipfile.ZipFile(LIBRARY)


def installed() -> bool:
    return LIBRARY.exists()


def _read(path: str) -> bytes:
    try:
        return _archive().read(path)
    except KeyError as error:
        raise MissingLibraryError(
            f"{LIBRARY} has no {path}: another version of sweethome3d-furniture?"
        ) from error


@functools.cache
def _catalogue() -> dict[str, dict[str, str]]:
    """The library's own entries by model path, e.g. width, depth and height in cm."""
    entries: dict[str, dict[str, str]] = {}
    for line in _read("PluginFurnitureCatalog.properties").decode("latin-1").splitlines():
        key, separator, value = line.partition("=")
        name, mark, number = key.partition("#")
        if separator and mark and name:
            entries.setdefault(number, {})[name] = value.strip()
    return {e["model"].lstrip("/"): e for e in entries.values() if "model" in e}


def _colors(path: str) -> dict[str, Color]:
    """Average linear colour of every material of an MTL file."""
    colors: dict[str, Array] = {}
    name = ""
    for line in _read(path).decode("latin-1").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "newmtl":
            name = words[1]
            colors[name] = np.full(3, 0.5)
        elif words[0] == "Kd" and name:
            colors[name] = np.array([float(w) for w in words[1:4]]) ** 2.2
        elif words[0] == "map_Kd" and name:
            file = posixpath.join(posixpath.dirname(path), words[-1])
            if file in _archive().namelist():
                image = Image.open(io.BytesIO(_read(file))).convert("RGB").resize((32, 32))
                colors[name] = ((np.asarray(image) / 255.0) ** 2.2).mean((0, 1))
    return {n: tuple(float(v) for v in np.clip(c, 0.015, 0.85)) for n, c in colors.items()}


def parse(text: str) -> tuple[Array, dict[str, Array]]:
    """Vertices [n,3] and triangles [m,3] by material of an OBJ file."""
    vertices: list[list[float]] = []
    faces: dict[str, list[tuple[int, int, int]]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("v "):
            vertices.append([float(w) for w in line.split()[1:4]])
        elif line.startswith("f "):
            corners = [int(w.partition("/")[0]) for w in line.split()[1:]]
            corners = [c - 1 if c > 0 else len(vertices) + c for c in corners]
            some = faces.setdefault(name, [])
            some += [(corners[0], b, c) for b, c in zip(corners[1:-1], corners[2:])]
        elif line.startswith("usemtl"):
            name = line.split()[-1]
    return np.array(vertices), {n: np.array(f, np.int64) for n, f in faces.items()}


def smoothed(positions: Array, faces: Array) -> Mesh:
    """A mesh whose vertices are shared across soft edges only, with box-mapped texture coordinates."""
    scale = np.ptp(positions, axis=0).max()
    _, first, index = np.unique(
        np.round(positions / scale * 2e5), axis=0, return_index=True, return_inverse=True
    )
    points, faces = positions[first], index.reshape(-1)[faces]
    a, b, c = (points[faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    area = np.linalg.norm(normal, axis=1)
    # Without slivers, and without the second of two faces back to back.
    keep = area > 1e-9 * scale**2
    _, once = np.unique(np.sort(faces, 1), axis=0, return_index=True)
    keep &= np.isin(np.arange(len(faces)), once)
    faces, normal = faces[keep], normal[keep] / area[keep, None]
    count = len(faces)
    # Corners of faces that meet at a soft edge become one vertex.
    starts = np.concatenate([faces[:, [0, 1, 2]].T.reshape(-1)])
    ends = np.concatenate([faces[:, [1, 2, 0]].T.reshape(-1)])
    face = np.tile(np.arange(count), 3)
    corner = np.repeat(np.arange(3), count)
    one, two = face * 3 + corner, face * 3 + (corner + 1) % 3
    low = np.where(starts < ends, one, two)
    high = np.where(starts < ends, two, one)
    key = np.minimum(starts, ends) * len(points) + np.maximum(starts, ends)
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    p, q = order[same], order[same + 1]
    soft = (normal[face[p]] * normal[face[q]]).sum(1) > CREASE
    p, q = p[soft], q[soft]
    left, right = np.concatenate([low[p], high[p]]), np.concatenate([low[q], high[q]])
    label = np.arange(3 * count)
    while True:
        smaller = np.minimum(label[left], label[right])
        before = label.copy()
        np.minimum.at(label, left, smaller)
        np.minimum.at(label, right, smaller)
        label = label[label]
        if (label == before).all():
            break
    used, corners = np.unique(label, return_inverse=True)
    vertices = points[faces.reshape(-1)[used]]
    triangles = corners.reshape(count, 3)
    normals = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(normals, triangles[:, k], normal)
    axis = np.abs(normals).argmax(1)
    uv = np.stack(
        [
            np.where(axis == 0, vertices[:, 1], vertices[:, 0]),
            np.where(axis == 2, vertices[:, 1], vertices[:, 2]),
        ],
        -1,
    )
    return Mesh(vertices, uv, triangles)


def _placed(vertices: Array, faces: dict[str, Array], model: Model, entry: dict[str, str]) -> Array:
    """Vertices in the stage's axes: z up, front at −y, standing on z = 0, the longest side LONGEST."""
    if "modelRotation" in entry:
        vertices = vertices @ np.array([float(w) for w in entry["modelRotation"].split()]).reshape(3, 3).T
    x, y, z = vertices.T
    points = np.stack([x, -z, y], -1)
    used = points[np.unique(np.concatenate(list(faces.values())))]
    size = np.maximum(np.ptp(used, axis=0), 1e-9)
    points = points * (np.array([float(entry[k]) for k in ("width", "depth", "height")]) / size)
    if model.turn:
        c, s = np.cos(np.radians(model.turn)), np.sin(np.radians(model.turn))
        points = points @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T
    used = points[np.unique(np.concatenate(list(faces.values())))]
    low, high = used.min(0), used.max(0)
    points = points - [*(low[:2] + high[:2]) / 2, low[2]]
    return points * (LONGEST / (high - low).max())


@functools.cache
def solid(instance: str) -> Solid:
    """The model of the library with its recolourable part as main and the rest in two parts of their own colours."""
    model = MODELS[instance]
    path = f"blendswap-cc-0/{instance}/{instance}.obj"
    entry = _catalogue().get(path)
    if entry is None:
        raise MissingLibraryError(f"{LIBRARY} lists no {path}: another version of sweethome3d-furniture?")
    vertices, faces = parse(_read(path).decode("latin-1"))
    faces = {n: f for n, f in faces.items() if n not in model.left_out}
    colors = _colors(path.removesuffix("obj") + "mtl")
    points = _placed(vertices, faces, model, entry)
    missing = {*model.main, *model.detail} - set(faces)
    if missing:
        raise MissingLibraryError(
            f"{path} has no materials {sorted(missing)}: another version of sweethome3d-furniture?"
        )
    groups = {
        "main": [n for n in faces if n in model.main],
        "detail": [n for n in faces if n in model.detail],
        "accent": [n for n in faces if n not in model.main and n not in model.detail],
    }

    def part(name: str) -> Mesh | None:
        some = [smoothed(points, faces[n]) for n in groups[name]]
        return merge(*some) if some else None

    def color(name: str) -> Color:
        own = getattr(model, name + "_color")
        if own is not None or not groups[name]:
            return own or (0.5, 0.5, 0.5)
        weight = [len(faces[n]) for n in groups[name]]
        mean = np.average([colors.get(n, (0.5, 0.5, 0.5)) for n in groups[name]], axis=0, weights=weight)
        return tuple(float(v) for v in mean)

    main = part("main")
    assert main is not None
    return Solid(
        main,
        part("accent"),
        color("accent"),
        model.accent_metallic,
        part("detail"),
        color("detail"),
        front=model.front,
    )
