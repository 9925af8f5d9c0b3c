"""What the pictures of the metrics draw exists: kinds, elements, and columns that products have."""

from __future__ import annotations

from qltui.instruments.base import HISTORY, get_instrument

DESI = get_instrument("desi")
KINDS = {"patches", "scatter", "histogram", "places", "curve", "history"}


def test_every_metric_has_its_past_and_pictures_of_a_known_kind():
    for metric in DESI.metrics:
        assert metric.pictures[-1] is HISTORY, metric.name
        assert {picture.kind for picture in metric.pictures} <= KINDS
        titles = [picture.title for picture in metric.pictures]
        assert len(set(titles)) == len(titles)


def test_pictures_of_products_say_which_columns():
    for metric in DESI.metrics:
        for picture in metric.pictures:
            if picture.kind in ("scatter", "places", "curve"):
                assert picture.product
                assert picture.hdu
                assert picture.columns
                assert picture.x
                assert picture.x_title
                assert picture.name
            if picture.kind == "places":
                assert picture.y
                assert picture.y_unit == picture.x_unit != ""
            if picture.relative or picture.kind == "curve":
                assert picture.model
            if picture.only:
                assert picture.group


def test_amplifiers_lie_as_on_the_detector():
    letters, numbers = DESI.layouts["amplifier"]
    assert letters == (("C", "D"), ("A", "B"))
    assert numbers == (("3", "4"), ("1", "2"))
