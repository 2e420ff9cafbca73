"""Stages: plans that start from other plans' encoders, from teachers, or from masked words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from mtlv.errors import ConfigError, MtlvError
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.store import Store
from mtlv.store.outcome import load_outcome
from mtlv.studies.config import load_config, parse_config
from mtlv.studies.inputs import read_inputs
from mtlv.studies.specs import expand_specs, levels
from mtlv.studies.stages import StageSettings, stage_specs
from mtlv.studies.study import Study
from mtlv.studies.worker import Worker
from mtlv.studies.written import Written
from mtlv.training.pretrain_settings import PretrainSettings
from mtlv.training.settings import TrainSettings
from small import LABELS, Counter, small_config, small_source, write_csv
from toys import write_encoder

CONFIGS = Path(__file__).parents[2] / "configs"


def study_of(folder: Path, counter: Counter | None = None, **changes: Any) -> Study:
    config = parse_config(small_config(folder, **changes))
    return Study(config, Store(folder / "runs"), watcher=counter or Counter())


class TestSpecs:
    def test_stages_stand_for_plans(self) -> None:
        stages = StageSettings.model_validate(
            {
                "pretrain": {"epochs": 2},
                "refine": {"train": {"epochs": 3}},
                "finetune": {"train": {"learning_rate": 1e-5}, "heads_only": True},
            }
        )
        refine, finetune = stage_specs(stages)
        assert (refine.title, refine.starts_from, refine.train) == (
            "mtl-refine",
            "pretrain",
            {"epochs": 3},
        )
        assert (finetune.title, finetune.starts_from) == ("stl-finetune", "mtl-refine")
        assert finetune.train == {"learning_rate": 1e-5, "freeze_layers": "all"}

    def test_without_pretraining_plans_start_from_the_encoder(self) -> None:
        (refine,) = stage_specs(StageSettings.model_validate({"refine": {"plan": "mtl"}}))
        assert refine.starts_from is None

    def test_fine_tuning_needs_what_was_refined(self) -> None:
        with pytest.raises(ConfigError, match="there is neither"):
            stage_specs(StageSettings.model_validate({"finetune": {}}))

    def test_fine_tuning_may_follow_pretraining(self) -> None:
        stages = {"pretrain": {"epochs": 1}, "finetune": {}}
        (finetune,) = stage_specs(StageSettings.model_validate(stages))
        assert (finetune.title, finetune.starts_from) == ("stl-finetune", "pretrain")
        stages["finetune"] = {"keep_heads": True}
        with pytest.raises(ConfigError, match="no heads to go on with"):
            stage_specs(StageSettings.model_validate(stages))

    def test_the_refined_plan_starts_from_the_stage_before_it(self) -> None:
        plan = {"mtl": {"starts_from": "stl"}}
        with pytest.raises(ConfigError, match="starts from the stage before it"):
            stage_specs(StageSettings.model_validate({"refine": {"plan": plan}}))

    def test_levels(self) -> None:
        specs = expand_specs(
            [
                {"stl": {"starts_from": "mtl"}},
                "mtl",
                {"mtl": {"name": "taught", "teachers": "stl"}},
                {"gmtl": {"groups": [["a"], ["b"]], "starts_from": "pretrain"}},
            ]
        )
        assert levels(specs) == [[1, 3], [0], [2]]

    @pytest.mark.parametrize("start", [{}, {"starts_from": "pretrain"}])
    def test_heads_are_kept_of_a_plan(self, start: dict[str, str]) -> None:
        with pytest.raises(ConfigError, match="not valid") as told:
            expand_specs([{"stl": {"keep_heads": True} | start}])
        assert "needs `starts_from` with the name of a plan" in str(told.value.expected)

    @pytest.mark.parametrize(
        ("plans", "words"),
        [
            ([{"stl": {"starts_from": "mlt"}}, "mtl"], "no plan 'mlt'"),
            ([{"stl": {"starts_from": "stl"}}], "in a circle"),
            ([{"stl": {"teachers": "mtl"}}, {"mtl": {"starts_from": "stl"}}], "in a circle"),
            ([{"mtl": {"starts_from": "pretrain"}}], "no stage `pretrain`"),
        ],
    )
    def test_what_does_not_exist_is_named(
        self, plans: list[Any], words: str, tmp_path: Path
    ) -> None:
        with pytest.raises(ConfigError, match=words):
            parse_config(small_config(tmp_path, plans=plans))


class TestDefaults:
    """The paper's settings stand below whatever the user writes."""

    def trained(self, folder: Path, **changes: Any) -> dict[str, TrainSettings]:
        changes = {"train": {}, "stages": {"refine": {}, "finetune": {}}} | changes
        config = parse_config(small_config(folder, plans=["stl"], **changes))
        again = parse_config(config.model_dump(mode="json"))
        assert again == config, "a saved config says all that a stage does"
        return {spec.title: config.settings_of(spec).train for spec in config.specs()}

    def test_nothing_written_is_the_paper(self, tmp_path: Path) -> None:
        found = self.trained(tmp_path)
        paper = {"optimizer": "adamax", "batch_size": 32, "schedule": "linear", "warmup": 0.1}
        paper |= {"weight_decay": 0.01, "clip": 1.0, "max_length": 128}
        for plan, more in {
            "mtl-refine": {"learning_rate": 5e-5},
            "stl-finetune": {"learning_rate": 1e-5, "epochs": 10},
        }.items():
            said = found[plan].model_dump()
            assert {key: said[key] for key in paper | more} == paper | more
        assert found["stl"] == TrainSettings()
        assert HeadSettings().dropout == 0.1

    @pytest.mark.parametrize(
        "changes",
        [
            {"train": {"batch_size": 8}},
            {"train": {"batch_size": 8}, "stages": {"refine": {}, "finetune": "heads_only"}},
            {"stages": {"refine": {"train": {"batch_size": 8}}, "finetune": {}}},
            {"stages": {"refine": {"plan": {"mtl": {"train": {"batch_size": 8}}}}}},
        ],
    )
    def test_what_is_written_wins(self, changes: dict[str, Any], tmp_path: Path) -> None:
        refined = self.trained(tmp_path, **changes)["mtl-refine"]
        assert (refined.batch_size, refined.optimizer) == (8, "adamax")

    @pytest.mark.parametrize("key", ["train.batch_size", "train", "stages.refine.train"])
    def test_a_sweep_is_written_too(self, key: str, tmp_path: Path) -> None:
        values = [{"batch_size": size} if key != "train.batch_size" else size for size in (4, 8)]
        config = parse_config(
            small_config(
                tmp_path, plans=["stl"], train={}, stages={"refine": {}}, sweep={key: values}
            )
        )
        found = []
        for _, point in config.variants():
            refined = point.settings_of(point.specs()[1]).train
            found.append((refined.batch_size, refined.optimizer, refined.learning_rate))
        assert found == [(4, "adamax", 5e-5), (8, "adamax", 5e-5)]

    def test_what_is_tuned_stays_open(self, tmp_path: Path) -> None:
        tune = {"space": {"learning_rate": [1e-4, 1e-5], "train.batch_size": [4, 8]}}
        config = parse_config(
            small_config(tmp_path, plans=["stl"], train={}, stages={"refine": {}}, tune=tune)
        )
        left = config.tuning_of(config.specs()[1])
        assert left is not None
        assert set(left.space) == set(tune["space"])

    def test_heads_only_is_a_short_form(self, tmp_path: Path) -> None:
        stages = {"refine": {}, "finetune": "heads_only"}
        assert self.trained(tmp_path, stages=stages)["stl-finetune"].freeze_layers == "all"
        written = Written(small_config(tmp_path, stages=stages))
        config = parse_config(written.changed(["stages.finetune.train.epochs=3"]))
        own = config.settings_of(config.specs()[-1]).train
        assert (own.epochs, own.freeze_layers) == (3, "all")
        with pytest.raises(ConfigError, match="not valid") as told:
            parse_config(small_config(tmp_path, stages={"refine": {}, "finetune": "head_only"}))
        assert "heads_only" in str(told.value)

    def test_shipped_configs_still_say_what_they_meant(self) -> None:
        config = load_config(CONFIGS / "mtbert-quick.yaml")
        for spec in config.specs():
            own = config.settings_of(spec).train
            assert (own.batch_size, own.max_length, own.freeze_layers) == (16, 96, 3)
            finetuned = spec.title == "stl-finetune"
            assert own.learning_rate == (5e-5 if finetuned else 2e-4)
            assert own.epochs == (3 if finetuned else 6)
            assert own.optimizer == "adamw"


