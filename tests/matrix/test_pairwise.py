"""The generator of cases, against every combination there is."""

from itertools import combinations

import numpy as np
import pytest

from tests.matrix.known import KNOWN
from tests.matrix.pairwise import Rule, covering, pairs_in
from tests.matrix.table import AXES, CASES, REFUSED, RULES, name_of

SMALL = {"a": ("1", "2", "3"), "b": ("1", "2"), "c": ("1", "2", "3"), "d": ("1", "2")}
CHAINED = (
    # Only together they say that a=1 never meets d=1.
    Rule(("a", "b"), lambda a, b: a != "1" or b == "2", "1 wants 2"),
    Rule(("b", "d"), lambda b, d: b != "2" or d == "2", "2 wants 2"),
)


def allowed(axes, rules):
    """A truth value for every combination, one dimension an axis: brute force, no search."""
    names = list(axes)
    whole = np.ones([len(values) for values in axes.values()], bool)
    for rule in rules:
        shape = [len(axes[name]) if name in rule.axes else 1 for name in names]
        table = np.empty(shape, bool)
        for place in np.ndindex(*shape):
            table[place] = rule.holds(*(axes[n][place[names.index(n)]] for n in rule.axes))
        whole &= table
    return whole


def possible_pairs(axes, rules):
    """Every pair of values that some combination has."""
    names, whole = list(axes), allowed(axes, rules)
    found = set()
    for (i, one), (j, two) in combinations(enumerate(names), 2):
        rest = tuple(k for k in range(len(names)) if k not in (i, j))
        for first, second in zip(*np.nonzero(whole.any(axis=rest)), strict=True):
            found.add(((one, axes[one][first]), (two, axes[two][second])))
    return found


@pytest.mark.parametrize(
    ("axes", "rules"),
    [(SMALL, ()), (SMALL, CHAINED), (AXES, RULES)],
    ids=["free", "chain", "table"],
)
def test_every_possible_pair_is_held_and_no_other(axes, rules):
    """The pairs in the cases are exactly those of all combinations that the rules allow."""
    cases = CASES if axes is AXES else covering(axes, rules)

    assert possible_pairs(axes, rules) == {pair for case in cases for pair in pairs_in(case)}


def test_no_case_breaks_a_rule():
    """Each case is one of the allowed combinations, and stands in the table once."""
    places = [tuple(AXES[name].index(value) for name, value in case.items()) for case in CASES]
    whole = allowed(AXES, RULES)

    assert all(whole[place] for place in places)
    assert len(places) == len(set(places))


def test_the_same_table_gives_the_same_cases():
    """Nothing is drawn by chance."""
    assert covering(AXES, RULES) == CASES


def test_every_value_is_possible():
    """No rule shuts a value out altogether."""
    used = {item for case in CASES for item in case.items()}

    assert {(name, value) for name, values in AXES.items() for value in values} == used


def test_the_matrix_is_as_large_as_promised():
    """At least 120 cases, and at most five that are refused."""
    assert len(CASES) >= 120
    assert len(REFUSED) <= 5


def test_what_is_known_to_fail_is_in_the_matrix():
    """No entry outlives its case."""
    assert {name for names in KNOWN.values() for name in names} <= set(map(name_of, CASES))
