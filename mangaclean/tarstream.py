"""CBR, CB7 and tar: libarchive's bsdtar makes a tar stream of any archive; nothing is unpacked to disk by it."""

import shutil
import stat
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

from mangaclean.errors import InputError, MissingError


def program() -> str:
    """The bsdtar of this machine: its own on macOS and Windows, libarchive-tools on Debian and Ubuntu."""
    for name in ("bsdtar", "tar"):
        found = shutil.which(name)
        if found and "bsdtar" in _output(found, "--version"):
            return found
    raise MissingError(
        "CBR, CB7 and tar archives need the program bsdtar: install libarchive-tools (Debian, Ubuntu), bsdtar (Fedora) "
        "or libarchive (Homebrew, Arch), or unpack the archive and give the folder"
    )


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL).stdout


def members(path: Path, limit: int) -> Iterator[tuple[str, int, bytes]]:
    """(name, mode, bytes) of each file in an archive; InputError past `limit` bytes in all, or where it is damaged."""
    command = [program(), "-cf", "-", "--format", "pax", f"@{path.resolve()}"]
    complaints: list[bytes] = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = process.stderr
        reader = threading.Thread(target=lambda: complaints.append(errors.read()), daemon=True)
        reader.start()
        total = 0
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as stream:
                for member in stream:
                    if not member.isfile():
                        continue
                    total += member.size
                    _check(path, total, limit)
                    file = stream.extractfile(member)
                    yield member.name, stat.S_IFREG, file.read() if file else b""
        except (tarfile.TarError, EOFError):
            pass  # bsdtar's own words, below, say more
        except BaseException:
            process.kill()
            raise
        while process.stdout.read(1 << 20):  # the padding behind the end mark
            pass
        reader.join()
    words = b"".join(complaints).decode(errors="replace").strip()
    if process.returncode or not total:
        if "assphrase" in words or "ncrypt" in words:
            raise InputError(f"{path}: protected by a password; unpack it and give the folder")
        raise InputError(f"{path}: damaged archive ({words or 'nothing in it'}); copy or download it again")


def _check(path: Path, total: int, limit: int) -> None:
    if total > limit:
        raise InputError(
            f"{path}: unpacks to more than input.max_unpacked = {limit} bytes; if it is genuine, raise that limit"
        )
