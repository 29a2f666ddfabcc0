"""Who renders a shard: any number of processes on one folder, of which any may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PaintedDiscs

from underpaint_training.data import generate
from underpaint_training.data.generate import _claim, _release, render_shard
from underpaint_training.recipe import Recipe


@pytest.fixture()
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_claim_has_one_holder_whatever_the_file_says(tmp_path: Path, dead: int) -> None:
    path = tmp_path / "train-00000.claim"
    for text in ("", str(dead), f"{os.getpid()}\n"):
        # Not written yet, of a dead process, or of a killed one whose number another has now.
        path.write_text(text)
        claim = _claim(path)
        assert claim is not None and path.read_text() == f"{os.getpid()}\n"
        path.write_text("")
        assert _claim(path) is None
        _release(claim, path)
        assert not path.exists()


def test_a_claim_without_a_lock_counts_while_its_process_lives(tmp_path: Path) -> None:
    path = tmp_path / "train-00000.claim"
    path.write_text(str(os.getppid()))
    assert _claim(path) is None and path.read_text() == str(os.getppid())


def test_a_lock_on_a_file_that_was_removed_claims_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "train-00000.claim"
    first = _claim(path)
    assert first is not None
    lock = generate.fcntl.flock
    others = []

    def raced(file: object, operation: int) -> None:
        if not others:
            # Between opening and locking the holder ends and another process claims anew.
            monkeypatch.setattr(generate.fcntl, "flock", lock)
            _release(first, path)
            others.append(_claim(path))
        lock(file, operation)  # type: ignore[arg-type]

    monkeypatch.setattr(generate.fcntl, "flock", raced)
    assert _claim(path) is None and others[0] is not None
    _release(others[0], path)


def test_a_claim_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "train-00000.claim"
    code = f"""
from pathlib import Path
from underpaint_training.data.generate import _claim
claim = _claim(Path({str(path)!r}))
print("claimed", flush=True)
input()
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"claimed\n"
    assert _claim(path) is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    claim = _claim(path)
    assert claim is not None
    _release(claim, path)


@pytest.fixture()
def studio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of the renderer, which is slow to load."""
    fake = type(sys)("compose")
    fake.Studio = lambda width, height, samples: PaintedDiscs(width, height)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "underpaint_training.data.compose", fake)


@pytest.mark.usefixtures("studio")
def test_a_shard_that_was_finished_before_the_claim_is_not_rendered_again(
    tiny: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[int] = []

    def late(path: Path) -> object:
        render_shard(PaintedDiscs(*tiny.data.size_of(0)), tiny.data, "train", 0, tmp_path)
        return _claim(path)

    monkeypatch.setattr(generate, "_claim", late)
    monkeypatch.setattr(generate, "render_shard", lambda *a: rendered.append(a[3]) or 1)
    generate.generate(tiny.data, tmp_path, "train")
    assert rendered == [] and not list(tmp_path.glob("*.claim"))


@pytest.mark.usefixtures("studio")
def test_what_killed_processes_left_is_removed_and_what_others_hold_is_not(
    tiny: Recipe, tmp_path: Path, dead: int
) -> None:
    for name in ("partial", f"{dead}.partial"):
        for split in ("train-00000", "classifier-00000", "classifier-00001"):
            (tmp_path / f"{split}.{name}").write_text("half a shard")
    (tmp_path / "classifier-00000.claim").write_text(str(os.getppid()))
    generate.generate(tiny.data, tmp_path, "classifier")
    assert sorted(p.name for p in tmp_path.glob("*.tar")) == ["classifier-00001.tar"]
    left = {f"{s}.{n}" for s in ("train-00000", "classifier-00000") for n in ("partial", f"{dead}.partial")}
    assert {p.name for p in tmp_path.glob("*.partial")} == left


def test_processes_write_to_files_of_their_own(tiny: Recipe, tmp_path: Path) -> None:
    opened = []

    class Watching(PaintedDiscs):
        def pictures(self, *arguments):  # type: ignore[no-untyped-def]
            opened.extend(p.name for p in tmp_path.glob("*.partial"))
            return super().pictures(*arguments)

    render_shard(Watching(*tiny.data.size_of(0)), tiny.data, "train", 0, tmp_path)
    assert set(opened) == {f"train-00000.{os.getpid()}.partial"}
