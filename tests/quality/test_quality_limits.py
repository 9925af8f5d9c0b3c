"""Limits files: what ships is complete, what is wrong is named, the most specific wins."""

from __future__ import annotations

import pickle

import pytest

from qltui.instruments.base import get_instrument
from qltui.quality.limits import Context, LimitSet
from qltui.quality.limits_file import LimitsError, load_limits, parse_limits

DESI = get_instrument("desi")
ENTRY = '[[limit]]\nmetric = "NOISE_AMP"\nnormal = [-1, 1]\nwarning = [-2, 2]\nsource = "test"\n'


def parse(text: str) -> LimitSet:
    return LimitSet("desi", parse_limits(text, DESI, where="limits.toml"))


def chosen(limits: LimitSet, element: str = "A", **context) -> tuple[float, float] | None:
    found = limits.select(
        "NOISE_AMP", Context(**{"camera": "b3", "arm": "b", "obstype": "SCIENCE", **context}), element
    )
    return None if found is None else found.normal


def test_every_metric_of_every_recipe_has_a_limit():
    limits = load_limits(DESI)
    classes = {"BRIGHT": ("BGS", "MWS", "STAR"), "DARK": ("ELG", "LRG", "QSO", "STAR")}
    for metric in DESI.metrics:
        for obstype in metric.obstypes:
            for camera in DESI.cameras:
                if metric.arms and camera.arm not in metric.arms:
                    continue
                for program, names in classes.items():
                    context = Context(camera.name, camera.arm, obstype, program, 20191001)
                    elements = names if metric.elements == "class" else ("",)
                    assert all(limits.select(metric.name, context, element) for element in elements), (
                        metric.name,
                        obstype,
                    )


def test_every_shipped_limit_says_where_it_comes_from():
    assert all(len(limit.source) > 15 for limit in load_limits(DESI).limits)


def test_most_specific_wins():
    more = '{key} = "{value}"\n'
    text = ENTRY.replace("[-1, 1]", "[-0.1, 0.1]")
    for number, (key, value) in enumerate(
        [("obstype", "SCIENCE"), ("program", "DARK"), ("arm", "b"), ("camera", "b3"), ("element", "C")], start=2
    ):
        text = ENTRY.replace("[-1, 1]", f"[-0.{number}, 0.{number}]") + more.format(key=key, value=value) + text
    limits = parse(text)
    assert chosen(limits, obstype="ARC", program="", arm="r", camera="r3") == (-0.1, 0.1)
    assert chosen(limits, program="", arm="r", camera="r3") == (-0.2, 0.2)
    assert chosen(limits, program="DARK", arm="r", camera="r3") == (-0.3, 0.3)
    assert chosen(limits, program="DARK", camera="b4") == (-0.4, 0.4)
    assert chosen(limits, program="DARK") == (-0.5, 0.5)
    assert chosen(limits, program="DARK", element="C") == (-0.6, 0.6)


def test_limits_hold_from_their_first_night():
    old, new = ENTRY.replace("[-1, 1]", "[-0.1, 0.1]"), ENTRY + "valid_from = 20201201\n"
    for text in (old + new, new + old):
        limits = parse(text)
        assert chosen(limits, night=20201130) == (-0.1, 0.1)
        assert chosen(limits, night=20201201) == (-1.0, 1.0)
    assert chosen(parse(new), night=20191001) is None


def test_site_file_wins(tmp_path):
    site = tmp_path / "site.toml"
    site.write_text('[[limit]]\nmetric = "LITFRAC_AMP"\nnormal = [0, 1]\nwarning = [0, 1]\n')
    ours, theirs = load_limits(DESI), load_limits(DESI, site)
    context = Context("b3", "b", "SCIENCE", "BRIGHT", 20191001)
    assert theirs.select("LITFRAC_AMP", context, "A").normal == (0.0, 1.0)
    assert theirs.select("BIAS_AMP", context, "A") == ours.select("BIAS_AMP", context, "A")
    assert ours.identity != theirs.identity


def test_identity_follows_the_content():
    assert parse(ENTRY).identity == parse(ENTRY + "\n# a comment\n").identity
    assert parse(ENTRY).identity != parse(ENTRY.replace("[-1, 1]", "[-1, 1.1]")).identity
    assert pickle.loads(pickle.dumps(parse(ENTRY))).identity == parse(ENTRY).identity


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ENTRY.replace("NOISE_AMP", "NOISE"), "unknown metric 'NOISE'"),
        (ENTRY.replace('"NOISE_AMP"', '["NOISE_AMP"]'), "unknown metric"),
        (ENTRY.replace("[-1, 1]", "[1, -1]"), "lowest first"),
        (ENTRY.replace("[-1, 1]", "[-3, 1]"), "does not contain"),
        (ENTRY.replace("[-1, 1]", "[-1]"), "normal must be"),
        (ENTRY.replace("[-1, 1]", "[nan, 1]"), "nan"),
        (ENTRY.replace("[-1, 1]", "[true, 1]"), "not a number"),
        (ENTRY.replace("[-1, 1]", "[inf, inf]"), "not a range"),
        (ENTRY.replace("[-1, 1]", f"[-{'9' * 400}, 1]"), "too large"),
        (ENTRY + 'reference = "headers"\n', "unknown reference"),
        (ENTRY + 'reference = "history:0"\n', "unknown reference"),
        (ENTRY + "reference = inf\n", "infinite"),
        (ENTRY + "reference = []\n", "empty list"),
        (ENTRY + 'camera = "b10"\n', "unknown 'b10'"),
        (ENTRY + 'camera = [["b1"]]\n', "unknown"),
        (ENTRY + "camera = []\n", "empty list"),
        (ENTRY + 'obstype = "science"\n', "unknown 'science'"),
        (ENTRY + "valid_from = 20191301\n", "not a night"),
        (ENTRY + 'valid_from = "20191001"\n', "not a night"),
        (ENTRY + "limits = 3\n", "unknown key limits"),
        (ENTRY.replace('source = "test"', ""), "source is missing"),
        (ENTRY + "otherwise = 3\n", "otherwise is not a table"),
        (ENTRY + "[limit.otherwise]\nnormal = [0, 1]\nwarning = [0, 1]\ncamera = 'b1'\n", "unknown key camera"),
        ("limit = 3\n", "[[limit]]"),
        ("limit = [3]\n", "not a table"),
        ("limits = []\n", "found limits"),
        ("[[limit]\n", "not valid TOML"),
        ("a = " + "[" * 5000, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(text, words):
    with pytest.raises(LimitsError, match=r"limits\.toml") as error:
        parse(text)
    assert words in str(error.value)


def test_site_file_that_cannot_be_read(tmp_path):
    with pytest.raises(LimitsError, match=r"nowhere\.toml"):
        load_limits(DESI, tmp_path / "nowhere.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LimitsError, match=r"binary\.toml"):
        load_limits(DESI, binary)
