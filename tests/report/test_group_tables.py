"""Tables about groups: what a search predicts is told as a gain only where it is one."""

from __future__ import annotations

import pytest

from mtlv.report.group_tables import predicted_table
from mtlv.store.record import AffinityRecord, GroupingRecord, RecommendationRecord


def searched(*, predicts_gain: bool = True) -> GroupingRecord:
    return GroupingRecord(
        origin="search",
        groups=[["edema", "scar"]],
        affinity=AffinityRecord(
            name="pairs",
            unit="points",
            tasks=["edema", "scar"],
            matrix=[[None, 1.0], [2.0, None]],
            predicts_gain=predicts_gain,
        ),
        recommendation=RecommendationRecord(
            words="",
            predicted={"edema": 1.234, "scar": None},
            gain_over_mtl=0.0,
            error=None,
            leave_mtl=False,
        ),
    )


def test_a_gain_is_called_a_gain() -> None:
    table = predicted_table(searched())
    assert (table.title, table.header) == ("Predicted", ("task", "gain"))
    assert table.rows == (("edema", "+1.23"), ("scar", "-"))
    assert table.note == "predicted gain over being learned alone, points"


def test_a_score_that_only_ranks_is_not() -> None:
    table = predicted_table(searched(predicts_gain=False))
    assert table.header == ("task", "score (ranks only)")
    assert table.rows == (("edema", "+1.23"), ("scar", "-"))
    assert "points" in table.note
    assert "predict" not in f"{table.title} {table.note}".lower()


@pytest.mark.parametrize("without", ["affinity", "recommendation"])
def test_what_is_missing_gives_no_row_or_unit(without: str) -> None:
    assert predicted_table(searched().model_copy(update={without: None})).title == "Predicted"
