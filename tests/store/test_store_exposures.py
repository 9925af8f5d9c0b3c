"""What arrives: the same file twice, rewritten, moved, doubled, incomplete; strings that want to be something else."""

from __future__ import annotations

import os

import pytest

from qltui.model import Trigger
from qltui.store.codec import exposure_time, shutter_closed


def test_the_same_file_twice_changes_nothing(store, make_exposure):
    first = store.add_exposure(make_exposure())
    assert store.add_exposure(make_exposure()) == first
    assert [row.exposure.expid for row in store.exposures(20191001)] == [3579]
    assert store.exposures(20191001)[0].exposure.revision == 1


def test_everything_of_an_exposure_comes_back(store, make_exposure):
    exposure = make_exposure(
        airmass=1.2,
        seeing=None,
        ra=12.5,
        dec=-3.25,
        tile=1129,
        date_obs="2019-10-01T22:00:00",
        object="M31 \u2605",
        auxiliary={"fibermap": "/data/fibermap.fits"},
        header={"TEMP": 3.5, "DOME": "open", "COUNT": 3, "FLAG": True},
        problems=("fibermap missing",),
    )
    store.add_exposure(exposure)
    assert store.exposures(20191001)[0].exposure == exposure


def test_a_rewritten_file_is_a_new_revision_and_supersedes_what_waits(store, make_exposure):
    identifier = store.add_exposure(make_exposure())
    old = store.enqueue(identifier, Trigger.NEW, "me", ("b0",))
    assert store.add_exposure(make_exposure(size=2000, obstype="FLAT")) == identifier
    new = store.enqueue(identifier, Trigger.NEW, "me", ("b0",))
    assert new != old
    assert store.process_view(old).state == "superseded"
    assert [process.number for process in store.waiting()] == [new]
    exposure = store.exposures(20191001)[0].exposure
    assert (exposure.revision, exposure.size, exposure.obstype) == (2, 2000, "FLAT")


def test_late_companions_change_the_exposure_without_a_revision(store, make_exposure):
    store.add_exposure(make_exposure(problems=("fibermap missing",)))
    store.add_exposure(make_exposure(auxiliary={"fibermap": "/data/f.fits"}))
    exposure = store.exposures(20191001)[0].exposure
    assert (exposure.revision, exposure.problems, exposure.auxiliary) == (1, (), {"fibermap": "/data/f.fits"})


def test_two_files_of_one_number_do_not_chase_each_other(store, make_exposure):
    one, two = make_exposure(path="/data/one.fits"), make_exposure(path="/data/two.fits", size=77)
    for exposure in (one, two, one, two, one):
        store.add_exposure(exposure)
    known = store.known("desi", 20191001)
    assert {path: (file.size, file.revision) for path, file in known.items()} == {
        "/data/one.fits": (1000, 1),
        "/data/two.fits": (77, 2),
    }
    assert store.exposures(20191001)[0].exposure.path == "/data/two.fits"


def test_a_moved_file_is_no_new_revision(store, make_exposure):
    store.add_exposure(make_exposure(path="/data/here.fits"))
    store.add_exposure(make_exposure(path="/data/there.fits"))
    exposure = store.exposures(20191001)[0].exposure
    assert (exposure.revision, exposure.path) == (1, "/data/there.fits")
    assert set(store.known("desi", 20191001)) == {"/data/here.fits", "/data/there.fits"}


def test_known_tells_the_state_of_the_newest_process(store, make_exposure):
    exposure = make_exposure()
    identifier = store.add_exposure(exposure)
    assert store.known("desi", 20191001)[exposure.path] == (1000, exposure.mtime_ns, 1, "")
    store.start_process(store.enqueue(identifier, Trigger.NEW, "me", ("b0",)))
    assert store.known("desi", 20191001)[exposure.path].state == "running"
    assert store.known("desi", 20191002) == {}
    assert store.known("decam", 20191001) == {}


def test_nights_and_instruments_are_apart(store, make_exposure):
    store.add_exposure(make_exposure())
    store.add_exposure(make_exposure(night=20191002))
    assert store.nights() == [20191002, 20191001]
    assert len(store.exposures(20191001, last_night=20191002)) == 2
    assert [row.exposure.night for row in store.exposures()] == [20191002]
    assert store.exposures(20191001, instrument="decam") == []
    assert store.exposure_id("desi", 20191001, 3579) != store.exposure_id("desi", 20191002, 3579)
    assert store.exposure_id("desi", 20191001, 1) is None


