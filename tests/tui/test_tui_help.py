"""The help: pages, examples, limits and their origin, finding words, about, changes, and the guided tour."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import known
import pytest

from qltui import __version__
from qltui.instruments.base import get_instrument
from qltui.model import Status
from qltui.quality.limits import Context, Limit, LimitSet, Reference
from qltui.quality.limits_file import load_limits
from qltui.store import versions
from qltui.tui.about import about_facts, changes_text, libraries
from qltui.tui.help_examples import drawn_examples, make_example, status_of
from qltui.tui.help_metrics import Subject, explained, limit_words
from qltui.tui.help_pages import PAGES, HelpContent, changes_lines, found_lines, page_lines
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import line_width, plain
from qltui.tui.themes import ROLES
from qltui.tui.tour import STEPS, TourScreen, find_culprit, tour_steps
from qltui.tui.widgets.lines import Lines

DESI = get_instrument("desi")
LIMITS = load_limits(DESI)
BRAILLE, ASCII = CHARSETS["braille"], CHARSETS["ascii"]
INF = float("inf")


def whole(app):
    """What stands on the screen that is shown, its panes one below another."""
    return "\n".join(pane.text for pane in app.screen.query(Lines) if pane.display)


async def shown(app, pilot, words):
    """Wait until `words` stand on the screen: one that opens by itself does so some rounds of the loop later."""
    for _ in range(100):
        if words in whole(app):
            return True
        await pilot.pause()
    return False


async def rest(app, pilot):
    """Wait until everything is read and drawn."""
    await app.workers.wait_for_complete()
    await pilot.pause()


async def press(app, pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await rest(app, pilot)


def limit(normal, warning, *references, **other):
    return Limit("NOISE_AMP", normal, warning, references or (Reference("number", 0.0),), **other)


# -- examples ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", LIMITS.limits, ids=lambda entry: f"{entry.metric}-{'-'.join(sorted(entry.obstypes))}")
def test_every_limit_has_a_good_example_that_is_good_and_a_bad_one_that_is_not(entry):
    for alone in (False, True):
        example = make_example(entry, 8 if alone else 40, alone=alone)
        assert {status_of(value, example) for value in example.good} == {Status.NORMAL}
        assert any(status_of(value, example) is not Status.NORMAL for value in example.bad)
        assert status_of(example.bad[0], example) is Status.NORMAL


@pytest.mark.parametrize("metric", DESI.metrics, ids=lambda metric: metric.name)
@pytest.mark.parametrize("charset", [BRAILLE, ASCII], ids=["braille", "ascii"])
def test_every_metric_is_drawn_good_and_bad(metric, charset):
    entry = next(entry for entry in LIMITS.limits if entry.metric == metric.name)
    for width in (80, 130):
        lines = drawn_examples(metric, entry, DESI, charset, width)
        text = "\n".join(plain(line) for line in lines)
        assert "good example" in text.split("\n")[0]
        assert "bad example" in text.split("\n")[0]
        assert charset.mark(Status.ALARM) in text
        assert charset.mark(Status.NORMAL) in text
        assert all(line_width(line) <= width for line in lines)
        assert {role.partition("+")[0] for line in lines for _, role in line} <= {"", *ROLES}


def test_one_sided_limits_go_bad_on_their_side():
    low = make_example(limit((-0.5, INF), (-0.7, INF), Reference("expected")))
    assert min(low.bad) < -0.7
    assert low.is_difference
    high = make_example(limit((-INF, 3.0), (-INF, 5.0)))
    assert max(high.bad) > 5.0
    only = make_example(limit((0.0, 0.0), (0.0, 0.0), Reference("number", 1.0)))
    assert set(only.good) == {1.0}
    assert min(only.bad) == 0.0
    shared = make_example(limit((-0.1, 0.1), (-0.2, 0.2), Reference("number", 10.0), relative=True))
    assert shared.normal == (9.0, 11.0)


# -- what is said --------------------------------------------------------------------------------------------------


def test_a_limit_is_a_sentence():
    noise = DESI.metric("NOISE_AMP")
    words = limit_words(LIMITS.select("NOISE_AMP", Context("b3", "b", "SCIENCE")), noise)
    assert words.startswith("value - reference -1.50 … 1.50 e-, warning -2.00 … 2.00 e-; reference the header's, else ")
    assert "median of the last 20 good values" in words
    assert limit_words(limit((0.0, 1.0), (-INF, 2.0)), noise) == "value 0.00 … 1.00 e-, warning -inf … 2.00 e-"
    table = limit((0.0, 1.0), (0.0, 2.0), Reference("number", {"A": 1.0, "B": 2.0}))
    assert limit_words(table, noise).endswith("reference A 1 B 2")


def test_a_metric_is_explained_with_its_value_here_and_the_limit_that_holds():
    process = known.known_cameras(3579)["b3"]
    judgements = tuple(item for step in process.steps for item in step.judgements)
    subject = Subject(3579, Context("b3", "b", "SCIENCE", "DARK", 20191001), judgements)
    lines = explained(DESI.metric("NOISE_AMP"), DESI, LIMITS, subject, BRAILLE, 100)
    text = "\n".join(plain(line) for line in lines)
    assert "3579 b3 C  25.10 e- ✖ ALARM  normal 2.10 … 4.10  reference 3.10 e-" in text
    assert "reference from header; limits default" in text
    assert "▸ everything: value - reference -1.50" in text
    assert "Ranges of desispec quicklook" in text
    assert "qltui.instruments.desi.measure_ccd.read_noise" in text
    lit = explained(DESI.metric("LITFRAC_AMP"), DESI, LIMITS, subject, BRAILLE, 100)
    marked = [plain(line) for line in lit if plain(line).startswith(" ▸")]
    assert marked == [" ▸ SCIENCE: value - reference -0.150 … 0.150, warning -0.200 … 0.200; reference 0.4"]


def test_a_site_s_limit_says_so_and_one_without_limits_too():
    site = LimitSet("desi", (limit((0.0, 1.0), (0.0, 2.0), from_site=True, source="ours\x1b[2J"),))
    text = "\n".join(plain(line) for line in explained(DESI.metric("NOISE_AMP"), DESI, site, None, BRAILLE, 80))
    assert "this site: ours[2J" in text
    bare = explained(DESI.metric("NOISE_AMP"), DESI, LimitSet("desi", ()), None, BRAILLE, 80)
    text = "\n".join(plain(line) for line in bare)
    assert "limits  none: it is measured, not judged" in text
    assert "example" not in text


def test_changes_are_headings_and_entries():
    lines = [
        plain(line).rstrip()
        for line in changes_lines("# Changes\n\n## 1.0\n\nFirst.\n\n- `a` is\n  new\n- b\x1b\n", 40)
    ]
    assert lines[0].startswith("── Changes")
    assert " · a is new" in lines
    assert " · b" in lines
    assert " First." in lines
    assert "0.1.0" in changes_text()


def test_all_pages_fit_and_words_are_found_in_all_of_them():
    content = HelpContent(
        "Night", "all exposures", (), (), DESI, LIMITS, None, (("qltui", "version 9"),), changes_text()
    )
    for page in PAGES:
        for width in (80, 200):
            assert all(line_width(line) <= width for line in page_lines(page, content, BRAILLE, width)), page
    assert "no metric under the cursor" in plain(page_lines("Metric", content, BRAILLE, 80)[0])
    found = "\n".join(plain(line) for line in found_lines("overscan", content, BRAILLE, 80))
    assert "── All metrics" in found
    assert "raw overscan pixels" in found
    assert "version 9" in "\n".join(plain(line) for line in found_lines("VERSION 9", content, BRAILLE, 80))
    assert "Nothing in the help has" in plain(found_lines("zebra", content, BRAILLE, 80)[0])
    waiting = page_lines("All metrics", replace(content, limits=None), BRAILLE, 80)
    assert "reading the limits" in plain(waiting[0])


def test_libraries_are_told_without_being_loaded():
    code = (
        "import sys; from qltui.tui.about import libraries; print(libraries());"
        "assert not {'numba', 'astropy', 'numpy'} & set(sys.modules), sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "astropy" in done.stdout
    assert dict(libraries())["textual"][0].isdigit()


# -- on the screen -------------------------------------------------------------------------------------------------


async def test_pages_are_turned_and_words_are_found(known_app):
    app = known_app()
    async with app.run_test(size=(100, 40)) as pilot:
        await app.poll()
        await press(app, pilot, "down", "question_mark")
        assert "Help: up and down scroll" in whole(app)
        assert "Monitor  what happens now" in whole(app)
        await press(app, pilot, "right")
        assert "reference from header" in whole(app)
        assert "bad example" in whole(app)
        await press(app, pilot, "right")
        assert "CHECKHDUS: Header agrees with file" in whole(app)
        await press(app, pilot, "end")
        assert "CHECKFLAT" in whole(app) or "measure_calibration" in whole(app)
        await press(app, pilot, "tab")
        assert f"version {__version__}, licence BSD-3-Clause" in whole(app)
        assert str(app.state_directory / "logs") in whole(app)
        await press(app, pilot, "right")
        assert "0.1.0" in whole(app)
        await press(app, pilot, "slash", *"overscan", "enter")
        assert "found: overscan" in whole(app)
        assert "raw overscan pixels" in whole(app)
        await press(app, pilot, "escape")
        assert "found:" not in whole(app)
        await press(app, pilot, "left", "left", "left", "left", "escape")
        assert len(app.screen_stack) == 1


async def test_about_and_changes_have_keys_of_their_own(known_app):
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(app, pilot, "f3")
        assert "licence BSD-3-Clause" in whole(app)
        await press(app, pilot, "q", "f4")
        assert "── 0.1.0" in whole(app)


async def test_a_site_s_limits_that_are_wrong_are_told(known_app, tmp_path):
    from qltui.config import load_config

    file = tmp_path / "limits.toml"
    file.write_text("[[limit]]\nmetric = 'NOTHING'\n")
    config = load_config(files=[], environment={}, flags={"paths": {"limits": str(file)}})
    app = known_app(config=config)
    async with app.run_test(size=(100, 40)) as pilot:
        await press(app, pilot, "f3")
        assert "trouble" in whole(app)
        assert "the instrument's own limits are shown" in whole(app)
        await press(app, pilot, "left")
        assert "value - reference" in whole(app)


async def test_a_version_of_the_record_is_among_the_limits_and_says_who_made_it(known_app, known_store):
    entry = '[[limit]]\nmetric = "NOISE_AMP"\ncamera = ["b3"]\nnormal = [-7, 7]\nwarning = [-9, 9]\n'
    entry += 'reference = "header"\nsource = "C is louder"\n'
    with known_store.transaction():
        made = known_store.tell(versions.save_version, "limits", "winter", entry, "Ann", "louder", 1_600_000_000.0)
        known_store.tell(versions.select_version, "limits", made.number, "Ann")
    app = known_app()
    async with app.run_test(size=(100, 60)) as pilot:
        await app.poll()
        await press(app, pilot, "down", "question_mark", "right")
        assert "b3: value - reference -7.00 … 7.00 e-, warning -9.00 … 9.00 e-" in whole(app)
        assert "record: winter v1, Ann 2020-09-13: C is louder" in whole(app)
        await press(app, pilot, "escape")
        # What cannot be used is not in force, and is said.
        with known_store.transaction():
            wrong = known_store.tell(versions.save_version, "limits", "wrong", "[[limit]]\n", "Ann", "x", 1.6e9)
            known_store.tell(versions.select_version, "limits", wrong.number, "Ann")
        await press(app, pilot, "f3")
        assert "limits wrong v1 cannot be used, the files hold instead" in " ".join(whole(app).split())
        await press(app, pilot, "escape", "question_mark", "right")
        assert "winter" not in whole(app)
        assert "-1.50 … 1.50 e-" in whole(app)


async def test_an_empty_screen_has_help_too(make_app):
    import pictures

    app = make_app(pictures.FakeRecord(engine_view=pictures.engine("idle"), version=0))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(app, pilot, "question_mark", "right")
        assert "no metric under the cursor" in whole(app) or "limits" in whole(app)
        facts = dict(about_facts(app))
        assert facts["state"].startswith("none")
        assert facts["observer"] == "observer"


# -- the tour ------------------------------------------------------------------------------------------------------


def test_the_tour_finds_the_worst_value_and_leaves_out_screens_that_are_not_there(known_store):
    assert find_culprit(known_store) is None  # the last night is good
    process = known_store.process_numbers(expid=3579)[0]

    class OfThatNight:
        def monitor_view(self, number=None):
            return known_store.monitor_view(number or process)

    place = find_culprit(OfThatNight())
    assert (place.process, place.expid, place.night) == (process, 3579, 20191001)
    assert (place.camera, place.metric, place.element) == ("b3", "NOISE_AMP", "C")
    assert [step.screen for step in tour_steps(("monitor",))] == ["monitor"] * 3
    assert len({step.title for step in STEPS}) == len(STEPS)


async def test_the_tour_goes_from_screen_to_screen_and_back(known_app):
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.poll()
        await press(app, pilot, "question_mark", "t")
        steps = tour_steps()
        for number, step in enumerate(steps, start=1):
            assert isinstance(app.screen, TourScreen)
            assert app.current_mode == step.screen
            assert f"Tour {number} of {len(steps)}: {step.title}" in whole(app)
            assert "esc leave the tour here" in whole(app)
            if number < len(steps):
                await press(app, pilot, "n")
        await press(app, pilot, "b")
        assert app.current_mode == steps[-2].screen
        await press(app, pilot, "escape")
        assert len(app.screen_stack) == 1
        assert app.current_mode == steps[-2].screen


async def test_the_tour_puts_the_cursor_on_the_bad_value(make_app):
    import pictures

    app = make_app(pictures.FakeRecord(pictures.process()), tour=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.poll()
        await rest(app, pilot)
        assert await shown(app, pilot, "Tour 1 of")
        await press(app, pilot, "n")
        assert "Here: exposure 3579, b3 C, NOISE_AMP." in " ".join(whole(app).split())
        await press(app, pilot, "escape")
        assert app.screen.grid.cursor.camera == "b3"


def test_no_words_of_the_tour_are_cut_at_eighty_columns():
    from qltui.tui.selection import Selection
    from qltui.tui.text import wrap

    place = Selection(1, 88888888, 20191001, "b3", "CHECK_SPECTRA", "DELTAMAG_TGT", "STAR")
    for step in STEPS:
        assert len(wrap(TourScreen(step, 1, 9, place).words, 78)) <= 3, step.title


def test_changes_lie_in_the_package_when_it_is_built():
    import tomllib

    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"CHANGELOG.md": "qltui/CHANGELOG.md"}
