"""What a process loads: the viewer must start at once, and the kernels must not know the house."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"astropy", "numba", "scipy", "sep"}


def loaded(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import qltui.tui.app",
        "import qltui.store.record",
        "import qltui.commands.status",
        "from qltui.instruments.base import get_instrument; get_instrument('desi')",
    ],
)
def test_what_a_viewer_loads_is_light(statement):
    assert not loaded(statement) & HEAVY


def test_help_loads_no_screen_and_no_kernel():
    modules = loaded("from qltui.cli import build_parser; build_parser()")
    assert not modules & (HEAVY | {"textual", "rich", "plotext", "peewee", "numpy"})


def test_kernels_load_no_files_and_no_record():
    modules = loaded(
        "import pkgutil, importlib, qltui.reduction as r\n"
        "for m in pkgutil.iter_modules(r.__path__, 'qltui.reduction.'): importlib.import_module(m.name)"
    )
    assert not modules & {"astropy", "peewee", "textual", "rich", "plotext", "watchfiles"}
