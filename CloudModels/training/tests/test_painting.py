"""Folders of pictures that are made to be measured."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import write_prompts

from underpaint_training.data.grammar import sample_fields
from underpaint_training.evaluation.folder import PictureFolderError, load_prompts, load_records
from underpaint_training.evaluation.painting import ARMS, ArmPlan, Job, Program, jobs_of, paint


def test_arms_are_read_from_their_names() -> None:
    plans = {a: ArmPlan.parse(a) for a in ARMS}
    assert (plans["draft"].handoff, plans["verifier"].handoff, plans["verifier"].steps) == (1.0, 0.0, None)
    assert (plans["trust-0.75@8"].handoff, plans["trust-0.75@8"].mode, plans["trust-0.75@8"].steps) == (
        0.75,
        "trust",
        8,
    )
    first = plans["large-first-0.2"]
    assert (first.handoff, first.mode, first.precision) == (0.2, "large-first", None)
    assert plans["trust-0.8:int8"].precision == "int8"
    best = ArmPlan.parse("handoff-0.8x4@8:int8")
    assert (best.candidates, best.handoff, best.steps, best.precision) == (4, 0.8, 8, "int8")
    assert plans["draft"].candidates == 1
    for wrong in ("handoff", "draft-0.2", "verifier:int3", "large-first", "trust-1.5", "verifier@", "x", "draftx0", "verifierx4"):
        with pytest.raises(ValueError, match="arm"):
            ArmPlan.parse(wrong)


FAKE = """#!{python}
import json, sys
a = sys.argv[1:]
value = lambda k: a[a.index(k) + 1]
assert a[0] == "generate" and "--json" in a and "--quiet" in a and value("--prompt-file") == "-"
with open({log!r}, "a") as log:
    log.write(json.dumps(a) + "\\n")
for number, line in enumerate(sys.stdin, 1):
    entry = json.loads(line)
    path = value("-o")[:-4] + f"-{{number}}.png"
    open(path, "wb").write(bytes(str(entry["seed"]), "ascii"))
    report = {{"draftSteps": 20, "stepCount": 25, "verifierStepCount": 8}}
    report["verification"] = {{"verifierEvaluations": 9, "reentryStep": 4}}
    if "--candidates" in a:
        entry["seed"] += 1 << 32
    print(json.dumps({{"path": path, **entry, "report": report}}))