@pytest.mark.slow
class TestLineage:
    def test_fine_tuning_starts_from_what_was_refined(self, tmp_path: Path) -> None:
        stages = {"refine": {}, "finetune": {"train": {"epochs": 1}}}
        study = study_of(tmp_path, plans=["stl"], stages=stages)
        record = study.run()
        by_plan = {cell.plan: cell for cell in record.cells}
        assert list(by_plan) == ["stl", "mtl-refine", "stl-finetune"]
        (refined,) = by_plan["mtl-refine"].jobs
        for job in by_plan["stl-finetune"].jobs:
            assert study.store.job(job).spec["starts_from"] == refined
        assert not set(by_plan["stl"].jobs) & set(by_plan["stl-finetune"].jobs)

    def test_the_encoder_is_handed_on(self, tmp_path: Path) -> None:
        """With a learning rate of nearly nothing, the fine-tuned encoder is the refined one."""
        tuned = {"learning_rate": 1e-12, "weight_decay": 0.0}
        stages = {"refine": {}, "finetune": {"train": tuned}}
        study = study_of(tmp_path, plans=["mtl"], stages=stages)
        record = study.run()
        by_plan = {cell.plan: cell for cell in record.cells}
        before = load_file(study.store.job_folder(by_plan["mtl-refine"].jobs[0]) / WEIGHTS)
        after = load_file(study.store.job_folder(by_plan["stl-finetune"].jobs[0]) / WEIGHTS)
        names = [name for name in before if name.startswith("encoder.")]
        assert names
        for name in names:
            assert abs(before[name] - after[name]).max() < 1e-6

    def test_layers_that_stayed_frozen_are_not_computed_again(self, tmp_path: Path) -> None:
        encoder = {"name": str(write_encoder(tmp_path / "encoder"))}
        train = small_config(tmp_path)["train"]
        prints = []
        for refine, finetune in ((1, 1), (0, 1), (1, "all")):
            study = study_of(
                tmp_path,
                plans=["mtl"],
                encoder=encoder,
                stages={
                    "refine": {"train": {"freeze_layers": refine}},
                    "finetune": {"train": {"freeze_layers": finetune}},
                },
                train=train | {"freeze_layers": 1},
            )
            study.run()
            (arm,) = study.plan()
            cell = next(cell for cell in arm.cells if cell.title == "stl-finetune")
            (job, *_) = cell.jobs(arm.worker, 0)
            plain = arm.worker.sources.source(job.encoder, 0).fingerprint
            prints.append(arm.worker.frozen_source(job).fingerprint == plain)
        assert prints == [True, False, False]

    def test_heads_only_leaves_the_encoder(self, tmp_path: Path) -> None:
        stages = {"refine": {}, "finetune": {"heads_only": True}}
        study = study_of(tmp_path, plans=["mtl"], stages=stages)
        record = study.run()
        cell = next(cell for cell in record.cells if cell.plan == "stl-finetune")
        state = load_file(study.store.job_folder(cell.jobs[0]) / WEIGHTS)
        assert all(name.startswith("heads.") for name in state)

    def test_heads_are_kept_where_they_are_equal(self, tmp_path: Path) -> None:
        still = {"learning_rate": 1e-12, "weight_decay": 0.0}
        plans = [
            {"gmhl": {"groups": [[label] for label in LABELS]}},
            {"stl": {"starts_from": "gmhl-given-3", "keep_heads": True, "train": still}},
        ]
        study = study_of(tmp_path, plans=plans)
        outcome = load_outcome(study.store, study.run().name)
        scores = [plan.cells[0].scores.per_task for plan in outcome.plans]
        for label in LABELS:
            values = [own[label]["average_precision"] for own in scores]
            assert values[0] == pytest.approx(values[1])

    def test_a_task_of_a_shared_head_keeps_its_output(self, tmp_path: Path) -> None:
        """With a learning rate of nearly nothing, each fine-tuned model scores as the refined."""
        still = {"learning_rate": 1e-12, "weight_decay": 0.0}
        stages = {"refine": {}, "finetune": {"keep_heads": True, "train": still}}
        study = study_of(tmp_path, plans=["mtl"], head={"layers": 1}, stages=stages)
        by_plan = {cell.plan: cell for cell in study.run().cells}
        refined, *tuned = (
            study.store.predictions(job)["test"]
            for plan in ("mtl-refine", "stl-finetune")
            for job in by_plan[plan].jobs
        )
        for own in tuned:
            assert own.labels().scores == pytest.approx(
                refined.only(list(own.tasks)).labels().scores, abs=1e-5
            )

    def test_heads_that_cannot_fit_are_told_before_any_training(self, tmp_path: Path) -> None:
        jobs = Counter()
        plans = ["mtl", {"stl": {"starts_from": "mtl", "keep_heads": True, "head": {"layers": 1}}}]
        with pytest.raises(MtlvError, match="No head of 'mtl' fits") as told:
            study_of(tmp_path, jobs, plans=plans).run()
        assert told.value.found == "hidden layers of its heads: 1"
        assert told.value.expected == "as many as in the heads of 'mtl': 0"
        assert not jobs.jobs

    def test_what_came_before_is_a_cost_of_the_plan(self, tmp_path: Path) -> None:
        study = study_of(tmp_path, plans=["stl"], stages={"refine": {}, "finetune": {}})
        outcome = load_outcome(study.store, study.run().name)
        own = {plan.name: plan.cost for plan in outcome.plans}
        refined = own["mtl-refine"]
        assert own["stl-finetune"].earlier_seconds == pytest.approx(refined.train_seconds)
        assert own["stl-finetune"].train_seconds > refined.train_seconds
        assert (refined.earlier_seconds, own["stl"].earlier_seconds) == (0, 0)

    def test_a_killed_study_goes_on_in_the_middle(self, tmp_path: Path) -> None:
        class Stopped(Counter):
            def on_job_end(self, job: Any, record: Any) -> None:
                super().on_job_end(job, record)
                if len(self.jobs) == 5:
                    raise KeyboardInterrupt

        stages = {"refine": {}, "finetune": {}}
        with pytest.raises(KeyboardInterrupt):
            study_of(tmp_path, Stopped(), plans=["stl"], stages=stages).run()
        rest = Counter()
        record = study_of(tmp_path, rest, plans=["stl"], stages=stages).run()
        assert record.status == "finished"
        assert len(rest.jobs) == 3 + 1 + 3 - 5

    def test_a_plan_cannot_start_from_models_that_know_less(self, tmp_path: Path) -> None:
        plans = ["stl", {"mtl": {"starts_from": "stl"}}]
        with pytest.raises(MtlvError, match="No model of the plan 'stl' learned all tasks"):
            study_of(tmp_path, plans=plans).run()


