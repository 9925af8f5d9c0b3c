"""Values around those of a good camera, judged by the same limits."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from qltui.model import Judgement, Status, worst
from qltui.quality.limits import Range
from qltui.season.templates import MouldStep
from qltui.store.views import StepView

__all__ = ["camera_steps", "first_elements", "judged", "vary"]

_FAULT = (1.1, 2.6)
"""How far a bad value lies beyond its normal range, in widths of the way from the good value to the limit."""


def judged(value: float, normal: Range, warning: Range) -> Status:
    """Return the status of a value; ranges include their ends, and without one nothing was checked."""
    if math.isnan(value):
        return Status.UNKNOWN
    if math.isnan(normal[0]):
        return Status.NOT_CHECKED
    if normal[0] <= value <= normal[1]:
        return Status.NORMAL
    return Status.WARNING if warning[0] <= value <= warning[1] else Status.ALARM


def vary(
    judgement: Judgement, sigmas: tuple[float, ...], rng: random.Random, drift: float = 0.0, *, bad: bool = False
) -> Judgement:
    """Return a judgement with other values.

    Parameters
    ----------
    sigmas : tuple of float
        Scatter of each element, in the metric's unit.
    drift : float
        What all elements have in common, in units of their scatter.
    bad : bool
        Let the first element that can be bad lie outside of its normal range.
    """
    values = [
        value + sigma * (drift + rng.gauss(0.0, 1.0)) for value, sigma in zip(judgement.values, sigmas, strict=True)
    ]
    if bad:
        for index, (good, normal) in enumerate(zip(judgement.values, judgement.normal, strict=True)):
            bounds = [bound for bound in normal if math.isfinite(bound) and bound != good]
            if bounds:
                # The farther one: a count that may not fall has its other bound close by.
                bound = max(bounds, key=lambda end: abs(end - good))
                values[index] = good + (bound - good) * rng.uniform(*_FAULT)
                break
    statuses = tuple(map(judged, values, judgement.normal, judgement.warning))
    return replace(judgement, values=tuple(values), statuses=statuses)


def camera_steps(
    mould: tuple[MouldStep, ...], rng: random.Random, drift: float, *, bad: bool = False
) -> tuple[StepView, ...]:
    """Return the steps of a camera with values around those of its mould; `bad`: one metric of one step is bad."""
    culprit = rng.randrange(len(mould)) if bad and mould else -1
    steps = []
    for index, step in enumerate(mould):
        movable = [number for number, sigmas in enumerate(step.sigmas) if any(sigmas)]
        wrong = rng.choice(movable) if index == culprit and movable else -1
        judgements = tuple(
            vary(judgement, step.sigmas[number], rng, drift, bad=number == wrong)
            for number, judgement in enumerate(step.judgements)
        )
        status = worst(judgement.status for judgement in judgements)
        steps.append(StepView(step.step, status, "", step.seconds * rng.uniform(0.8, 1.5), None, judgements))
    return tuple(steps)


def first_elements(mould: tuple[MouldStep, ...], metrics: frozenset[str]) -> tuple[MouldStep, ...]:
    """Return a mould with the first element of some metrics only: what is kept of nights long ago."""
    return tuple(
        MouldStep(
            step.step,
            step.seconds,
            tuple(_first(item) for item in step.judgements if item.metric in metrics),
            tuple(
                sigmas[:1] for item, sigmas in zip(step.judgements, step.sigmas, strict=True) if item.metric in metrics
            ),
        )
        for step in mould
    )


def _first(judgement: Judgement) -> Judgement:
    return replace(
        judgement,
        elements=judgement.elements[:1],
        values=judgement.values[:1],
        references=judgement.references[:1],
        normal=judgement.normal[:1],
        warning=judgement.warning[:1],
        statuses=judgement.statuses[:1],
    )
