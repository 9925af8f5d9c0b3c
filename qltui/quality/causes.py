"""What is wrong with an exposure, in words: one line for each cause, not one for each metric and camera."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.model import Judgement, Status
from qltui.quality.hardware import common_hardware, hardware_words
from qltui.quality.results import CameraResult, StepResult

__all__ = ["Cause", "find_causes", "name_cameras"]

_BAD: Final = (Status.WARNING, Status.ALARM)
_MANY: Final = 3
"""From this many cameras on, the same fault of a camera is told in one line."""
_MOST_NAMES: Final = 4
"""Of cameras, named one by one."""
_EVERYWHERE: Final = "all cameras"
_LONGEST: Final = 60
"""Of a reason in a line of the verdict [characters]."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong.

    Attributes
    ----------
    status : Status
        The worst of what it explains.
    words : str
        ``"b3 C  noise 25.10 > 4.60 e-"``.
    cameras : tuple of str
        Where it shows.
    metric : str
        The metric that tells it; empty for a camera that is missing or a step that failed.
    keys : tuple of str
        Where it was seen: one for each camera and element, or the metric alone where it lies in the sky. Two causes of
        an exposure that share one are the same, though one was found when fewer cameras had been judged.
    also : tuple of str
        Other metrics that are bad and are taken for its consequences.
    """

    status: Status
    words: str
    cameras: tuple[str, ...]
    metric: str = ""
    keys: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Finding:
    """One metric (or one step, or the camera itself) that is not good, in one camera."""

    camera: str
    status: Status
    order: int
    step: int
    definition: MetricDefinition | None = None
    elements: tuple[str, ...] = ()
    value: float = math.nan
    limit: float = math.nan
    reference: float = math.nan
    reason: str = ""
    also: tuple[str, ...] = ()


def find_causes(
    instrument: Instrument, cameras: Mapping[str, CameraResult], expected: Sequence[str]
) -> tuple[Cause, ...]:
    """Return what is wrong, worst first.

    Three rules keep the list short. In one camera, what later steps find bad is a consequence of what an earlier one
    found at least as bad; so are other metrics of the same amplifiers. A fault that usually lies in the sky or the
    telescope is told once for all cameras that show it, one of a camera once where at least three show it; one that
    nearly all cameras of a piece of hardware show, and few others, is the hardware's. What was not checked for the same
    reason is told once.

    Parameters
    ----------
    instrument : Instrument
        Whose table says how each metric is put into words.
    cameras : mapping
        Results by camera, as far as they have come.
    expected : sequence of str
        Cameras that should have been there.
    """
    findings: list[_Finding] = []
    for name in expected:
        if name in cameras:
            findings.extend(_of_camera(instrument, cameras[name]))
    shared = _shared_metrics(findings)
    findings = [finding for name in expected for finding in _fold(findings, name, shared)]
    present = _present(instrument, cameras, expected)
    own = _of_hardware(findings, instrument, present)
    grouped = {id(finding) for group in own for finding in group}
    rest = [finding for finding in findings if id(finding) not in grouped]
    causes = [_cause(group, instrument, present, of_hardware=True) for group in own]
    causes += [_cause(group, instrument, present) for group in _groups(rest)]
    order = {id(cause): index for index, cause in enumerate(causes)}
    return tuple(sorted(causes, key=lambda cause: (-cause.status.severity, -len(cause.cameras), order[id(cause)])))


def _present(instrument: Instrument, cameras: Mapping[str, CameraResult], expected: Sequence[str]) -> tuple[str, ...]:
    """Return the cameras that are known of and should be there; the field is none."""
    field = instrument.field_camera.name if instrument.field_camera is not None else ""
    known = (name for name in expected if name in cameras and name != field)
    return tuple(name for name in known if cameras[name].status is not Status.NOT_EXPECTED)


def _of_hardware(findings: Sequence[_Finding], instrument: Instrument, present: Sequence[str]) -> list[list[_Finding]]:
    """Return findings of one metric, on the same side, that are a piece of hardware's; the worst of each first."""
    if not instrument.groups:
        return []
    alike: dict[tuple[str, bool], list[_Finding]] = {}
    for finding in findings:
        if finding.definition is not None and finding.status in _BAD and finding.camera in present:
            alike.setdefault((finding.definition.name, finding.value > finding.limit), []).append(finding)
    groups = []
    for same in alike.values():
        shown = tuple(dict.fromkeys(item.camera for item in same))
        names = common_hardware(shown, instrument, present)
        # What is bad in all of an arm is the arm's.
        if names and _whole_arms(shown, instrument, present)[1]:
            own = [finding for finding in same if finding.camera in names]
            groups.append(sorted(own, key=lambda finding: -finding.status.severity))
    return groups


