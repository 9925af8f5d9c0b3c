"""Files that are not what they should be, or not yet, or not any more."""

from __future__ import annotations

import os
import random
import shutil
import threading
from pathlib import Path

from harness import Site, fault
from raw_bytes import join, split
from site_of_faults import ANY, SkipFaultError

NORMAL = {"NORMAL"}
BAD = ANY - NORMAL
REFUSED = {"incomplete"}
_MOST_MEMORY = 1 << 30
"""Of any process of the engine, whatever sizes a file declares [bytes]."""


def _pause(seconds: float) -> None:
    """Let time go by that belongs to the fault itself: the pace of a writer."""
    threading.Event().wait(seconds)


def _seen(site: Site, expid: int) -> None:
    """Wait until the engine has begun with an exposure, or has at least noted it."""
    site.until(lambda record: record.of(expid), what=f"exposure {expid}")


@fault("files", "none: good exposures", tries=20, short=3, together=10)
def good(site: Site, rng: random.Random, n: int) -> None:
    site.arrive(site.make(), allowed=NORMAL)


@fault("files", "written slowly", tries=10, short=2, together=5)
def slowly(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    whole = raw.read_bytes()
    target = site.place_of(raw)
    target.parent.mkdir(parents=True, exist_ok=True)
    for other in sorted(raw.parent.glob("fibermap*")):
        other.replace(target.parent / other.name)
    pieces = 4 + n
    with target.open("wb") as stream:
        for piece in range(pieces):
            stream.write(whole[len(whole) * piece // pieces : len(whole) * (piece + 1) // pieces])
            stream.flush()
            _pause(rng.choice((0.02, 0.1, 0.5)))
    site.entered(_number(target), allowed=NORMAL, path=target)


def _number(path: Path) -> int:
    return int(path.name[5:13])


def _later_whole(site: Site, raw: Path, first: bytes, allowed=frozenset(REFUSED)):
    """Let a file come in damaged, and whole when that has been noted."""
    whole = raw.read_bytes()
    target = site.place_of(raw)
    raw.write_bytes(first)
    entry = site.arrive(raw, good=False, allowed=allowed)
    yield
    site.touched(target)
    target.write_bytes(whole)
    entry.good, entry.allowed = True, frozenset(NORMAL)
    site.mark()


@fault("files", "cut off at an offset, whole later", tries=50, short=5, together=25)
def cut_off(site: Site, rng: random.Random, n: int):
    raw = site.make()
    size = raw.stat().st_size
    yield from _later_whole(site, raw, raw.read_bytes()[: size * n // 50 + (n % 3 and rng.randrange(size // 50))])


@fault("files", "a file of another instrument cut off, whole later", tries=20, short=2, together=10, kind="decam")
def cut_off_imager(site: Site, rng: random.Random, n: int):
    raw = site.make()
    size = raw.stat().st_size
    whole = raw.read_bytes()
    entry = site.arrive(_with(raw, whole[: size * n // 20]), good=False, allowed=REFUSED)
    yield
    assert entry.path is not None
    site.touched(entry.path)
    entry.path.write_bytes(whole)
    entry.good, entry.allowed = True, frozenset(ANY - {"incomplete"})
    site.mark()


def _with(raw: Path, content: bytes) -> Path:
    raw.write_bytes(content)
    return raw


@fault("files", "zero length, whole later", tries=5, short=1, together=5)
def empty(site: Site, rng: random.Random, n: int):
    yield from _later_whole(site, site.make(), b"")


_NOT_FITS = {
    "text": b"this is a note, not an image\n" * 500,
    "page": b"<!DOCTYPE html><html><body>403 Forbidden</body></html>" * 60,
    "zeros": bytes(28800),
    "one card": b"SIMPLE  =                    T".ljust(2880),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40,
}


@fault("files", "not FITS, whole later", tries=10, short=3, together=10)
def not_fits(site: Site, rng: random.Random, n: int):
    content = list(_NOT_FITS.values())[n % len(_NOT_FITS)] if n < 8 else rng.randbytes(50_000)
    yield from _later_whole(site, site.make(), content)


def _flipped(raw: bytes, rng: random.Random, start: int, end: int, bits: int) -> bytes:
    changed = bytearray(raw)
    for _ in range(bits):
        changed[rng.randrange(start, end)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _parts(content: bytes) -> list[tuple[int, int, int, int]]:
    """Return for each HDU where its header, its table, and the heap of compressed pixels begin, and where it ends."""
    found, place = [], 0
    for hdu in split(content):
        data = place + hdu.header_size
        table = int(hdu.value("NAXIS1", "0")) * int(hdu.value("NAXIS2", "0"))
        end = data + table + int(hdu.value("PCOUNT", "0"))
        found.append((place, data, data + table, end))
        place = data + len(hdu.data)
    return found


@fault("files", "flipped bits in a header", tries=60, short=4, together=20)
def flipped_header(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    content = raw.read_bytes()
    start, end, *_ = rng.choice(_parts(content))
    site.arrive(_with(raw, _flipped(content, rng, start, end, 1 + n % 5)))


@fault("files", "flipped bits in the table of a compressed image", tries=40, short=4, together=20)
def flipped_table(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    content = raw.read_bytes()
    _, start, end, _ = rng.choice(_parts(content)[2:])
    site.arrive(_with(raw, _flipped(content, rng, start, end, 1 + n % 5)))


@fault("files", "a few flipped bits in compressed pixels", tries=40, short=4, together=20)
def flipped_pixels(site: Site, rng: random.Random, n: int) -> None:
    # Nothing in the file tells a changed pixel from a true one, where it can still be unpacked.
    raw = site.make()
    content = raw.read_bytes()
    _, _, start, end = rng.choice(_parts(content)[2:])
    site.arrive(_with(raw, _flipped(content, rng, start, end, 1 + n % 5)))


@fault("files", "compressed pixels of a camera overwritten", tries=20, short=2, together=10)
def garbage_pixels(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    content = raw.read_bytes()
    _, _, start, end = rng.choice(_parts(content)[2:])
    site.arrive(_with(raw, content[:start] + rng.randbytes(end - start) + content[end:]), good=False)


_SIZES = [
    *((hdu, name) for hdu in (1, 2) for name in ("NAXIS1", "NAXIS2", "PCOUNT", "ZNAXIS1", "ZNAXIS2", "ZTILE1")),
    *((2, name) for name in ("ZTILE2", "TFIELDS", "GCOUNT", "ZVAL1", "NAXIS", "ZNAXIS")),
]


@fault("files", "a gigantic size is declared", tries=2 * len(_SIZES), short=6, together=12)
def gigantic(site: Site, rng: random.Random, n: int):
    raw = site.make()
    hdus = split(raw)
    number, name = _SIZES[n % len(_SIZES)]
    hdus[number].set(name, "999999999" if n < len(_SIZES) else "9" * 19)
    # The little image that holds nothing but the header of the exposure is never unpacked.
    harmless = number == 1 and name.startswith("Z")
    site.arrive(_with(raw, join(hdus)), good=harmless)
    yield
    for pid in site.processes():
        peak = _peak_memory(pid)
        assert peak < _MOST_MEMORY, f"process {pid} took {peak / 1e6:.0f} MB for {name} of HDU {number}"


def _peak_memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


@fault("files", "deleted while read", tries=20, short=3)
def deleted(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    target = site.place_of(raw)
    entry = site.arrive(raw)
    _seen(site, entry.expid)
    _pause(rng.uniform(0.0, 0.3))
    site.touched(target)
    target.unlink()
    site.mark()


@fault("files", "its directory removed while read", tries=10, short=1)
def directory_removed(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    target = site.place_of(raw)
    entry = site.arrive(raw)
    _seen(site, entry.expid)
    _pause(rng.uniform(0.0, 0.3))
    site.touched(target)
    shutil.rmtree(target.parent)
    site.mark()


@fault("files", "renamed to another number while read", tries=20, short=3)
def renamed(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    target = site.place_of(raw)
    entry = site.arrive(raw)
    _seen(site, entry.expid)
    _pause(rng.uniform(0.0, 0.3))
    number = site.number()
    other = target.with_name(f"desi-{number:08d}.fits.fz")
    site.touched(target)
    target.rename(other)
    # The name says another number than the header: somebody has to look at that.
    site.entered(number, good=False, path=other)


@fault("files", "moved to another directory while read", tries=20, short=2)
def moved(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    target = site.place_of(raw)
    entry = site.arrive(raw)
    _seen(site, entry.expid)
    _pause(rng.uniform(0.0, 0.3))
    site.touched(target)
    target.rename(target.parents[1] / target.name)
    entry.path = None
    site.mark()


@fault("files", "rewritten while read", tries=20, short=3)
def rewritten(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    target = site.place_of(raw)
    whole = raw.read_bytes()
    entry = site.arrive(raw, allowed=NORMAL)
    _seen(site, entry.expid)
    _pause(rng.uniform(0.0, 0.3))
    site.touched(target)
    if n % 2:
        target.write_bytes(whole)
    else:
        new = target.with_name(".new")
        new.write_bytes(whole)
        new.replace(target)
    site.mark()


@fault("files", "rewritten by less, then whole", tries=10, short=1)
def rewritten_cut(site: Site, rng: random.Random, n: int):
    raw = site.make()
    target = site.place_of(raw)
    whole = raw.read_bytes()
    entry = site.arrive(raw)
    _seen(site, entry.expid)
    _pause(rng.uniform(0.0, 0.2))
    site.touched(target)
    target.write_bytes(whole[: len(whole) * (n + 1) // 12])
    entry.good, entry.allowed = False, frozenset(REFUSED)
    yield
    target.write_bytes(whole)
    entry.good, entry.allowed = True, frozenset(NORMAL)
    site.mark()


@fault("files", "200 nested directories at once", tries=3, short=1, kind="fake")
def nested(site: Site, rng: random.Random, n: int) -> None:
    night = site.root / "whole night"
    prepared = [site.make(obstype="ZERO", cameras=["b0"]) for _ in range(200)]
    places = [site.place_of(path) for path in prepared]
    night.mkdir()
    # All at once and at the first instant of their directories: the hints of the kernel miss most of them.
    for path, place in zip(prepared, places, strict=True):
        place.parent.mkdir(parents=True)
        path.replace(place)
        site.keep(place)
    for place in places:
        site.entered(int(place.stem[5:]), allowed={"MISSING"}, path=place)
    night.rmdir()


@fault("files", "the root removed and made anew", tries=6, short=2)
def root_removed(site: Site, rng: random.Random, n: int):
    # Of these two the files are gone for good, one time of two: reduced, or failed with the reason.
    site.arrive(site.make())
    running = site.make()
    entry = site.arrive(running)
    _seen(site, entry.expid)
    before = len(site.watch.record.log)
    away = site.root / "away"
    for path in list(site.data.rglob("*.fz")):
        site.touched(path)
    if n % 2:
        site.data.rename(away)
    else:
        shutil.rmtree(site.data)
    site.until(lambda record: any("cannot be read" in line for line in record.log[before:]), what="word of it")
    if n % 2:
        away.rename(site.data)
    else:
        site.data.mkdir()
    site.mark()
    site.arrive(site.make(), allowed=NORMAL)
    yield
    assert any("is back" in line for line in site.watch.record.log[before:])


@fault("files", "fibermap absent", tries=5, short=1, together=5)
def fibermap_absent(site: Site, rng: random.Random, n: int) -> None:
    site.arrive(site.make(fibermap=False), good=False, shown="fibermap")


@fault("files", "fibermap late", tries=5, short=1, together=5)
def fibermap_late(site: Site, rng: random.Random, n: int):
    raw = site.make()
    target = site.place_of(raw)
    entry = site.arrive(raw, companions=False, good=False, allowed=ANY - {"incomplete"}, shown="fibermap")
    yield
    for other in raw.parent.glob("fibermap*"):
        other.replace(target.parent / other.name)
        # It is written late, and not only moved late.
        os.utime(target.parent / other.name)
    entry.good, entry.allowed, entry.shown = True, frozenset(NORMAL), ""
    site.mark()


_WRONG_FIBERMAPS = (
    "not FITS",
    "cut off",
    "empty",
    "of no fibre",
    "of another number",
    "without OBJTYPE",
    "a directory",
)


@fault("files", "fibermap wrong", tries=len(_WRONG_FIBERMAPS), short=len(_WRONG_FIBERMAPS), together=10)
def fibermap_wrong(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    path = next(raw.parent.glob("fibermap*"))
    content = path.read_bytes()
    hdus = split(content)
    what = _WRONG_FIBERMAPS[n]
    if what == "of no fibre":
        hdus[1].set("NAXIS2", "0")
        hdus[1].data = b""
    elif what == "of another number":
        for hdu in hdus:
            if hdu.value("EXPID"):
                hdu.set("EXPID", "77")
    elif what == "without OBJTYPE":
        hdus[1].cards = [text.replace(b"'OBJTYPE", b"'OBJTYPO") for text in hdus[1].cards]
    new = {"not FITS": b"no table\n" * 400, "cut off": content[: len(content) // 2], "empty": b""}.get(what, join(hdus))
    path.unlink()
    if what == "a directory":
        path.mkdir()
    else:
        path.write_bytes(new)
    site.arrive(raw, good=False)


@fault("files", "two files of the same number", tries=8, short=2)
def same_number(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    target = site.place_of(raw)
    twin = target.parents[1] / target.name if n % 2 else target.parent.parent / f"{n:03d}" / target.name
    twin.parent.mkdir(parents=True, exist_ok=True)
    twin.write_bytes(raw.read_bytes())
    site.keep(twin)
    targets = next(raw.parent.glob("fibermap*"))
    if not (twin.parent / targets.name).exists():
        shutil.copy2(targets, twin.parent / targets.name)
    entry = site.arrive(raw, allowed=NORMAL)
    entry.path = None


@fault("files", "wrong NIGHT in the header", tries=6, short=2, together=6)
def wrong_night(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    hdus = split(raw)
    for hdu in hdus:
        if hdu.value("NIGHT"):
            hdu.set("NIGHT", ("20191002", "19700101", "99999999", "-1", "'Monday'", "20190931")[n])
    # The pixels are good, and the directory says which night it is; that the header does not is told beside it.
    site.arrive(_with(raw, join(hdus)), allowed=NORMAL, shown="NIGHT is" if n else "the header says night 20191002")


@fault("files", "permission denied, then granted", tries=4, short=1, kind="fake", fresh=True)
def denied(site: Site, rng: random.Random, n: int):
    prefix: tuple[str, ...] = ()
    if os.getuid() == 0:
        if not shutil.which("setpriv"):
            raise SkipFaultError("the superuser may read everything, and there is no setpriv to take that from him")
        prefix = ("setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search")
    site.stop()
    site.start(prefix=prefix)
    raw = site.make()
    target = site.place_of(raw)
    raw.chmod(0)
    if n % 2:
        target.parent.mkdir(parents=True)
        target.parent.chmod(0)
    entry = site.arrive(raw, good=False, allowed={"absent"} if n % 2 else REFUSED)
    site.arrive(site.make(), allowed=NORMAL)
    yield
    site.touched(target)
    target.parent.chmod(0o755)
    target.chmod(0o644)
    entry.good, entry.allowed = True, frozenset(NORMAL)
    site.mark()


@fault("files", "dangling link, whole later", tries=4, short=1, together=4)
def dangling(site: Site, rng: random.Random, n: int):
    raw = site.make()
    target = site.place_of(raw)
    target.parent.mkdir(parents=True, exist_ok=True)
    elsewhere = site.root / f"elsewhere-{target.name}"
    target.symlink_to(elsewhere)
    for other in raw.parent.glob("fibermap*"):
        other.replace(target.parent / other.name)
    entry = site.entered(_number(target), good=False, allowed={"absent", "incomplete"}, path=target)
    yield
    raw.replace(elsewhere)
    entry.good, entry.allowed = True, frozenset(NORMAL)
    site.mark()


_NAMES = (
    "desi-{0:08d} copy.fits.fz", " desi-{0:08d}.fits.fz", "desi-{0:08d}.fits.fz\n", "desi-\n{0:08d}.fits.fz",
    "dési-{0:08d}.fits.fz", "desi-{0:08d}.fits.fz.tmp", "desi-{0:08d}.fits.fz~", "desi-{0:08d}.\x1b[31m.fits",
    ".desi-{0:08d}.fits.fz.Xy12", "desi-\udcff{0:08d}.fits.fz", "desi-٣{0:07d}.fits.fz",
)  # fmt: skip


@fault("files", "names with blanks, UTF-8, newlines, bytes", tries=len(_NAMES), short=4, together=len(_NAMES))
def names(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    # It is not the name of an exposure; what lies beside it is, and comes through.
    entry = site.arrive(raw, _NAMES[n].format(_number(raw)), allowed={"absent"})
    assert entry.path is not None
    beside = site.make()
    hdu = split(beside)
    beside.write_bytes(join(hdu))
    site.arrive(beside, allowed=NORMAL)
    link = entry.path.parent / f"{n} ünd\n{n}"
    link.mkdir(exist_ok=True)


_ROOTS = ("with blanks and 'quotes'", "ünder 望遠鏡", "two\nlines", "\udcfe bytes", "[bold]markup ${HOME} %s")


@fault("files", "a root whose name has blanks, UTF-8, newlines, bytes", tries=len(_ROOTS), short=2, fresh=True)
def root_names(site: Site, rng: random.Random, n: int) -> None:
    site.stop()
    site.data = site.root / _ROOTS[(n + 2) % len(_ROOTS)]
    site.data.mkdir()
    site.start()
    site.arrive(site.make(), allowed=NORMAL)
