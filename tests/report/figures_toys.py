"""Frames of every figure, of any number of tasks and plans, for tests and for looking at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

__all__ = ["FRAMES", "LABELS", "PLANS"]

LABELS = (
    "Opacity", "Cardiomegaly", "Calcinosis", "Lung/hypoinflation", "Calcified Granuloma",
    "Thoracic Vertebrae/degenerative", "Lung/hyperdistention", "Spine/degenerative",
    "Catheters, Indwelling", "Granulomatous Disease", "Nodule", "Surgical Instruments", "Scoliosis",
    "Osteophyte", "Spondylosis", "Fractures, Bone", "Atherosclerosis", "Pulmonary Atelectasis",
    "Pleural Effusion", "Emphysema",
)  # fmt: skip
PLANS = ("stl", "mtl", "gmhl", "gmtl", "gmtl elbow", "gmtl search", "mtl pcgrad", "mtl uncertainty",
         "gmtl random 3")  # fmt: skip

POINTS = 15
RULE = "interval without 0 and p < .05 after Holm's correction over 56 effects"

Maker = Callable[[Sequence[str], Sequence[str]], pd.DataFrame]


def forest(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(1)
    rows = []
    for plan in plans[1:] or plans:
        for i, task in enumerate(tasks):
            delta, half = random.normal(0.3, 1.5), 0.6 + random.random() * (1 + i / 8)
            rows.append(
                {"plan": plan, "baseline": plans[0], "task": task, "metric": "f1"}
                | {"unit": "points", "support": 900 // (i + 1), "delta": delta}
                | {"low": delta - half, "high": delta + half, "verdict": _verdict(delta, half)}
            )
    return pd.DataFrame(rows)


def _verdict(delta: float, half: float) -> str:
    if abs(delta) + half < 2:
        return "equivalent within 2"
    if abs(delta) < half:
        return "no difference shown"
    return "better" if delta > 0 else "worse"


def cost(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(2)
    rows = []
    for i, plan in enumerate(plans):
        value, models = 70 + random.normal(0, 2), [len(tasks), 1, 1, 4, 3][i % 5]
        rows.append(
            {"plan": plan, "metric": "f1_macro", "unit": "percent", "higher_is_better": True}
            | {"value": value, "low": value - 1.2, "high": value + 1.2}
            | {"seconds": 40.0 * models + 30 * i, "search_seconds": 30.0 * (i > 3)}
            | {"models": models, "forward_passes": models}
        )
    return pd.DataFrame(rows)


def curves(plans: Sequence[str], names: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(3)
    rows = []
    for plan in plans:
        for name in names:
            for metric in metrics:
                loss = metric == "loss"
                for part in ("train", "validation") if loss else ("validation",):
                    level = random.random()
                    for epoch in range(1, 9):
                        grown = 1 - np.exp(-epoch * (0.3 + level / 3))
                        value = 0.7 - 0.6 * grown if loss else 40 + 50 * grown
                        rows.append(
                            {"plan": plan, "part": part, "name": name, "metric": metric}
                            | {"unit": "nats" if loss else "percent", "epoch": epoch}
                            | {"value": value, "sd": 0.02, "jobs": 10}
                        )
    return pd.DataFrame(rows)


def model_curves(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    return curves(plans, ["model"], ["loss", "f1_macro", "average_precision_macro"])


def head_curves(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    return curves(plans, ["head 1", "head 2", "head 3"], ["loss"])


def task_curves(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    return curves(plans, tasks, ["f1"])


def decisions(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    rows = []
    for task in tasks:
        for i, plan in enumerate(plans):
            recall = np.linspace(0, 100, POINTS)
            precision = 100 - (recall / 10) ** (1.4 + 0.05 * i)
            own = [
                {"curve": "precision-recall", "x": r, "y": p}
                for r, p in zip(recall, precision, strict=True)
            ]
            own += [
                {"curve": "threshold", "x": x, "y": 80 - (x - 35 - 2 * i) ** 2 / 60}
                for x in np.linspace(1, 99, POINTS)
            ]
            own += [
                {"curve": "threshold", "x": 30.0 + 2 * i, "y": 80 - 25 / 60, "chosen": True},
                {"curve": "precision-recall", "x": 70.0 - i, "y": 80.0, "chosen": True},
            ]
            own += [
                {"curve": "calibration", "x": x, "y": 0.9 * x + i, "n": 200}
                | {"low": 0.9 * x + i - 5, "high": 0.9 * x + i + 5}
                for x in np.linspace(5, 95, 10)
            ]
            rows += [
                {"plan": plan, "task": task, "low": np.nan, "high": np.nan, "n": np.nan}
                | {"chosen": False}
                | row
                for row in own
            ]
    return pd.DataFrame(rows)


def label_frequency(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    counts = [int(1400 / (i + 1) ** 0.8) for i in range(len(tasks))]
    return pd.DataFrame({"task": list(tasks), "positives": counts, "n": 3851})


def label_correlation(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(4)
    rows = [
        {"first": a, "second": b, "phi": (0.5 if i % 3 == j % 3 else -0.1) * random.random()}
        | {"both": 12, "n": 3851}
        for i, a in enumerate(tasks)
        for j, b in enumerate(tasks)
        if i <= j
    ]
    return pd.DataFrame(rows)


def group_numbers(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    rows = [
        {"plan": plan, "method": method, "fold": fold, "groups": k}
        | {"value": 12 / k + 0.2 * fold + i if method == "elbow" else 0.3 + 0.1 * (k == 3 + i)}
        | {"error": np.nan, "chosen": k == 3 + i % 2}
        for i, plan in enumerate(plans[:3])
        for method in ("elbow", "silhouette")
        for fold in range(3)
        for k in range(2, 10)
    ]
    return pd.DataFrame(rows)


def feature_map(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(5)
    group = np.arange(len(tasks)) % 4
    centres = np.array([[0, 0], [3, 1], [1, 4], [4, 4]])
    spots = centres[group] + random.normal(0, 0.7, (len(tasks), 2))
    return pd.DataFrame(
        {"task": list(tasks), "group": [f"{g + 1}" for g in group], "x": spots[:, 0]}
        | {"y": spots[:, 1], "x_share": 34.0, "y_share": 17.0}
        | {"middle": [i < 4 for i in range(len(tasks))]}
    )


def affinity(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(6)
    rows = [
        {"affinity": "lookahead", "source": s, "target": t, "unit": "relative decrease of the loss"}
        | {"effect": (0.003 if i % 4 == j % 4 else -0.001) + random.normal(0, 0.001)}
        | {"error": 0.0004}
        for i, s in enumerate(tasks)
        for j, t in enumerate(tasks)
    ]
    return pd.DataFrame(rows)


def predicted_gain(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(7)
    predicted = random.normal(0.002, 0.002, len(tasks))
    measured = 800 * predicted + random.normal(0, 1, len(tasks))
    return pd.DataFrame(
        {"plan": plans[0], "task": list(tasks), "predicted": predicted, "measured": measured}
        | {"low": measured - 1, "high": measured + 1, "unit": "points of f1"}
        | {"predicted_unit": "relative decrease of the loss"}
    )


def transfer(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(8)
    rows = []
    for i, s in enumerate(tasks):
        for j, t in enumerate(tasks):
            if i != j:
                effect = random.normal(0.8 if (i - j) % 4 == 0 else -0.3, 0.6)
                verdict = "none" if abs(effect) < 1 else "improves" if effect > 0 else "decreases"
                rows.append(
                    {"source": s, "target": t, "effect": effect, "low": effect - 1}
                    | {"high": effect + 1, "verdict": verdict, "metric": "f1", "unit": "points"}
                    | {"p_corrected": 1.0 if verdict == "none" else 0.011, "rule": RULE}
                )
    columns = ["source", "target", "effect", "low", "high", "p_corrected", "verdict", "rule"]
    return pd.DataFrame(rows, columns=[*columns, "metric", "unit"])


def alluvial(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    count = len(tasks)
    return pd.DataFrame(
        {"task": list(tasks), "left": [f"{i * 4 // count + 1}" for i in range(count)]}
        | {"right": [f"{(i * 3 // count + (i % 5 == 0)) % 3 + 1}" for i in range(count)]}
        | {"left_title": plans[0], "right_title": plans[-1]}
    )


def discordant(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(9)
    return pd.DataFrame(
        {"task": list(tasks), "first": plans[0], "second": plans[-1]}
        | {"only_first": random.integers(0, 60, len(tasks))}
        | {"only_second": random.integers(0, 60, len(tasks)), "both": 3700, "neither": 40}
    )


def conflict(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(10)
    names = list(tasks) if len(tasks) > 1 else [tasks[0], f"{tasks[0]} again"]
    rows = [
        {"first": a, "second": b, "layer": layer, "time": time, "clock": "epoch"}
        | {"cosine": float(np.clip(random.normal(0.4 - time / 20 - i / 60, 0.2), -1, 1))}
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        for layer in ("11", "12")
        for time in range(1, 9)
    ]
    return pd.DataFrame(rows)


def job_times(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(11)
    rows = [
        {"plan": plan, "job": f"{p}-{fold}-{model}", "tasks": ", ".join(tasks[:3]), "fold": fold}
        | {"seed": 0, "seconds": 60 * random.uniform(0.8, 1.3) * (1 + p % 3), "epochs": 8}
        for p, plan in enumerate(plans)
        for fold in range(5)
        for model in range([len(tasks), 1, 1, 4][p % 4])
    ]
    return pd.DataFrame(rows)


def attributions(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(31)
    rows = [
        {"plan": plan, "word": task, "place": place, "value": random.normal(), "unit": "logits"}
        for plan in plans
        for place, task in enumerate(tasks)
    ]
    return pd.DataFrame(rows)


def cross_task(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(32)
    rows = [
        {"plan": plan, "texts": one, "layer": other, "metric": "accuracy"}
        | {"value": 40 + 60 * random.random(), "guess": 50.0}
        for plan in plans
        for one in tasks
        for other in tasks
    ]
    return pd.DataFrame(rows)


def data_map(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(33)
    rows = [
        {"text": f"{plan}-{i}", "words": task, "region": ("easy", "hard", "ambiguous", "")[i % 4]}
        | {"confidence": random.random(), "variability": random.random() / 2}
        for plan in plans
        for i, task in enumerate(tasks)
    ]
    return pd.DataFrame(rows)


def encoder_similarity(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(34)
    rows = [
        {"pair": f"{plan} / {tasks[0]}", "layer": layer, "cka": random.random()}
        for plan in plans
        for layer in range(1, len(tasks) + 1)
    ]
    return pd.DataFrame(rows)


def word_ranks(tasks: Sequence[str], plans: Sequence[str]) -> pd.DataFrame:
    random = np.random.default_rng(35)
    rows = [
        {"word": task, "first": plans[0], "second": plan, "measure": "sums", "rho": 0.5}
        | {"first_rank": i + 1.0, "second_rank": 1.0 + random.integers(len(tasks))}
        | {"low": 0.4, "high": np.nan, "ceiling": 0.9}
        for plan in plans
        for i, task in enumerate(tasks)
    ]
    return pd.DataFrame(rows)


FRAMES: dict[str, Maker] = {
    "affinity": affinity,
    "alluvial": alluvial,
    "attributions": attributions,
    "cost": cost,
    "cross-task": cross_task,
    "curves-head": head_curves,
    "curves-model": model_curves,
    "curves-task": task_curves,
    "data-map": data_map,
    "decisions": decisions,
    "discordant": discordant,
    "encoder-similarity": encoder_similarity,
    "feature-map": feature_map,
    "forest": forest,
    "gradient-conflict": conflict,
    "group-numbers": group_numbers,
    "job-times": job_times,
    "label-correlation": label_correlation,
    "label-frequency": label_frequency,
    "predicted-gain": predicted_gain,
    "transfer": transfer,
    "transfer-matrix": transfer,
    "word-ranks": word_ranks,
}