@pytest.mark.slow
class TestPretraining:
    def test_plans_start_from_it_and_perplexity_is_kept(self, tmp_path: Path) -> None:
        stages = {"pretrain": {"epochs": 1, "max_length": 32, "precision": "fp32"}, "refine": {}}
        study = study_of(tmp_path, plans=["mtl"], stages=stages)
        record = study.run()
        by_plan = {cell.plan: cell for cell in record.cells}
        job = study.store.job(by_plan["mtl-refine"].jobs[0])
        pretrained = study.store.job(job.spec["starts_from"])
        assert pretrained.model == []
        curves = study.store.curves(pretrained.id).to_pylist()
        assert [row["epoch"] for row in curves if row["metric"] == "perplexity"] == [0, 1]
        assert study.store.job(by_plan["mtl"].jobs[0]).spec["starts_from"] is None

    @pytest.mark.parametrize(("rows", "jobs"), [(40, 2), (0, 1)])
    def test_other_texts_may_be_learned(self, tmp_path: Path, rows: int, jobs: int) -> None:
        """Those of the study are left out where it scores them, and then the fold decides."""
        own = write_csv(tmp_path / "own.csv", rows=max(rows, 3))
        if not rows:
            own.write_text(own.read_text().replace("report ", "note "))
        texts = {"notes": small_source(own)}
        stages = {"pretrain": {"texts": texts, "max_length": 32, "precision": "fp32"}}
        plans = [{"mtl": {"starts_from": "pretrain"}}]
        encoder = {"name": str(write_encoder(tmp_path / "encoder"))}
        study = study_of(
            tmp_path, plans=plans, stages=stages, evaluation={"folds": 2}, encoder=encoder
        )
        record = study.run()
        starts = {study.store.job(cell.jobs[0]).spec["starts_from"] for cell in record.cells}
        assert len(starts) == jobs
        for arm in study.plan():
            for fold in (0, 1):
                asked = study.config.stages.pretrain
                kept = arm.worker.texts.pretraining(asked, fold)
                corpus, split = arm.inputs.corpora["reports"], arm.inputs.splits["reports"][fold]
                scored = set(corpus.texts([*split.validation, *split.test]))
                assert not scored & set(kept)
                assert len(kept) == (len(split.train) if rows else 3)

    def test_every_seed_pretrains_an_encoder_of_its_own(self, tmp_path: Path) -> None:
        stages = {"pretrain": {"max_length": 32, "precision": "fp32"}}
        plans = [{"mtl": {"starts_from": "pretrain"}}]
        study = study_of(
            tmp_path,
            plans=plans,
            stages=stages,
            evaluation={"seeds": [3, 4]},
            encoder={"name": str(write_encoder(tmp_path / "encoder"))},
        )
        record = study.run()
        for cell in record.cells:
            (start,) = {study.store.job(job).spec["starts_from"] for job in cell.jobs}
            assert study.store.job(start).seed == cell.seed

    def test_a_stage_that_nothing_starts_from_is_a_mistake(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="Nothing starts from the stage `pretrain`"):
            study_of(tmp_path, plans=["mtl"], stages={"pretrain": {}})


