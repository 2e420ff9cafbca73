"""Studies whose corpora note special tokens: named in jobs, the same for all, known later too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mtlv.errors import EncoderError
from mtlv.model.batches import pad_batch
from mtlv.model.encoders import load_tokenizer
from mtlv.model.tokens import tokenise_texts
from mtlv.store import Store
from mtlv.studies.config import parse_config
from mtlv.studies.study import Study
from mtlv.training.restoring import load_network
from small import SCRATCH, small_config
from toys import tiny_source

TOKENS = ("@A$", "@B$", "@C$")
NOTED: dict[str, Any] = {"special_tokens": "noted"}


def _relations(folder: Path, name: str, second: str) -> dict[str, Any]:
    lines = ["index\tsentence\tlabel"]
    for i in range(40):
        lines.append(f"r{i}\t@A$ heart {second} lung {i}\t{('false', 'acts')[i % 2]}")
    path = folder / f"{name}.tsv"
    path.write_text("\n".join(lines) + "\n")
    return {"format": "relations", "path": str(path)}


def _study(folder: Path, encoder: dict[str, Any], **changes: Any) -> Study:
    data = {
        "reports": small_config(folder)["data"]["reports"],
        "acts": _relations(folder, "acts", "@B$"),
        "more": _relations(folder, "more", "@C$"),
    }
    config = small_config(folder, data=data, encoder=encoder, tasks=None, **changes)
    return Study(parse_config(config), Store(folder / "runs"))


@pytest.mark.parametrize("name", ["scratch", "bert", "roberta"])
def test_all_jobs_know_the_tokens_that_any_corpus_notes(name: str, tmp_path: Path) -> None:
    own = SCRATCH if name == "scratch" else {"name": tiny_source(name).address}
    tuned = {"stl": {"name": "tuned", "starts_from": "mtl", "tasks": ["acts"]}}
    study = _study(tmp_path, own | NOTED, plans=["mtl", tuned])
    record = study.run()
    jobs = [study.store.job(job) for cell in record.cells for job in cell.jobs]
    assert all(tuple(job.spec["encoder"]["special_tokens"]) == TOKENS for job in jobs)

    inputs = study.plan()[0].inputs
    network, source = load_network(study.store, jobs[0], inputs.tasks)
    assert source.special_tokens == TOKENS
    tokenizer = load_tokenizer(source)
    ids = [tokenizer.convert_tokens_to_ids(token) for token in TOKENS]
    table = tokenise_texts(["@A$ heart @C$ lung", "@A$heart@B$"], source, 32)
    assert [[i in row for i in ids] for row in (table.ids[: table.offsets[1]], table.ids)] == [
        [True, False, True],
        [True, True, True],
    ]
    with torch.no_grad():
        outputs = network(pad_batch("acts", table, [0, 1]))
    assert all(output.isfinite().all() for output in outputs.heads.values())


def test_pretraining_knows_them(tmp_path: Path) -> None:
    changes = {"plans": [{"mtl": {"starts_from": "pretrain"}}], "stages": {"pretrain": {}}}
    study = _study(tmp_path, SCRATCH | NOTED, **changes)
    record = study.run()
    job = study.store.job(record.cells[0].jobs[0])
    before = study.store.job(job.spec["starts_from"])
    assert tuple(before.spec["encoder"]["special_tokens"]) == TOKENS


def test_listing_them_gives_the_same_jobs(tmp_path: Path) -> None:
    ids = []
    for tokens in ("noted", list(TOKENS)):
        arm = _study(tmp_path, SCRATCH | {"special_tokens": tokens}, plans=["mtl"]).plan()[0]
        ids += [job.id for cell in arm.cells for job in cell.jobs(arm.worker, 0)]
    arm = _study(tmp_path, SCRATCH, plans=["mtl"]).plan()[0]
    ids += [job.id for cell in arm.cells for job in cell.jobs(arm.worker, 0)]
    assert ids[0] == ids[1] != ids[2]


def test_texts_that_note_none_are_an_error(tmp_path: Path) -> None:
    config = small_config(tmp_path, encoder=SCRATCH | NOTED)
    with pytest.raises(EncoderError, match="No corpus notes special tokens") as error:
        Study(parse_config(config), Store(tmp_path / "runs")).plan()
    assert "encoder" in str(error.value.where)