def test_incomplete_files_keep_their_first_sight(store):
    store.set_incomplete("/data/a.fits", 10, 1000.0, "growing", instrument="desi", night=20191001)
    store.set_incomplete("/data/a.fits", 20, 2000.0, "still growing", instrument="desi", night=20191001)
    engine = store.engine()
    assert engine.incomplete == 1
    assert engine.incomplete_names == ("a.fits: still growing, since 00:16:40 UT",)
    store.clear_incomplete("/data/a.fits")
    assert store.engine().incomplete == 0


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE exposure; --",
        '" OR 1=1 --',
        "100%_[red]\x1b[2J\x00\x07\r\n\t",
        "%s ? :x @y $z",
        "\U0001f52d wide 天体 e\u0301",
        "",
    ],
)
def test_hostile_words_are_data(store, make_exposure, text):
    store.add_exposure(make_exposure(object=text, program=text, header={"WORDS": text, text or "empty": 1.5}))
    exposure = store.exposures(20191001)[0].exposure
    assert (exposure.object, exposure.program, exposure.header["WORDS"]) == (text, text, text)
    store.log("info", text, 3579, camera=text)
    assert store.log_lines(contains=text)[-1].text == text
    assert len(store.log_lines(camera=text)) == 1
    assert store.trend(text, (text,), (text,), obstypes=(text,)) == []


def test_words_that_are_no_text_are_kept_readable(store, make_exposure):
    store.add_exposure(make_exposure(object="broken \udcff"))
    assert store.exposures(20191001)[0].exposure.object == "broken \\udcff"


def test_names_of_files_may_be_any_bytes(store, make_exposure):
    path = os.fsdecode(b"/data/\xff\xfe\n.fits")
    store.add_exposure(make_exposure(path=path, auxiliary={"fibermap": path}))
    exposure = store.exposures(20191001)[0].exposure
    assert exposure.path == path
    assert exposure.auxiliary["fibermap"] == path
    assert set(store.known("desi", 20191001)) == {path}


def test_absurd_numbers_are_refused_or_unknown(store, make_exposure):
    with pytest.raises(ValueError, match="no number of an exposure"):
        store.add_exposure(make_exposure(tile=2**63))
    store.add_exposure(make_exposure(exptime=float("nan"), airmass=float("inf"), mjd=float("nan")))
    exposure = store.exposures(20191001)[0].exposure
    assert (exposure.exptime, exposure.airmass, exposure.mjd) == (None, None, None)


def test_the_time_of_an_exposure_is_its_start_or_that_of_its_file(make_exposure):
    assert exposure_time(make_exposure(mjd=58757.5)) == pytest.approx(1569931200.0)
    assert exposure_time(make_exposure(mjd=None, date_obs="2019-10-01T12:00:00")) == 1569931200.0
    assert exposure_time(make_exposure(mjd=1e9, date_obs="soon")) == pytest.approx(1.57e9)
    assert shutter_closed(make_exposure(mjd=58757.5)) == pytest.approx(1569932200.0)
    assert shutter_closed(make_exposure(mjd=None)) is None
    assert shutter_closed(make_exposure(exptime=None)) is None


def test_finding_by_the_last_digits(store, make_exposure):
    for expid in (3579, 13579, 4000):
        store.add_exposure(make_exposure(expid))
    assert store.find_exposure("579").exposure.expid == 13579
    assert store.find_exposure("03579").exposure.expid == 3579
    assert store.find_exposure(" 4000 ").exposure.expid == 4000
    assert store.find_exposure("999") is None
    assert store.find_exposure().exposure.expid == 13579
    assert store.find_exposure("4000", instrument="decam") is None
    with pytest.raises(ValueError, match="no number"):
        store.find_exposure("12a")


def test_header_numbers_make_trends(store, make_exposure):
    store.add_exposure(make_exposure(3500, airmass=1.5, header={"TEMP": 3.5, "DOME": "open", "UP": True}))
    store.add_exposure(make_exposure(3501, airmass=None, header={"TEMP": float("nan")}))
    store.add_exposure(make_exposure(3500, airmass=1.5, header={"TEMP": 4.5}, mjd=58757.8, size=5))
    assert [row[1:] for row in store.header_trend("TEMP")] == [(3500, 4.5)]
    assert [row[1:] for row in store.header_trend("AIRMASS", nights=(20191001, 20191001))] == [(3500, 1.5)]
    assert store.header_trend("UP") == store.header_trend("DOME") == []
