"""Product shapes: families with continuous parameters, and meshes of a library."""

from __future__ import annotations

from . import beauty, desk, furniture, goods, household, kitchen, sweet_home, vessels
from .mesh import Family, Mesh, Rng, Solid, grid, merge, moved, scaled, turned

# Every name that a procedural family can build.
FAMILIES: dict[str, Family] = {
    **vessels.FAMILIES,
    **household.FAMILIES,
    **goods.FAMILIES,
    **kitchen.FAMILIES,
    **beauty.FAMILIES,
    **desk.FAMILIES,
    **furniture.FAMILIES,
}


def build(name: str, instance: str | None, rng: Rng) -> Solid:
    """The solid of a name: that mesh of the library, or without an instance one of the procedural family."""
    return FAMILIES[name](rng) if instance is None else sweet_home.solid(instance)


__all__ = ["FAMILIES", "Family", "Mesh", "Solid", "build", "grid", "merge", "moved", "scaled", "turned"]
