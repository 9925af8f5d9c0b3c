"""How full the disks are: each file system once, each level told once, and what is kept by the rules of a site."""

from __future__ import annotations

import os
import queue
import time
from dataclasses import asdict

import pytest

from qltui.engine.cleaner import BY_ITSELF
from qltui.engine.disks import DiskWatch, FileSystem, measure
from qltui.engine.settings import EngineSettings
from qltui.engine.upkeep import Upkeep, policy_of
from qltui.instruments.base import get_instrument
from qltui.model import CameraReport, Exposure, Product, Status, Trigger, Verdict
from qltui.store import retention, usage
from qltui.store.record import Store
from qltui.store.retention import Policy
from qltui.store.views import EngineView

DAY = 86400.0
SIZE = 1e12


def system(used, device=1, *, read_only=False):
    return FileSystem(device, f"/disk{device}", used, (1.0 - used) * SIZE, SIZE, read_only)


def settings_for(path, **values):
    return EngineSettings(str(path / "data"), str(path), **values)


# -- levels ----------------------------------------------------------------------------------------------------------


def test_what_is_measured_is_what_this_user_may_write(tmp_path):
    found = measure(tmp_path)
    about = os.statvfs(tmp_path)
    assert found.device == tmp_path.stat().st_dev
    assert 0.0 < found.used < 1.0
    assert found.size == pytest.approx(found.free / (1.0 - found.used))
    assert found.size <= about.f_blocks * about.f_frsize
    assert measure(tmp_path / "not there") is None


def test_a_disk_that_fills_up_is_told_once_and_once_that_there_is_room_again(tmp_path):
    watch = DiskWatch(settings_for(tmp_path))
    told = [watch.look([("state", system(used))]) for used in (0.5, 0.81, 0.85, 0.95, 0.915, 0.905, 0.795, 0.2)]
    levels = [[level for level, _ in news] for news in told]
    assert levels == [[], ["warning"], [], ["alarm"], [], ["warning"], [], ["info"]]
    assert told[3][0][1] == (
        "the disk of state is 95 % full, 50.0 GB are left; remove old products (Control, or `qltui clear`) or move the "
        "state directory"
    )
    assert told[7][0][1] == "the disk of state is 20 % full, 800.0 GB are left: enough again"
    assert watch.look([("state", None)]) == []
    assert watch.disks == ()


def test_one_line_for_each_file_system_and_none_twice(tmp_path):
    watch = DiskWatch(settings_for(tmp_path))
    news = watch.look([("state", system(0.85)), ("products", system(0.85)), ("data", system(0.85))])
    assert [(disk.of, disk.level) for disk in watch.disks] == [(("state", "products", "data"), "warning")]
    assert [words.partition(";")[0] for _, words in news] == [
        "the disk of state, products and data is 85 % full, 150.0 GB are left"
    ]
    watch.look([("state", system(0.3)), ("products", system(0.93, 2)), ("data", system(0.95, 3))])
    assert [(disk.of, disk.level) for disk in watch.disks] == [
        (("state",), ""),
        (("products",), "alarm"),
        (("data",), "warning"),
    ]
    assert "tell whoever keeps it" in watch.disks[2].words


def test_data_that_nobody_can_write_is_full_by_nature(tmp_path):
    watch = DiskWatch(settings_for(tmp_path))
    assert watch.look([("state", system(0.3)), ("data", system(1.0, 2, read_only=True))]) == []
    assert [disk.of for disk in watch.disks] == [("state",)]


def test_free_bytes_count_as_well(tmp_path):
    watch = DiskWatch(settings_for(tmp_path, disk_free_warning=600.0, disk_free_alarm=500.0))
    assert [watch.look([("state", system(used))])[0][0] for used in (0.45, 0.55)] == ["warning", "alarm"]
    watch.change(settings_for(tmp_path))
    assert watch.look([("state", system(0.55))])[0][0] == "info"


