"""What `resumable` keeps of a run: finished segments, and a manifest that says what they are of.

    .NAME.journal/          beside the target, for its owner only
        lock                held by the run that works on it
        manifest.json       fingerprint of the run, and its finished segments in order
        000000.packets      the first segment, encoded; see `stages.packets`

The manifest is replaced as a whole, after what it names is on the disk. So at any moment it is
true, and what it does not name does not count.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import filelock

from deblurvid.errors import REPLACING, OutputError, UsageError
from deblurvid.stages.manifest import MANIFEST, VERSION, misfit, read_manifest, write_manifest
from deblurvid.stages.packets import PacketWriter, sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction
    from pathlib import Path

SEGMENT_FRAMES = 250
"""Frames of a segment, the last one apart. The usual distance of x264's and x265's key frames, so
that a restart of the encoder costs about one key frame that would have come anyway. It is also what
an interruption costs at most: half a minute on a CPU that restores eight frames a second."""
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A finished segment."""

    file: str
    sha256: str
    size_bytes: int
    frames: int
    first_pts: int
    last_pts: int
    """In ticks of the video."""
    delay: int
    """By how many packets its decoding runs ahead of its presentation."""
    mended: int
    """How often the source was not as it should be by then: timestamps that were filled in,
    damage. If ever, a frame's place in the file does not tell what it is."""
    picture_sha256: str | None
    """Of the last frame as it was decoded; None for the last segment, which nothing follows."""
    invalid: dict[str, int]
    flat: list[int]
    """See `Faults`; of this segment."""
    clock_mended: int
    corrupt: list[int]
    undecodable: list[str]
    interlaced: list[int]
    retagged: list[int]
    """See `Clock` and `Damage`; of all frames until then, or some more."""


@dataclass(slots=True, kw_only=True)
class Journal:
    """The journal of one run, locked. Leave it by `leave`, or by `remove`."""

    target: Path
    folder: Path
    fingerprint: dict[str, Any]
    lock: filelock.BaseFileLock
    records: list[Record] = field(default_factory=list)
    placed: dict[str, int] | None = None
    """Identity of the file that was about to get the target's name."""
    remark: str = ""
    """What was found wrong, in one sentence."""

    @property
    def frames(self) -> int:
        """Frames of all finished segments."""
        return sum(record.frames for record in self.records)

    @property
    def ended(self) -> bool:
        """Whether the last segment is known to be the last."""
        return bool(self.records) and self.records[-1].frames < SEGMENT_FRAMES

    @property
    def is_placed(self) -> bool:
        """Whether the target has been made of these segments already."""
        return self.target.is_file() and self.placed == _identity(self.target)

    @property
    def header(self) -> bytes:
        """What the encoder of the output says ahead of its packets."""
        return bytes.fromhex(self.fingerprint["the encoder's header"])

    def path(self, record: Record) -> Path:
        """Where the packets of a segment are."""
        return self.folder / record.file

    @contextmanager
    def segment(self, time_base: Fraction) -> Iterator[PacketWriter]:
        """A new segment's file; it goes if the block fails, and counts once it was kept."""
        with _kept_in(self.target):
            writer = PacketWriter(self.folder / f"{len(self.records):06}.packets", time_base)
        try:
            with _kept_in(self.target):
                yield writer
        except BaseException:
            writer.discard()
            raise

    def keep(self, record: Record) -> None:
        """Enter a segment whose file is on the disk; if that fails, the file goes."""
        self.records.append(record)
        try:
            self._write()
        except OutputError:
            self.records.pop()
            self.path(record).unlink(missing_ok=True)
            raise

    def place(self, part: Path) -> None:
        """Note which file is about to get the target's name."""
        self.placed = _identity(part)
        self._write()

    def _write(self) -> None:
        manifest = {
            "version": VERSION,
            "fingerprint": self.fingerprint,
            "segments": [asdict(record) for record in self.records],
            "placed": self.placed,
        }
        with _kept_in(self.target):
            write_manifest(self.folder, manifest)

    def remove(self) -> None:
        """Remove everything, the manifest last: what is left by then is known to be done with."""
        for path in sorted(self.folder.glob("*.packets")):
            path.unlink(missing_ok=True)
        (self.folder / MANIFEST).unlink(missing_ok=True)
        # Under the lock, so that nobody begins anew in a folder that is about to go.
        shutil.rmtree(self.folder, ignore_errors=True)
        self.lock.release()
        if self.folder.exists():  # Windows removes no lock that is held
            shutil.rmtree(self.folder, ignore_errors=True)

    def leave(self) -> None:
        """Let another run have it; one in which nothing is kept is removed. May be called twice."""
        if not self.records and self.lock.is_locked:
            self.remove()
        self.lock.release()


