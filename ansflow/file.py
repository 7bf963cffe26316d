"""Files that are either whole or not there."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` under a temporary name beside `path`, then give it its name.

    Whoever reads `path` sees what was there before or all of `data`, never a part. A
    file that is replaced keeps its mode, a symbolic link its place: the file it points
    to is replaced. Devices and pipes are written to as they are.
    """
    target = Path(os.path.realpath(path))
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        target.write_bytes(data)
        return
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    with open(temporary, "xb") as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            os.replace(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
