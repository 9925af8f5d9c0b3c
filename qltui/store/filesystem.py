"""Where the record lies: SQLite's write-ahead log needs a local disk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

__all__ = ["network_filesystem"]

_NETWORK: Final = frozenset(
    (
        *("9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.sshfs", "glusterfs", "gpfs"),
        *("lustre", "ncpfs", "nfs", "nfs4", "orangefs", "panfs", "pvfs2", "smb3", "smbfs", "wekafs"),
    )
)


def network_filesystem(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Return the type of the network file system that holds `path`, or an empty string for a local one.

    Parameters
    ----------
    path : Path
        Need not exist yet.
    mounts : Path
        The kernel's table of mounts; where it cannot be read the file system is taken for a local one.
    """
    try:
        table = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    target = path.absolute().resolve()
    found, kind = -1, ""
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # Blanks in a mount point are written as octal escapes.
        point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[1]))
        # Of several mounts on one point the last one is seen.
        if target.is_relative_to(point) and len(point.parts) >= found:
            found, kind = len(point.parts), fields[2]
    return kind if kind in _NETWORK else ""