class TestParts:
    """Official parts of the texts that pretraining learns."""

    def pretraining(self, folder: Path, parts: list[str] | None) -> tuple[list[str], str]:
        files = {}
        for part, rows in (("train", 5), ("test", 3)):
            files[part] = write_csv(folder / f"{part}.csv", rows=rows)
            files[part].write_text(files[part].read_text().replace("report ", f"{part} note "))
        source = small_source(Path()) | {"path": {part: str(own) for part, own in files.items()}}
        settings = PretrainSettings.model_validate({"texts": {"notes": source}, "parts": parts})
        encoder = EncoderSettings(name=str(write_encoder(folder / "encoder")))
        worker = Worker(
            read_inputs(parse_config(small_config(folder)), folder), Store(folder / "runs")
        )
        job = worker.pretrain_job(settings, encoder, 0, 0)
        return worker.texts.pretraining(settings, 0), job.id

    def test_only_these_are_learned(self, tmp_path: Path) -> None:
        (every, first), (train, second) = (
            self.pretraining(tmp_path, parts) for parts in (None, ["train"])
        )
        assert (len(every), len(train)) == (8, 5)
        assert all("train note" in text for text in train)
        assert first != second

    def test_a_part_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="no such official part") as told:
            self.pretraining(tmp_path, ["validation"])
        assert told.value.found == "test, train"

    def test_parts_belong_to_texts(self, tmp_path: Path) -> None:
        stages = {"pretrain": {"parts": ["train"]}, "refine": {}}
        with pytest.raises(ConfigError, match="not valid"):
            parse_config(small_config(tmp_path, stages=stages))

    def test_the_shipped_config_learns_training_abstracts(self) -> None:
        stages = load_config(CONFIGS / "ohsumed-pretrain.yaml").stages
        assert stages is not None
        assert stages.pretrain is not None
        assert stages.pretrain.parts == ("train",)


