"""Few cases that hold every pair of values that any case may hold.

A greedy generator: each case begins with a pair that is not held yet, and takes for every other
axis the value that adds most pairs, or the one used least so far where several add as many. The
same axes and rules always give the same cases.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Axes = Mapping[str, Sequence[str]]
    Case = dict[str, str]
    Item = tuple[str, str]
    Pair = tuple[Item, Item]
    Worth = Callable[[Case, Item], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What values of some axes may stand together."""

    axes: tuple[str, ...]
    holds: Callable[..., bool]
    """Takes a value of each axis, in order."""
    reason: str


def covering(axes: Axes, rules: Sequence[Rule]) -> list[Case]:
    """Cases that together hold every pair that `pairs_of` gives, none of them against a rule."""
    left = dict.fromkeys(pairs_of(axes, rules))
    used: Counter[Item] = Counter()
    place = {name: number for number, name in enumerate(axes)}

    def worth(part: Case, item: Item) -> tuple[int, int]:
        pairs = [sorted((item, other), key=lambda x: place[x[0]]) for other in part.items()]
        return sum((one, two) in left for one, two in pairs), -used[item]

    cases = []
    while left:
        case = completed(dict(next(iter(left))), axes, rules, worth)
        assert case is not None, "pairs_of gives only what can be completed"
        cases.append(case)
        used.update(case.items())
        for held in pairs_in(case):
            left.pop(held, None)
    return cases


def pairs_of(axes: Axes, rules: Sequence[Rule]) -> list[Pair]:
    """Every pair of values of two axes that some whole case may hold."""
    return [
        ((one, first), (two, second))
        for one, two in combinations(axes, 2)
        for first in axes[one]
        for second in axes[two]
        if completed({one: first, two: second}, axes, rules) is not None
    ]


def pairs_in(case: Case) -> list[Pair]:
    """The pairs that a case holds; its axes in the order of the table."""
    return list(combinations(case.items(), 2))


def completed(
    part: Case, axes: Axes, rules: Sequence[Rule], worth: Worth = lambda _part, _item: (0, 0)
) -> Case | None:
    """`part` with a value for every axis, the worthiest first; None if no rule-abiding one exists."""
    if not _allowed(part, rules):
        return None
    name = next((name for name in axes if name not in part), None)
    if name is None:
        return {name: part[name] for name in axes}
    for value in sorted(axes[name], key=lambda value: worth(part, (name, value)), reverse=True):
        whole = completed({**part, name: value}, axes, rules, worth)
        if whole is not None:
            return whole
    return None


def _allowed(part: Case, rules: Sequence[Rule]) -> bool:
    return all(
        rule.holds(*(part[name] for name in rule.axes))
        for rule in rules
        if all(name in part for name in rule.axes)
    )