def test_the_record_keeps_the_disks_and_counts_only_a_change_of_level(tmp_path):
    watch = DiskWatch(settings_for(tmp_path))
    with Store.open(tmp_path / "qltui.db") as store:
        versions = []
        for used in (0.5, 0.6, 0.95):
            watch.look([("state", system(used))])
            store.beat(EngineView("idle", disks=watch.disks))
            versions.append(store.version())
        assert store.engine().disks == watch.disks
        assert asdict(store.engine().disks[0])["of"] == ("state",)
    assert versions[0] == versions[1] < versions[2]


# -- retention -------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    for name in ("products", "logs", "data"):
        (tmp_path / name).mkdir()
    with Store.open(tmp_path / "qltui.db") as opened:
        yield opened


@pytest.fixture
def reduced(store, tmp_path):
    """Write an exposure of a night with a preview, spectra and a table, reduced so many days ago."""

    def make(expid, days, *, fit=False, program="", finished=True):
        night = int(time.strftime("%Y%m%d", time.gmtime(time.time() - days * DAY)))
        exposure = Exposure("desi", night, expid, "FLAT", f"/raw/{expid}", mjd=58757.0 + expid, program=program)
        number = store.add_exposure(exposure)
        process, when = store.enqueue(number, Trigger.NEW, "ada", ("b0",)), time.time() - days * DAY
        store.start_process(process, now=when)
        store.start_job(process, "b0", now=when)
        products = []
        for kind in ("preview", "spectra", "fiberflat" if fit else "fibers"):
            path = tmp_path / "products" / f"{expid}" / f"{kind}-b0.fits"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"x" * 100)
            products.append(Product(kind, str(path), 100, "abc"))
        store.finish_job(process, CameraReport("b0", 1, (), tuple(products)), Status.NORMAL, fit=fit, now=when)
        if finished:
            store.finish_process(process, Verdict(Status.NORMAL, "", (), 1, 1), now=when)
        return number

    return make


def left(tmp_path):
    found: dict[int, set[str]] = {}
    for path in (tmp_path / "products").rglob("*.fits"):
        found.setdefault(int(path.parent.name), set()).add(path.name.partition("-")[0])
    return found


def policy(**values):
    return Policy(**values, preview_kinds=("preview", "field"), spectra_kinds=("spectra", "reduced"))


def keep(store, tmp_path, rules, room=0.0):
    """Let a cleaner keep to these rules, and return what it says; what was foretold is what goes."""
    ended: queue.SimpleQueue = queue.SimpleQueue()
    upkeep = Upkeep(settings_for(tmp_path), get_instrument("desi"), store, ended.put)
    upkeep.cleaner.keep_to(rules, room)
    said = ended.get(timeout=30.0)
    words = upkeep.on_end(said)
    assert said.command == BY_ITSELF
    assert not upkeep.cleaner.busy
    return said, words


ALL = {"preview", "spectra", "fibers"}


def test_each_kind_goes_at_its_age(store, tmp_path, reduced):
    for expid, days in ((1, 100.0), (2, 40.0), (3, 10.0), (4, 0.5)):
        reduced(expid, days)
    rules = policy(previews=7, spectra=30, products=90)
    assert store.ask(retention.would_go, rules, time.time()) == {
        "previews": (3, 300),
        "spectra": (2, 200),
        "products": (1, 100),
    }
    said, words = keep(store, tmp_path, rules)
    assert left(tmp_path) == {2: {"fibers"}, 3: {"spectra", "fibers"}, 4: ALL}
    assert words == ("info", "disk cleared: 6 files (600 B) and 0 lines of the log removed")
    assert [(item.who, item.files) for item in store.ask(usage.cleanings)] == [("retention", 6)]
    said, words = keep(store, tmp_path, rules)
    assert (said.gone, words) == (0, None)
    assert len(store.ask(usage.cleanings)) == 1


