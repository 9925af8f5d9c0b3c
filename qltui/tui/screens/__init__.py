"""The screens of the program: a new one is an entry here, and keys, jump mode, palette and footer follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["SCREENS", "ScreenEntry", "screen_entry"]


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """One screen of the program.

    Attributes
    ----------
    key : str
        The number that leads there; empty where only the jump mode does.
    letter : str
        What leads there in the jump mode.
    name, title : str
        Name of the mode, and the word in the footer.
    factory : str
        ``"module:class"``; loaded when it is first shown.
    help : str
        A sentence.
    """

    key: str
    letter: str
    name: str
    title: str
    factory: str
    help: str


def _entry(key: str, letter: str, name: str, title: str, place: str, words: str) -> ScreenEntry:
    return ScreenEntry(key, letter, name, title, f"qltui.tui.screens.{place}", words)


SCREENS: Final = (
    _entry("1", "m", "monitor", "Monitor", "monitor:MonitorScreen", "what happens now, and whether it is good"),
    _entry("2", "e", "exposure", "Exposure", "exposure:ExposureScreen", "all metrics of one exposure, by step"),
    _entry("3", "n", "night", "Night", "night:NightScreen", "the exposures of a night or of several, and a heat map"),
    _entry("4", "t", "trends", "Trends", "trends:TrendsScreen", "any metric or header value against any other"),
    _entry("5", "l", "log", "Log", "logs:LogsScreen", "all that was logged, by exposure, camera, level and words"),
    _entry("6", "p", "processing", "Processing", "processing:ProcessingScreen", "every process, and how it ended"),
    _entry("7", "c", "conditions", "Conditions", "conditions:ConditionsScreen", "seeing, sky, weather, sun and moon"),
    _entry("8", "s", "survey", "Survey", "survey:SurveyScreen", "what of the sky was observed, and how well"),
    _entry("9", "a", "planning", "Planning", "planning:PlanningScreen", "what should be repeated; offline results"),
    _entry("0", "o", "configuration", "Settings", "configuration:ConfigurationScreen", "settings, limits and versions"),
    _entry("", "x", "metric", "Metric", "metric:MetricScreen", "one metric of one camera: values, limits, pictures"),
    _entry("", "v", "viewer", "Detector", "viewer:ViewerScreen", "pictures of the detectors, raw and reduced"),
    _entry("", "i", "field", "Field", "field:FieldScreen", "all selected cameras in their places, as one picture"),
    _entry("", "y", "spectra", "Spectra", "spectra:SpectraScreen", "spectra of fibres over all arms"),
    _entry(
        "", "f", "focal-plane", "Focal plane", "focal_plane:FocalPlaneScreen", "good and bad fibres in their places"
    ),
    _entry("", "u", "cameras", "Cameras", "cameras:CamerasScreen", "which cameras are reduced; selecting others"),
    _entry("", "h", "header", "Header", "headers:HeadersScreen", "the header of any part of the file"),
    _entry("", "r", "control", "Control", "control:ControlScreen", "automatic or manual, start, stop, clear the disk"),
    _entry(
        "", "b", "notifications", "Alarms", "notifications:NotificationsScreen", "alarms: acknowledge and mute them"
    ),
)


def screen_entry(name: str) -> ScreenEntry:
    """Return the entry of the screen called `name`; KeyError where there is none."""
    for entry in SCREENS:
        if entry.name == name:
            return entry
    raise KeyError(name)
