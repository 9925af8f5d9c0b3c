"""What an export asks the record: the files of a process with their checksums, and the processes of a night."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from qltui.store.codec import path_from, path_value, text_value
from qltui.store.database import Database

__all__ = ["ProductFile", "checksums_of", "configuration_of", "processes_of_night", "product_files"]

_MOST_FILES = 5000
_MOST_PROCESSES = 5000


class ProductFile(NamedTuple):
    """A file that a camera of a process left; `removed` is whether it was cleared from the disk since."""

    camera: str
    kind: str
    path: str
    size: int
    sha256: str
    attempt: int
    removed: bool


def product_files(database: Database, process: int) -> list[ProductFile]:
    """Return the files of a process by camera and kind, of each kind the last attempt's; cleared ones too."""
    rows = database.sql(
        """SELECT product.camera, product.kind, product.path, product.size, product.sha256, job.attempt,
                  product.removed IS NOT NULL
           FROM job JOIN product ON product.job_id = job.id
           WHERE job.process_id = ? ORDER BY product.camera, product.kind, job.attempt, product.id LIMIT ?""",
        (process, _MOST_FILES),
    )
    newest = {
        (camera, kind): ProductFile(camera, kind, path_from(path), size, sha256, attempt, bool(removed))
        for camera, kind, path, size, sha256, attempt, removed in rows
    }
    return list(newest.values())


def processes_of_night(database: Database, instrument: str, night: int) -> list[int]:
    """Return the newest process that came to an end of each exposure of a night, oldest exposure first."""
    rows = database.sql(
        """SELECT (SELECT process.id FROM process WHERE process.exposure_id = exposure.id
                   AND process.state IN ('done', 'failed') ORDER BY process.id DESC LIMIT 1) AS newest
           FROM instrument JOIN night ON night.instrument_id = instrument.id
           JOIN exposure ON exposure.night_id = night.id
           WHERE instrument.name = ? AND night.night = ? ORDER BY exposure.expid LIMIT ?""",
        (text_value(instrument), night, _MOST_PROCESSES),
    )
    return [int(newest) for (newest,) in rows if newest is not None]


def configuration_of(database: Database, process: int) -> str:
    """Return the configuration that a process was reduced with, as TOML; empty where none was noted."""
    rows = database.sql(
        """SELECT configuration.content FROM process JOIN configuration ON configuration.id = process.configuration_id
           WHERE process.id = ?""",
        (process,),
    )
    return str(rows[0][0]) if rows else ""


def checksums_of(database: Database, camera: str, files: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the SHA-256 of those of some products of a camera, kind and path, that the record has; by kind."""
    found: dict[str, str] = {}
    for kind, path in files:
        rows = database.sql(
            "SELECT sha256 FROM product WHERE kind = ? AND camera = ? AND path = ? ORDER BY id DESC LIMIT 1",
            (text_value(kind), text_value(camera), path_value(path)),
        )
        if rows and rows[0][0]:
            found[kind] = str(rows[0][0])
    return found
