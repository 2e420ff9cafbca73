"""The best choice among known groups, by integer programming.

Choosing groups under a budget is facility location (Standley et al. 2020, section 4.1, as an
integer program): open at most B groups, serve each task from one that holds it.

    max Σ_g Σ_t a[t, g] gain[g, t] - ε Σ_g z[g]
    Σ_g a[t, g] = 1 for every t,   a[t, g] ≤ z[g],   Σ_g z[g] ≤ B,   z in {0, 1}

* z[g]: whether group g is learned; a[t, g]: whether it serves t.
* ε: so small that it only decides between equals, for fewer models.

In a partition every task stands in one group, so a = z and only z is left.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, hstack

from mtlv.grouping.context import Array

__all__ = ["choose"]

SCALE = 1000.0  # brings gains of order 1 well above the solver's absolute gap of 1e-6
EPSILON = 1e-5
NODES = 1000
"""Of branch and bound, after which the best so far is taken: the same on any machine."""
SECONDS = 300.0
"""The same, for problems of which a node takes very long."""


def choose(
    members: Array, gains: Array, budget: int, overlap: bool
) -> tuple[Sequence[int], bool] | None:
    """Return the rows of the groups to learn, and whether they are proven the best of all.

    Args:
        members: of P groups, (P, T) bool.
        gains: of members, (P, T).
        budget: most groups.
        overlap: whether tasks may stand in several groups.

    Returns:
        None if nothing was found.
    """
    values = np.where(members, gains, 0.0) * SCALE  # (P, T)
    solve = _cover if overlap else _partition
    constraints, reward, integral = solve(members.astype(float), values, budget)
    found = milp(
        -reward,
        integrality=integral,
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"node_limit": NODES, "time_limit": SECONDS, "mip_rel_gap": 0.0},
    )
    if found.x is None:
        return None
    rows = np.flatnonzero(found.x[: len(members)] > 0.5).tolist()
    return rows, bool(found.status == 0)


def _partition(
    members: Array, values: Array, budget: int
) -> tuple[list[LinearConstraint], Array, Array]:
    groups = len(members)
    once = LinearConstraint(csr_array(members.T), 1, 1)
    few = LinearConstraint(np.ones((1, groups)), 0, budget)
    return [once, few], values.sum(axis=1) - EPSILON, np.ones(groups)


def _cover(
    members: Array, values: Array, budget: int
) -> tuple[list[LinearConstraint], Array, Array]:
    groups, tasks = members.shape
    group, task = np.nonzero(members)  # (E,), one place a[t, g] for every member
    places, each = len(group), np.arange(len(group))
    ones = np.ones(places)
    served = coo_array((ones, (task, each)), shape=(tasks, places))
    opened = coo_array((ones, (each, group)), shape=(places, groups))
    nothing = csr_array((tasks, groups))
    once = LinearConstraint(hstack([nothing, served], format="csr"), 1, 1)
    inside = coo_array((ones, (each, each)), shape=(places, places))
    only_open = LinearConstraint(hstack([-opened, inside], format="csr"), -np.inf, 0)
    counted = np.concatenate([np.ones(groups), np.zeros(places)])[None]
    few = LinearConstraint(counted, 0, budget)
    reward = np.concatenate([np.full(groups, -EPSILON), values[group, task]])
    return [once, only_open, few], reward, np.concatenate([np.ones(groups), np.zeros(places)])
