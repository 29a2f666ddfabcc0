"""Every shape of the grammar: sound meshes of sensible size that stand on the ground."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from underpaint_training.data.grammar import (
    ANGLES,
    BASICS,
    COUNTABLE,
    MATERIALS,
    OBJECT_ANGLES,
    OBJECT_MATERIALS,
    OBJECT_WEIGHTS,
    RESTRICTED,
)
from underpaint_training.data.shapes import FAMILIES, Mesh, Solid, build, sweet_home
from underpaint_training.data.shapes.catalogue import INSTANCES, MODELS
from underpaint_training.data.shapes.sweet_home import MissingLibraryError, parse, smoothed

needs_library = pytest.mark.skipif(not sweet_home.installed(), reason="needs Debian's sweethome3d-furniture")


def _normals(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Vertex normals [n,3] by area, not normalised, and whether a vertex belongs to a face that is no sliver."""
    a, b, c = (mesh.positions[mesh.faces[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    used = np.zeros(len(mesh.positions), bool)
    used[mesh.faces[np.linalg.norm(face, axis=1) > 1e-7]] = True
    normals = np.zeros_like(mesh.positions)
    for k in range(3):
        np.add.at(normals, mesh.faces[:, k], face)
    return normals, used


def _check(solid: Solid, name: str) -> None:
    for mesh in solid.parts():
        assert np.isfinite(mesh.positions).all() and np.isfinite(mesh.uvs).all(), name
        assert len(mesh.uvs) == len(mesh.positions), name
        assert mesh.faces.min() >= 0 and mesh.faces.max() < len(mesh.positions), name
        normals, used = _normals(mesh)
        flat = np.linalg.norm(normals[used], axis=1) < 1e-12
        assert flat.mean() < 0.002, (name, flat.sum())
    points = np.concatenate([m.positions for m in solid.parts()])
    low, high = points.min(0), points.max(0)
    assert abs(low[2]) < 0.02, (name, low)
    assert 0.5 < (high - low).max() < 2.2, (name, high - low)
    assert np.abs((low + high)[:2]).max() < 1.0, (name, low, high)
    assert sum(len(m.faces) for m in solid.parts()) < 60_000, name
    for color in (solid.accent_color, solid.detail_color):
        assert len(color) == 3 and all(0 <= c <= 1 for c in color), name


@pytest.mark.parametrize("name", FAMILIES)
def test_families_stand_on_the_ground_with_sound_meshes(name: str) -> None:
    shapes = set()
    for seed in range(6):
        solid = build(name, None, np.random.default_rng(seed))
        _check(solid, f"{name}, seed {seed}")
        shapes.add(solid.main.positions.tobytes())
    assert len(shapes) == 6


def test_the_ten_basics_keep_their_shapes() -> None:
    """Digests of the rounded meshes of the first data sets."""
    digest = hashlib.sha256()
    for name in BASICS:
        for seed in range(4):
            solid = build(name, None, np.random.default_rng(seed))
            for mesh in solid.parts():
                digest.update(np.round(mesh.positions * 1e4).astype(np.int32).tobytes())
                digest.update(mesh.faces.astype(np.int32).tobytes())
    assert digest.hexdigest() == "26a35748b4314f1044e1f5f3757f856e5b3c72712274a1fea34cd47c3ac78cc9"


def test_the_tables_fit_each_other() -> None:
    names = set(OBJECT_MATERIALS)
    assert names == {*FAMILIES, *INSTANCES}
    assert 60 <= len(names) <= 110
    assert {*OBJECT_ANGLES, *OBJECT_WEIGHTS, *COUNTABLE, *BASICS, *RESTRICTED} <= names
    assert all(set(angles) <= set(ANGLES) for angles in OBJECT_ANGLES.values())
    assert all(set(materials) <= set(MATERIALS) for materials in OBJECT_MATERIALS.values())
    for name, instances in INSTANCES.items():
        assert instances and all(i is None or MODELS[i].name == name for i in instances)
        assert (None in instances) == (name in FAMILIES)


@needs_library
@pytest.mark.parametrize("instance", MODELS)
def test_meshes_of_the_library_are_sound(instance: str) -> None:
    _check(sweet_home.solid(instance), instance)


def test_a_missing_library_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(sweet_home, "LIBRARY", tmp_path / "none.sh3f")
    sweet_home._archive.cache_clear()
    sweet_home._catalogue.cache_clear()
    sweet_home.solid.cache_clear()
    with pytest.raises(MissingLibraryError, match="sweethome3d-furniture"):
        build("sofa", "sofa2", np.random.default_rng(0))
    assert build("mug", None, np.random.default_rng(0)).main.faces.size


def test_a_cube_keeps_its_edges_sharp_and_a_fine_roof_is_smooth() -> None:
    text = "\n".join(
        ["v 0 0 0", "v 1 0 0", "v 1 1 0", "v 0 1 0", "v 0 0 1", "v 1 0 1", "v 1 1 1", "v 0 1 1", "usemtl a"]
        + ["f 4 3 2 1", "f 5/1 6/2 7/3 8/4", "f 1 2 6 5", "f 2 3 7 6", "f 3 4 8 7", "f -4 -8 -5 -1"]
    )
    vertices, faces = parse(text)
    assert len(faces["a"]) == 12
    cube = smoothed(vertices, faces["a"])
    assert len(cube.positions) == 24 and len(cube.faces) == 12
    roof = smoothed(
        np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0.2], [1, 1, 0.2], [2, 0, 0], [2, 1, 0]], float),
        np.array([[0, 2, 3], [0, 3, 1], [2, 4, 5], [2, 5, 3]]),
    )
    assert len(roof.positions) == 6