@pytest.mark.slow
class TestTeachers:
    def test_teachers_are_asked_and_change_what_is_learned(self, tmp_path: Path) -> None:
        plans = ["stl", "mtl", {"mtl": {"name": "taught", "teachers": "stl"}}]
        study = study_of(tmp_path, plans=plans)
        record = study.run()
        by_plan = {cell.plan: cell for cell in record.cells}
        taught = study.store.job(by_plan["mtl-taught"].jobs[0])
        assert sorted(taught.spec["teachers"]) == sorted(by_plan["stl"].jobs)
        plain = study.store.predictions(by_plan["mtl"].jobs[0])["test"].labels().scores
        other = study.store.predictions(taught.id)["test"].labels().scores
        assert abs(plain - other).max() > 1e-6

    @pytest.mark.parametrize("task", LABELS[:2])
    def test_a_teacher_of_one_task_of_a_head_teaches_it(self, tmp_path: Path, task: str) -> None:
        plans = [
            {"stl": {"name": "one", "tasks": [task]}},
            "mtl",
            {"mtl": {"name": "taught", "teachers": "stl-one"}},
        ]
        study = study_of(tmp_path, plans=plans)
        by_plan = {cell.plan: cell for cell in study.run().cells}
        assert study.store.job(by_plan["mtl-taught"].jobs[0]).spec["teachers"]
        plain, taught = (
            study.store.predictions(by_plan[name].jobs[0])["test"].labels().scores
            for name in ("mtl", "mtl-taught")
        )
        assert abs(plain - taught).max() > 1e-6

    def test_a_teacher_of_none_of_the_tasks_is_refused_before_any_training(
        self, tmp_path: Path
    ) -> None:
        jobs = Counter()
        plans = [
            {"stl": {"name": "one", "tasks": [LABELS[0]]}},
            {"mtl": {"name": "taught", "tasks": LABELS[1:], "teachers": "stl-one"}},
        ]
        with pytest.raises(MtlvError, match="serves none of the tasks"):
            study_of(tmp_path, jobs, plans=plans).run()
        assert not jobs.jobs


WEIGHTS = "model.safetensors"