def _of_camera(instrument: Instrument, camera: CameraResult) -> list[_Finding]:
    """Return all that is not good in one camera, in the order of steps and metrics."""
    if camera.status in (Status.NORMAL, Status.NOT_EXPECTED):
        return []
    found: list[_Finding] = []
    for number, step in enumerate(camera.steps):
        found.extend(_of_step(instrument, camera.camera, number, step))
    if found:
        return found
    if not camera.status.is_final:
        return []
    return [_Finding(camera.camera, camera.status, -1, -1, reason=camera.reason or _WORDS.get(camera.status, ""))]


_WORDS: Final[Mapping[Status, str]] = {
    Status.MISSING: "not in the file",
    Status.CANCELLED: "stopped",
    Status.FAILED: "reduction failed",
    Status.NOT_CHECKED: "not checked",
    Status.UNKNOWN: "nothing known",
}


def _of_step(instrument: Instrument, camera: str, number: int, step: StepResult) -> Iterable[_Finding]:
    order = {definition.name: index for index, definition in enumerate(instrument.metrics)}
    own = step.status is Status.FAILED or (step.status is Status.NOT_CHECKED and not step.judgements)
    if own:
        title = next((item.title for item in instrument.steps if item.name == step.step), step.step)
        what = "failed" if step.status is Status.FAILED else "not checked"
        yield _Finding(camera, step.status, -1, number, reason=f"{title} {what}: {step.reason or 'no reason given'}")
    for judgement in step.judgements:
        if judgement.status is not Status.NORMAL:
            definition = instrument.metric(judgement.metric)
            yield _of_judgement(camera, number, order[judgement.metric], judgement, definition)


def _of_judgement(camera: str, step: int, order: int, judgement: Judgement, definition: MetricDefinition) -> _Finding:
    """Return a finding that stands for the elements with the worst status, with the value farthest out."""
    status = judgement.status
    indices = [index for index, item in enumerate(judgement.statuses) if item is status]
    elements = tuple(judgement.elements[index] for index in indices)
    if status not in _BAD:
        reason = judgement.reason or "no reason given"
        return _Finding(camera, status, order, step, definition, elements, reason=reason)
    worst = max(indices, key=lambda index: abs(_excess(judgement, index)[0]))
    _, limit = _excess(judgement, worst)
    return _Finding(
        camera, status, order, step, definition, elements, judgement.values[worst], limit,
        judgement.references[worst], judgement.reason,
    )  # fmt: skip


def _excess(judgement: Judgement, index: int) -> tuple[float, float]:
    """Return how far a value is beyond its normal range, with its sign, and the end that it is beyond."""
    value, (low, high) = judgement.values[index], judgement.normal[index]
    return (value - low, low) if value < low else (value - high, high)


def _shared_metrics(findings: Iterable[_Finding]) -> frozenset[str]:
    """Return the exposure-wide metrics that are bad in many cameras: no camera's own fault explains them."""
    counts: dict[str, int] = {}
    for finding in findings:
        if finding.definition is not None and finding.definition.scope == "exposure" and finding.status in _BAD:
            counts[finding.definition.name] = counts.get(finding.definition.name, 0) + 1
    return frozenset(name for name, count in counts.items() if count >= _MANY)


def _fold(findings: Iterable[_Finding], camera: str, shared: frozenset[str]) -> list[_Finding]:
    """Return the causes within one camera: consequences are kept by name only."""
    own = [finding for finding in findings if finding.camera == camera]
    causes: list[_Finding] = []
    for finding in sorted(own, key=lambda item: (-item.status.severity, item.step, item.order)):
        name = finding.definition.name if finding.definition is not None else ""
        root = None
        if finding.status in _BAD and name not in shared:
            root = next((index for index, cause in enumerate(causes) if _explains(cause, finding, shared)), None)
        if root is None:
            causes.append(finding)
        else:
            causes[root] = replace(causes[root], also=(*causes[root].also, name))
    return causes


def _explains(cause: _Finding, finding: _Finding, shared: frozenset[str]) -> bool:
    """Whether `finding`, which is not worse, is taken for a consequence of `cause`."""
    if cause.definition is None or finding.definition is None:
        return cause.status is Status.FAILED
    if cause.status not in _BAD or cause.definition.name in shared:
        return False
    if cause.step < finding.step:
        return cause.status is Status.ALARM
    same_kind = cause.definition.elements == finding.definition.elements == "amplifier"
    return cause.step == finding.step and same_kind and set(finding.elements) <= set(cause.elements)


def _groups(findings: Sequence[_Finding]) -> list[list[_Finding]]:
    """Return findings that are told in one line, in the order of the first of each."""
    groups: dict[object, list[_Finding]] = {}
    for finding in findings:
        groups.setdefault(_group_key(finding), []).append(finding)
    result: list[list[_Finding]] = []
    for group in groups.values():
        definition = group[0].definition
        exposure_wide = definition is not None and definition.scope == "exposure"
        together = group[0].status not in _BAD or len(group) >= (2 if exposure_wide else _MANY)
        result.extend([group] if together else [[finding] for finding in group])
    return result