"""


def test_the_program_is_run_once_for_a_list_and_never_twice_for_a_picture(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = tmp_path / "underpaint"
    program.write_text(FAKE.format(python=sys.executable, log=str(log)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    write_prompts(
        tmp_path / "prompts.jsonl", [sample_fields(np.random.default_rng(s)) for s in range(3)], ["object"]
    )
    prompts = load_prompts(tmp_path / "prompts.jsonl")
    jobs = jobs_of(list(prompts.values()), consistency=1)
    assert len(jobs) == 13
    arms = [ArmPlan.parse("handoff-0.8"), ArmPlan.parse("verifier@8")]
    for _ in range(2):
        paint(Program(program, None), arms, jobs, tmp_path / "out", chunk=5)
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    # Thirteen pictures are three chunks of at most five.
    assert len(calls) == 2 * 3
    assert "--steps" not in calls[0] and calls[-1][calls[-1].index("--steps") + 1] == "8"
    # Another program makes them in other steps: they do not go together.
    program.write_text(program.read_text().replace('"verifierStepCount": 8', '"verifierStepCount": 9'))
    with pytest.raises(PictureFolderError, match="other steps"):
        paint(Program(program, None), arms, [*jobs, Job(jobs[0].prompt, 77)], tmp_path / "out")
    records = load_records(tmp_path / "out", prompts)
    assert len(records) == 2 * len(jobs)
    for r in records:
        assert r.file.read_bytes() == str(r.seed).encode()
    assert records[0].telemetry == {
        "verifierEvaluations": 9,
        "reentryStep": 4,
        "handoffStep": 20,
        "stepCount": 25,
        "verifierStepCount": 8,
    }


class PaintsNothing:
    """A maker that lists pictures without painting them."""

    def __init__(self, **made: str) -> None:
        self._made = made

    def made(self) -> dict[str, Any]:
        return dict(self._made)

    def refusal(self, arm: ArmPlan) -> str | None:
        return None

    def make(self, arm: ArmPlan, jobs: list[Job], folder: Path) -> list[dict[str, Any]]:
        return [{"arm": arm.name, "seed": j.seed, "prompt": j.prompt} for j in jobs]


def test_a_folder_takes_no_pictures_of_another_maker(tmp_path: Path) -> None:
    draft, verifier, jobs = ArmPlan.parse("draft"), ArmPlan.parse("verifier"), [Job("a mug", 1)]
    path = tmp_path / "pictures.jsonl"
    paint(PaintsNothing(maker="one"), [draft], jobs, tmp_path)
    paint(PaintsNothing(maker="one"), [draft, verifier], jobs, tmp_path)
    listed = path.read_text()
    assert [json.loads(line)["made"] for line in listed.splitlines()] == [{"maker": "one"}] * 2
    for arms in ([draft], [ArmPlan.parse("trust-0.8")]):
        with pytest.raises(PictureFolderError, match="choose another folder"):
            paint(PaintsNothing(maker="two"), arms, jobs, tmp_path)
    # Records of before say nothing: what is complete stays as it is, but nothing is added.
    path.write_text("".join(json.dumps({"arm": a, "seed": 1, "prompt": "a mug"}) + "\n" for a in ("draft", "verifier")))
    paint(PaintsNothing(maker="two"), [draft, verifier], jobs, tmp_path)
    with pytest.raises(PictureFolderError, match="can be measured .* choose another folder"):
        paint(PaintsNothing(maker="two"), [draft, ArmPlan.parse("trust-0.8")], jobs, tmp_path)
    assert len(path.read_text().splitlines()) == 2


def test_a_maker_is_its_version_its_sampler_and_the_weights(tmp_path: Path) -> None:
    program = tmp_path / "underpaint"
    program.write_text("#!/bin/sh\necho 1.2.3\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    made = Program(program, None).made()
    assert made == {"maker": "program 1.2.3", "sampler": "LMS (order 2)", "weights": {}}
    checkout = Path(__file__).parents[3]
    weights = Program(program, checkout).made()["weights"]
    for folder in ("EdgeModels/studio-shared", "EdgeModels/studio-draft", "CloudModels/studio-verifier"):
        manifest = json.loads((checkout / folder / "manifest.json").read_text())
        for key, file in manifest["files"].items():
            assert weights[f"{manifest['id']}/{key}"] == file["sha256"][:12]
    program.write_text("#!/bin/sh\nexit 64\n")
    assert Program(program, None).made()["maker"] == "program underpaint"


@pytest.mark.parametrize(
    "rest", [b'{"arm": "draft", "se', b'{"arm": "draft", "se\n', b"\0\0\0\0", b"\xff\n", b'{"arm": "draft"}']
)
def test_a_line_that_a_kill_left_unfinished_is_made_again(tmp_path: Path, rest: bytes) -> None:
    maker, arms, jobs = PaintsNothing(), [ArmPlan.parse("draft")], [Job("a mug", 1), Job("a mug", 2)]
    path = tmp_path / "pictures.jsonl"
    paint(maker, arms, jobs, tmp_path)
    whole = path.read_bytes()
    first = whole.splitlines(keepends=True)[0]
    for before, after in ((first, whole), (b"", whole), (whole, whole)):
        path.write_bytes(before + rest)
        paint(maker, arms, jobs, tmp_path)
        assert path.read_bytes() == after


def test_what_a_maker_cannot_paint_is_refused_before_anything_is_painted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = tmp_path / "underpaint"
    program.write_text(FAKE.format(python=sys.executable, log=str(log)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    jobs = [Job("a mug", 1)]
    with pytest.raises(PictureFolderError, match="only PyTorch"):
        paint(Program(program, None), [ArmPlan.parse(a) for a in ("draft", "large-first-0.2")], jobs, tmp_path / "out")
    assert not log.exists()
    paint(Program(program, None), [ArmPlan.parse("verifier:bfloat16")], jobs, tmp_path / "out")
    call = json.loads(log.read_text())
    assert call[call.index("--precision") + 1] == "bfloat16"
    # The best of several drafts is of another seed, and is paired by the job's all the same.
    paint(Program(program, None), [ArmPlan.parse("draftx3")], jobs, tmp_path / "out")
    assert json.loads(log.read_text().splitlines()[-1])[-2:] == ["--candidates", "3"]
    last = json.loads((tmp_path / "out" / "pictures.jsonl").read_text().splitlines()[-1])
    assert (last["arm"], last["seed"], last["file"]) == ("draftx3", 1, "draftx3/1.png")
    refused = [a for a in ARMS if Program(program, None).refusal(ArmPlan.parse(a)) is not None]
    assert refused == ["large-first-0.2"]


def test_a_failing_program_is_quoted(tmp_path: Path) -> None:
    program = tmp_path / "underpaint"
    program.write_text("#!/bin/sh\necho no models here >&2\nexit 66\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(PictureFolderError, match="no models here"):
        Program(program, None).make(ArmPlan.parse("draft"), [Job("a mug", 1)], tmp_path)