def journal_folder(target: Path) -> Path:
    """Where the journal of the run that writes `target` lies."""
    name = target.name
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}.{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return target.with_name(f".{name}.journal")


def is_placed(target: Path) -> bool:
    """Whether `target` is what a journalled run made, which was killed before it could tidy up."""
    manifest = read_manifest(journal_folder(target)) or {}
    return target.is_file() and manifest.get("placed") == _identity(target)


def open_journal(target: Path, fingerprint: dict[str, Any], *, anew: bool) -> Journal:
    """Open the journal of `target`, or begin one.

    Segments that are damaged, and all that follow them, do not count; `remark` says so.

    Args:
        target: what the run writes.
        fingerprint: everything that decides what the frames are: JSON of one level.
        anew: begin anew where the journal is of another run.

    Raises:
        UsageError: the journal is of another run and `anew` is not set, or one works on it now.
        OutputError: it cannot be written.
    """
    journal = _journal_of(target, fingerprint)
    with _kept_in(target):
        journal.folder.mkdir(mode=0o700, exist_ok=True)
    _acquire(journal)
    try:
        if not _take_up(journal, anew=anew):
            journal._write()
        _remove_strays(journal)
    except BaseException:
        journal.lock.release()
        raise
    return journal


def look_at_journal(target: Path, fingerprint: dict[str, Any], *, anew: bool) -> Journal:
    """The journal of `target` as `open_journal` would find it; nothing is made, locked or removed.

    Arguments and errors as there, but that nobody asks whether a run works on it now.
    """
    journal = _journal_of(target, fingerprint)
    _take_up(journal, anew=anew)
    return journal


def _journal_of(target: Path, fingerprint: dict[str, Any]) -> Journal:
    """An empty one, not locked."""
    folder = journal_folder(target)
    return Journal(
        target=target,
        folder=folder,
        fingerprint=json.loads(json.dumps(fingerprint)),  # as it will be read back
        lock=filelock.FileLock(folder / "lock", timeout=0),
    )


def _take_up(journal: Journal, *, anew: bool) -> bool:
    """Take what is there, if it is of this run; whether it is."""
    found = _fitting(journal, anew=anew)
    if found is None:
        return False
    journal.placed = found["placed"]
    _take_up_segments(journal, found["segments"])
    return True


def _fitting(journal: Journal, *, anew: bool) -> dict[str, Any] | None:
    """The manifest that is there, if it is of this run; None to begin anew."""
    found = read_manifest(journal.folder)
    reason = "" if found is None else misfit(found, journal.fingerprint)
    if not reason:
        return found
    if not anew:
        raise UsageError(
            f"{journal.folder}: the kept frames are of another run: {reason}; delete that folder, "
            f"or {REPLACING} to begin anew"
        )
    journal.remark = f"the frames kept of another run are removed: {reason}"
    return None


def _acquire(journal: Journal) -> None:
    try:
        journal.lock.acquire()
    except filelock.Timeout as exc:
        raise UsageError(f"{journal.target}: another run works on it now; wait for it") from exc
    except (OSError, NotImplementedError) as exc:
        raise OutputError(f"{journal.folder}: cannot be locked: {exc}") from exc


def _take_up_segments(journal: Journal, segments: list[dict[str, Any]]) -> None:
    """Take the segments that are as they were left, up to the first that is not."""
    for entry in segments:
        record = Record(**entry)
        path = journal.path(record)
        if not path.is_file() or sha256_of(path) != record.sha256:
            number = len(journal.records)
            journal.remark = (
                f"kept segment {number} is damaged: frames from {journal.frames} on are restored "
                "again"
            )
            break
        journal.records.append(record)


def _remove_strays(journal: Journal) -> None:
    """Files of segments that do not count."""
    known = {record.file for record in journal.records}
    for path in journal.folder.glob("*.packets"):
        if path.name not in known:
            with suppress(OSError):
                path.unlink()


def _identity(path: Path) -> dict[str, int]:
    facts = path.stat()
    return {"inode": facts.st_ino, "size": facts.st_size, "mtime_ns": facts.st_mtime_ns}


@contextmanager
def _kept_in(target: Path) -> Iterator[None]:
    """Raise OutputError for the system's errors while writing."""
    try:
        yield
    except OutputError:
        raise
    except OSError as exc:
        raise OutputError(f"{journal_folder(target)}: cannot be written: {exc.strerror}") from exc