def _group_key(finding: _Finding) -> object:
    if finding.status not in _BAD or finding.definition is None:
        return finding.status, finding.reason
    elements = finding.elements if finding.definition.elements == "axis" else ()
    return finding.status, finding.definition.name, elements, finding.value > finding.limit


def _cause(
    group: Sequence[_Finding],
    instrument: Instrument,
    present: Sequence[str],
    *,
    of_hardware: bool = False,
) -> Cause:
    """Put findings that belong together into words."""
    first = group[0]
    names = tuple(dict.fromkeys(finding.camera for finding in group))
    # A cloud that lies over most of the field is not told as the fault of what reads those cameras.
    in_the_sky = not of_hardware and first.definition is not None and first.definition.scope == "exposure"
    subject = name_cameras(names, instrument, present, hardware=not in_the_sky)
    also = tuple(dict.fromkeys(name for finding in group for name in finding.also))
    metric = first.definition.name if first.definition is not None else ""
    if first.definition is None or first.status not in _BAD:
        metrics = tuple(dict.fromkeys(item.definition.name for item in group if item.definition is not None))
        label = {Status.NOT_CHECKED: "not checked", Status.UNKNOWN: "unknown"}.get(first.status, "")
        what = f"{' '.join(metrics)} {label}: {first.reason}" if metrics else first.reason
        keys = tuple(f"{first.status}:{first.reason}:{name}" for name in names)
        return Cause(first.status, f"{subject}  {what}", names, metric, keys, also)
    if first.definition.elements == "amplifier":
        subject = _with_amplifiers(subject, group)
    words = f"{subject}  {_phrase(group)}"
    if len(names) == 1 and first.reason and len(first.reason) <= _LONGEST:
        words += f" ({first.reason})"
    if first.definition.scope == "exposure":
        keys = (metric,)
    else:
        keys = tuple(f"{metric}:{finding.camera}:{' '.join(finding.elements)}" for finding in group)
    return Cause(first.status, words, names, metric, keys, also)


def _with_amplifiers(subject: str, group: Sequence[_Finding]) -> str:
    """Return the subject with its amplifiers, ``"b3 C"``; of several cameras with the one that all share."""
    elements = {finding.elements for finding in group}
    if len({finding.camera for finding in group}) == 1:
        return subject + " " + "".join(group[0].elements)
    if len(elements) > 1 or len(group[0].elements) != 1:
        return subject
    if subject == _EVERYWHERE:
        return f"all {group[0].elements[0]} amplifiers"
    return f"{subject}, amplifier {group[0].elements[0]}"


def _phrase(group: Sequence[_Finding]) -> str:
    """Return what is wrong with the metric of a group: median of its cameras."""
    first = group[0]
    definition = first.definition
    assert definition is not None
    value, limit, reference = (
        statistics.median(getattr(finding, name) for finding in group) for name in ("value", "limit", "reference")
    )
    elements = tuple(dict.fromkeys(element for finding in group for element in finding.elements))
    text = definition.phrase.format(
        short=definition.short,
        element=" ".join(elements),
        value=format(value, definition.format),
        limit=format(limit, definition.format),
        reference=format(reference, definition.format),
        sign="<" if value < limit else ">",
        unit=definition.unit,
    )
    return " ".join(text.split())


def name_cameras(names: Sequence[str], instrument: Instrument, present: Sequence[str], *, hardware: bool = True) -> str:
    """Return a few words for many cameras: ``"b3"``, ``"all b"``, ``"b1 r1 z1"``, ``"7 cameras"``.

    Where the instrument has groups, and `hardware` may be named, also ``"backplane BKP3: 18 cameras"``.
    """
    if len(names) == 1:
        return names[0]
    if present and set(names) >= set(present):
        return _EVERYWHERE
    whole, rest = _whole_arms(names, instrument, present)
    if rest and hardware and instrument.groups:
        shared, alone = hardware_words(names, instrument, present)
        if shared and len(alone) <= _MOST_NAMES:
            return ", ".join([*shared, *([" ".join(alone)] if alone else [])])
    words = [f"all {arm}" for arm in whole]
    if len(rest) > _MOST_NAMES:
        return f"{len(names)} cameras"
    return " ".join([*words, *rest])


def _whole_arms(names: Sequence[str], instrument: Instrument, present: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the arms all of whose cameras are among `names`, and the names of others."""
    arms = {name: instrument.camera(name).arm for name in (*names, *present)}
    there = {
        arm: {name for name in present if arms[name] == arm} for arm in dict.fromkeys(arms[name] for name in names)
    }
    # The field is in no arm, and none is whole of which no camera is there.
    whole = [arm for arm, members in there.items() if members and members <= set(names)]
    return whole, [name for name in names if arms[name] not in whole]
