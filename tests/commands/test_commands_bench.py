"""What `qltui bench` compares is one exposure, for us and for the program beside us."""

from __future__ import annotations

import stat

from qltui.commands.bench import images_of
from qltui.commands.bench_peer import peer_seconds


def test_images_of_calibrations_are_not_counted_for_the_other_program(tmp_path):
    for expid, process in ((229388, 1), (229392, 5), (229392, 5)):
        for camera in ("N4", "S4"):
            path = tmp_path / "20130831" / f"{expid:08d}" / f"{process:06d}" / f"reduced-{camera}.fits"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    names = [path.relative_to(tmp_path).as_posix() for path in images_of(tmp_path, 229392)]
    assert names == ["20130831/00229392/000005/reduced-N4.fits", "20130831/00229392/000005/reduced-S4.fits"]


def test_the_other_program_is_called_once_for_each_image_at_the_threshold(tmp_path, monkeypatch):
    program, calls = tmp_path / "peer", tmp_path / "calls"
    program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    images = [tmp_path / f"reduced-{name}.fits" for name in ("N4", "S4", "S30")]
    for image in images:
        image.write_bytes(b"pixels")
    assert peer_seconds(["absent", "peer"], images, 2, 5.0) > 0.0
    said = calls.read_text().splitlines()
    assert sorted(words.split()[0] for words in said) == sorted(f"{image}[1]" for image in images)
    assert all("-DETECT_THRESH 5.0" in words for words in said)
