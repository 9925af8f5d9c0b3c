"""The site configuration as text: what the record keeps of it, and the template that explains every setting."""

from __future__ import annotations

from qltui.config import Config, sections, settings_of

__all__ = ["template", "to_toml"]


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c >= " " else f"\\u{ord(c):04x}" for c in escaped) + '"'
    return str(value)


def to_toml(config: Config) -> str:
    """Return `config` as TOML, without comments: what the record keeps of a process's configuration."""
    lines: list[str] = []
    section = ""
    for setting in settings_of(config):
        head, _, key = setting.key.partition(".")
        if head != section:
            lines.extend(["", f"[{head}]"] if lines else [f"[{head}]"])
            section = head
        lines.append(f"{key} = {_toml_value(setting.value)}")
    return "\n".join(lines) + "\n"


def template() -> str:
    """Return a configuration file with every setting, its meaning and its default, commented out."""
    lines = ["# qltui: site configuration. Remove the # in front of what you change.", ""]
    kinds = sections()
    section = ""
    for setting in settings_of(Config()):
        head, _, key = setting.key.partition(".")
        if head != section:
            section = head
            lines.extend(["", f"[{head}]", f"# {(kinds[head].__doc__ or '').splitlines()[0]}"])
        unit = f" [{setting.unit}]" if setting.unit else ""
        choices = f" One of: {', '.join(setting.choices)}." if setting.choices else ""
        lines.append(f"# {setting.doc}{unit}{choices}")
        lines.append(f"# {key} = {_toml_value(setting.value)}")
    return "\n".join(lines) + "\n"