def test_the_oldest_go_until_all_have_the_size_that_they_may_have(store, tmp_path, reduced):
    for expid in range(1, 6):
        reduced(expid, 49.5 - expid)
    rules = policy(previews=48, size=750.0)
    assert store.ask(retention.would_go, rules, time.time()) == {"previews": (1, 100), "oldest products": (7, 700)}
    keep(store, tmp_path, rules)
    assert sum(map(len, left(tmp_path).values())) == 7
    assert set(left(tmp_path)) == {3, 4, 5}
    assert store.ask(retention.would_go, rules, time.time())["oldest products"] == (0, 0)


def test_room_is_made_of_the_oldest(store, tmp_path, reduced):
    for expid in range(1, 4):
        reduced(expid, 50.0 - expid)
    keep(store, tmp_path, policy(), room=250.0)
    assert left(tmp_path) == {2: ALL, 3: ALL}


def test_what_stays_whatever_the_rules_say(store, tmp_path, reduced):
    flagged, commented = reduced(1, 60.0), reduced(2, 59.0)
    store.set_flag(flagged, "good", "ada", "a standard")
    store.add_comment(commented, "ada", "look at this again")
    reduced(3, 58.0, finished=False)
    store.enqueue(reduced(4, 57.0), Trigger.REPROCESS, "ada", ("b0",))
    reduced(5, 56.0, fit=True, program="g")
    reduced(6, 55.0, fit=True, program="g")
    reduced(7, 54.0, fit=True, program="r")
    store.set_flag(reduced(8, 53.0, fit=True, program="g"), "bad", "ada", "dome light")
    reduced(9, 52.0)
    reduced(10, 20.0)
    rules = policy(previews=1, spectra=1, products=1, size=1.0)
    foretold = store.ask(retention.would_go, rules, time.time())
    said, _ = keep(store, tmp_path, rules)
    flats = {"fiberflat"}
    there = left(tmp_path)
    assert {number: there[number] for number in (1, 2, 3, 4, 10)} == dict.fromkeys((1, 2, 3, 4, 10), ALL)
    assert (there[6] & flats, there[7] & flats, there[8]) == (flats, flats, {"preview", "spectra", "fiberflat"})
    assert not {5, 9} & set(there)
    assert said.gone == sum(count for count, _ in foretold.values())


def test_old_logs_and_lines_go_and_the_one_in_use_stays(store, tmp_path):
    old = time.time() - 40 * DAY
    for name in ("engine.log", "engine.log.1", "engine.log.2"):
        (tmp_path / "logs" / name).write_text("said")
        os.utime(tmp_path / "logs" / name, (old, old))
    (tmp_path / "logs" / "engine.log.2").touch()
    keep(store, tmp_path, policy(logs=30))
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["engine.log", "engine.log.2"]


@pytest.mark.parametrize(
    ("instrument", "previews", "spectra"),
    [("desi", ("preview",), ("reduced", "spectra")), ("decam", ("preview", "field"), ("reduced",))],
)
def test_an_instrument_says_which_products_are_which(tmp_path, instrument, previews, spectra):
    found = policy_of(settings_for(tmp_path, keep_previews=7, keep_size=2.0), get_instrument(instrument))
    assert (found.previews, found.size, found.products) == (7, 2e9, 0)
    assert (found.preview_kinds, found.spectra_kinds) == (previews, spectra)


def test_what_is_due_is_begun_once_an_hour_and_nothing_without_a_rule(store, tmp_path, reduced):
    now, ended = [0.0], queue.SimpleQueue()
    reduced(1, 60.0)
    reduced(2, 50.0)
    upkeep = Upkeep(settings_for(tmp_path), get_instrument("desi"), store, ended.put, lambda: now[0])
    now[0] = 90.0
    upkeep.look(None)
    assert not upkeep.cleaner.busy
    upkeep.change(settings_for(tmp_path, keep_products=7, keep_spectra=7, keep_previews=7))
    now[0] = 3600.0
    upkeep.look(None)
    assert not upkeep.cleaner.busy
    now[0] = 3700.0
    upkeep.look(None)
    assert upkeep.cleaner.busy == {BY_ITSELF}
    assert upkeep.on_end(ended.get(timeout=30.0))[1].startswith("disk cleared: 3 files")
    assert left(tmp_path) == {2: ALL}
