"""Reduced images as compressed FITS: of what the process kept, or made again from the raw file as it was then.

Images are compressed by the tiled-image convention with RICE_1: integers without loss; floating-point pixels in steps
of a sixteenth of their noise, with subtractive dither, so that no mean is shifted. NaN stays NaN.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from qltui.export.errors import ItemError
from qltui.export.verified import open_plain
from qltui.model import CameraTask, Status

__all__ = ["KIND", "Facts", "compress", "remake"]

KIND: Final = "reduced"
_STEPS_OF_NOISE: Final = 16.0
_DITHER: Final = 1
"""SUBTRACTIVE_DITHER_1."""
_MOST_SEEDS: Final = 10_000


class Facts(NamedTuple):
    """What the record knows of how an image came about.

    Attributes
    ----------
    code_version, configuration, limit_set : str
        Version of the program, and names with the beginning of their checksums.
    checksums : tuple of (str, str)
        Kind and SHA-256 of the calibrations that the record has.
    """

    code_version: str
    configuration: str
    limit_set: str
    checksums: tuple[tuple[str, str], ...] = ()


def compress(source: str, seed: int, facts: Facts, target: Path) -> None:
    """Write a FITS file of images again, compressed.

    Parameters
    ----------
    source : str
        A product with images.
    seed : int
        Of the dither: the same pixels give the same file.
    facts : Facts
        What its header has to say besides.
    target : Path
        The new file.

    Raises
    ------
    ItemError
        Where the product cannot be read, or what was compressed is not what it should be.
    """
    from astropy.io import fits

    with open_plain(source) as stream:
        try:
            with fits.open(stream, memmap=False) as hdus:
                made: list[Any] = [fits.PrimaryHDU(header=_told(hdus[0].header, facts))]
                made += [_compressed(hdu, seed % _MOST_SEEDS + 1) for hdu in hdus[1:]]
                fits.HDUList(made).writeto(target, overwrite=True)
                _check(target, hdus[1:])
        except (OSError, ValueError, TypeError, fits.VerifyError) as error:
            msg = f"{source} cannot be compressed: {error}"
            raise ItemError(msg) from error


def _told(header: Any, facts: Facts) -> Any:
    header = header.copy()
    header["CODEVERS"] = (facts.code_version, "version of the program that judged it")
    header["CONFIG"] = (facts.configuration, "configuration it was reduced with")
    header["LIMITSET"] = (facts.limit_set, "limits it was judged by")
    for kind, sha256 in facts.checksums:
        header.add_history(f"SHA-256 of {kind}: {sha256}")
    return header


def _compressed(hdu: Any, seed: int) -> Any:
    from astropy.io import fits

    if not hdu.is_image or hdu.data is None:
        return hdu
    options: dict[str, Any] = {"compression_type": "RICE_1"}
    if hdu.data.dtype.kind == "f":
        options |= {"quantize_level": _STEPS_OF_NOISE, "quantize_method": _DITHER, "dither_seed": seed}
    return fits.CompImageHDU(hdu.data, hdu.header, name=hdu.name, **options)


def _check(target: Path, originals: Sequence[Any]) -> None:
    """Read the file back, and compare it with what it was made of."""
    import numpy as np
    from astropy.io import fits

    with fits.open(target, memmap=False) as hdus:
        for copy, original in zip(hdus[1:], originals, strict=True):
            if not original.is_image or original.data is None:
                continue
            before, after = original.data, copy.data
            if before.shape != after.shape:
                msg = f"{original.name} has the shape {after.shape} instead of {before.shape}"
                raise ItemError(msg)
            if before.dtype.kind != "f":
                if not np.array_equal(before, after):
                    msg = f"{original.name} did not survive compression"
                    raise ItemError(msg)
                continue
            known = np.isfinite(before)
            if not np.array_equal(known, np.isfinite(after)):
                msg = f"{original.name} lost pixels without a value"
                raise ItemError(msg)
            difference = before[known].astype(np.float64) - after[known]
            noise = _noise(before[known])
            if difference.size and abs(float(difference.mean())) > 0.01 * noise + 1e-6 * float(
                np.abs(before[known]).max()
            ):
                msg = f"{original.name} was shifted by {float(difference.mean()):.3g} by its compression"
                raise ItemError(msg)


def _noise(values: Any) -> float:
    """Return half the distance between the 16th and the 84th percentile: the standard deviation of most pixels."""
    import numpy as np

    if values.size == 0:
        return 0.0
    low, high = np.percentile(values, (15.865, 84.135))
    return float(high - low) / 2.0


def remake(task: CameraTask, seed: int, facts: Facts, target: Path) -> None:
    """Reduce a camera again with the calibrations and settings of its process, and keep the compressed image.

    Raises
    ------
    ItemError
        Where that cannot be done, with the reason.
    """
    from qltui.instruments.run import reduce_camera

    for kind, path in task.night_calibrations.items():
        if not Path(path).is_file():
            msg = f"{task.camera}: its {kind} {path} is gone; reprocess the exposure with reduction.reduced on"
            raise ItemError(msg)
    if not Path(task.exposure.path).is_file():
        msg = f"{task.camera}: the raw file {task.exposure.path} is gone, and no reduced image was kept"
        raise ItemError(msg)
    with tempfile.TemporaryDirectory(prefix=".reduced-", suffix=".part", dir=target.parent) as directory:
        options = {**task.options, "reduced": True, "preview": False, "spectra": False}
        report = reduce_camera(
            replace(task, products_directory=directory, options=options),
            lambda event: None,  # noqa: ARG005 - nobody listens
        )
        paths = [product.path for product in report.products if product.kind == KIND]
        if not paths:
            reasons = [step.reason for step in report.steps if step.status is Status.FAILED] or list(report.notes)
            msg = f"{task.camera}: cannot be reduced again: {'; '.join(reasons) or 'it leaves no image'}"
            raise ItemError(msg)
        compress(paths[0], seed, facts, target)
