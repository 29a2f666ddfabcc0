"""Files are replaced whole: whoever reads the former one, also by mapping it, keeps it."""

from __future__ import annotations

import mmap
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from underpaint_training import files


def test_weights_do_not_change_under_a_program_that_has_mapped_them(tmp_path: Path) -> None:
    path = tmp_path / "new" / "model.safetensors"
    files.save_weights(torch.nn.Linear(8, 8), path)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        before = bytes(mapped)
        files.save_weights(torch.nn.Linear(8, 8), path)
        assert bytes(mapped) == before
        assert path.read_bytes() != before
    assert path.stat().st_mode & 0o777 == 0o644
    with safe_open(path, "pt") as saved:
        assert {saved.get_tensor(name).dtype for name in saved.keys()} == {torch.bfloat16}


def test_a_write_that_fails_leaves_the_former_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.safetensors"
    files.save_tensors({"a": torch.ones(3)}, path, facts="{}")
    before = path.read_bytes()

    def full_disk(_: object, target: str, **__: object) -> None:
        Path(target).write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(files, "save_file", full_disk)
    with pytest.raises(OSError, match="no space"):
        files.save_tensors({"a": torch.zeros(3)}, path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    with safe_open(path, "pt") as saved:
        assert saved.metadata() == {"format": "pt", "facts": "{}"}
