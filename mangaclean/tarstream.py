"""CBR, CB7 and tar: read as one stream; libarchive's bsdtar makes a tar stream of the first two."""

import contextlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from mangaclean import rarheads
from mangaclean.errors import InputError, MissingError, OutputError

DAMAGED = "copy or download it again"


@dataclass(slots=True)
class Spool:
    """Members of an archive, kept in one nameless temporary file: name → place and size."""

    file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, name: str, data: bytes) -> None:
        try:
            self.places[name] = self.file.seek(0, os.SEEK_END), len(data)
            self.file.write(data)
            self.file.flush()
        except OSError as error:
            raise OutputError(
                f"cannot unpack to {tempfile.gettempdir()}: {error.strerror or error}; "
                "make room there, or name another folder in the environment variable TMPDIR"
            ) from error

    def read(self, name: str) -> bytes:
        place, size = self.places[name]
        with self.lock:
            self.file.seek(place)
            return self.file.read(size)

    def close(self) -> None:
        self.file.close()


def program() -> str:
    """The bsdtar of this machine: its own on macOS and Windows, from libarchive on Linux. MissingError without one."""
    for name in ("bsdtar", "tar"):
        found = shutil.which(name)
        if found and b"bsdtar" in _output(found, "--version"):
            return found
    raise MissingError(
        "CBR and CB7 archives need the program bsdtar: install libarchive-tools (Debian, Ubuntu), bsdtar (Fedora) "
        "or libarchive (Homebrew, Arch), or unpack the archive and give the folder"
    )


def _output(*command: str) -> bytes:
    return subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL).stdout


def tar_members(path: Path, limit: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each file in a tar, compressed or not. InputError past `limit` bytes or where it is damaged."""
    try:
        with tarfile.open(path, "r|*") as stream:
            yield from _members(stream, path, limit)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(f"{path}: damaged archive ({error}); {DAMAGED}") from error


def members(path: Path, limit: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each file in an archive of any kind. Nothing is unpacked to disk.

    InputError past `limit` bytes, for a password, or where it is damaged; MissingError without bsdtar.
    """
    if rarheads.locked(path):
        raise _locked(path)
    command = [program(), "-cf", "-", "--format", "pax", f"@{path.resolve()}"]
    # Without a UTF-8 locale, as under cron, libarchive cannot spell Japanese names.
    locale = {"LC_ALL": "C.UTF-8"} if sys.platform == "linux" else {}
    complaints: list[bytes] = []
    count = 0
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **locale},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = process.stderr
        listener = threading.Thread(target=lambda: complaints.append(errors.read()), daemon=True)
        listener.start()
        try:
            # bsdtar's own words, below, say more than tarfile's on the stream that it broke off.
            with (
                contextlib.suppress(tarfile.TarError, EOFError),
                tarfile.open(fileobj=process.stdout, mode="r|") as stream,
            ):
                for name, data in _members(stream, path, limit):
                    count += 1
                    yield name, data
            while process.stdout.read(1 << 20):  # the padding behind the end mark
                pass
        except BaseException:
            process.kill()
            raise
        finally:
            listener.join()
    words = b"".join(complaints).decode(errors="replace").strip()
    if process.returncode or not count:
        if any(word in words.lower() for word in ("passphrase", "password", "encrypt")):
            raise _locked(path)
        reason = words.partition("\n")[0].removeprefix("bsdtar: ")
        if reason == "(null)":  # all that libarchive says of a 7z whose files are encrypted, but not its list of them
            raise InputError(
                f"{path}: it breaks off, or asks for a password; {DAMAGED}, or unpack it and give the folder"
            )
        raise InputError(f"{path}: damaged archive ({reason or 'nothing in it'}); {DAMAGED}")


def _locked(path: Path) -> InputError:
    return InputError(f"{path}: protected by a password; unpack it and give the folder")


def _members(stream: tarfile.TarFile, path: Path, limit: int) -> Iterator[tuple[str, bytes]]:
    total = 0
    for member in stream:
        if not member.isfile():
            continue
        total += member.size
        if total > limit:
            raise InputError(
                f"{path}: unpacks to more than input.max_unpacked = {limit} bytes; if it is genuine, raise that limit"
            )
        file = stream.extractfile(member)
        yield member.name.removeprefix("./"), file.read() if file else b""
