"""What stands on a screen that a test drives."""

from __future__ import annotations

from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.head_line import HeadLine
from qltui.tui.widgets.rule import Rule

__all__ = ["head", "rules", "said", "text"]


def text(app, name):
    return app.screen.query_one(f"#{name}").text


def said(app):
    return app.screen.query_one(Footer).text


def head(app):
    return app.screen.query_one(HeadLine).text


def rules(app):
    return "\n".join(rule.text for rule in app.screen.query(Rule))
