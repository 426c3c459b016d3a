"""Plans on disk, each with a sidecar that says what it is, and whether it can be trusted.

A plan is executable code, bound to one version of TensorRT and mostly to one GPU. It is used only
if its sidecar names everything that it was asked for and its bytes have the SHA-256 that the
sidecar states. The sidecar is written last: whatever has no sidecar that fits was never finished.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import re
import stat
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import platformdirs

from deblurvid.errors import EngineError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deblurvid.build.process import BuiltPlan
    from deblurvid.build.request import BuildRequest

SCHEMA = 1
"""Of the sidecar and of what goes into a key: raised when plans of before must not be used."""
SUFFIX, SIDECAR = ".plan", ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A sidecar."""

    schema: int
    key: str
    """SHA-256 of `facts` as canonical JSON."""
    facts: dict[str, Any]
    """All that decides what the plan is; see `facts_of`."""
    plan_sha256: str
    plan_bytes: int
    tensors: dict[str, str]
    build_seconds: float
    built_at: str
    """ISO 8601, UTC."""
    driver_cuda: int
    """The newest CUDA that the driver knew when it was built, 13000 is 13.0; 0 without a driver."""
    warnings: tuple[str, ...]
    parity: dict[str, Any] | None
    """See `parity.Parity`; None where it was not measured."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """A plan whose bytes are those that its record states."""

    path: Path
    data: bytes
    record: Record

    @property
    def settings(self) -> dict[str, Any]:
        """See `BuildRequest.settings`."""
        return dict(self.record.facts["settings"])


def cache_folder() -> Path:
    """Where plans are kept for the next run."""
    return platformdirs.user_cache_path("deblurvid") / "plans"


def facts_of(request: BuildRequest, trt_version: str) -> dict[str, Any]:
    """Everything that decides what a plan is, as plain values.

    The graph counts by its bytes, weights included, never by a name. The driver is not among them:
    a newer one runs older plans, and one that cannot is seen when the plan is loaded.
    """
    return {
        "schema": SCHEMA,
        "graph_sha256": hashlib.sha256(request.graph).hexdigest(),
        "trt_version": trt_version,
        "system": f"{platform.system()} {platform.machine()}",
        "settings": request.settings(),
    }


def key_of(facts: dict[str, Any]) -> str:
    """SHA-256 of facts as canonical JSON."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def path_of(facts: dict[str, Any]) -> Path:
    """Where in the cache the plan with these facts lies: its name for people, its key for certain."""
    stated = facts["settings"]
    words = [stated["generator"], f"{stated['source']}{stated['depth']}", stated["precision"]]
    words += [stated["flavour"], key_of(facts)[:16]]
    return cache_folder() / (
        "-".join(re.sub(r"[^\w.]+", "_", word)[:40] for word in words) + SUFFIX
    )


def sidecar_of(path: Path) -> Path:
    """The sidecar of the plan at `path`."""
    return path.with_name(path.name + SIDECAR)


def read_record(path: Path) -> Record:
    """The sidecar of the plan at `path`.

    Raises:
        EngineError: there is none, or it says nothing that this version knows.
    """
    try:
        stated = json.loads(sidecar_of(path).read_text(encoding="utf-8"))
        record = Record(**{**stated, "warnings": tuple(stated["warnings"])})
        known = record.schema == SCHEMA and record.key == key_of(record.facts)
    except FileNotFoundError as exc:
        raise EngineError(f"{path} has no {sidecar_of(path).name} beside it") from exc
    except (OSError, ValueError, TypeError, KeyError) as exc:
        raise EngineError(f"{sidecar_of(path)} cannot be read: {exc}") from exc
    if not known:
        raise EngineError(f"{sidecar_of(path)} is of another version of deblurvid, or was changed")
    return record


def is_there(path: Path) -> bool:
    """Whether something was built to `path`, good or not."""
    with suppress(OSError):  # a folder that may not be looked into
        return sidecar_of(path).exists()
    return False


def read_plan(path: Path) -> Plan:
    """The plan at `path`, checked against its sidecar.

    Raises:
        EngineError: it is not there, torn, or not the one that the sidecar states.
    """
    record = read_record(path)
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise EngineError(f"{path} cannot be read: {exc.strerror}") from exc
    if hashlib.sha256(data).hexdigest() != record.plan_sha256:
        raise EngineError(
            f"{path} is not what was built: its SHA-256 is not the one in its sidecar"
        )
    return Plan(path=path, data=data, record=record)


def check_owner(path: Path) -> None:
    """Refuse a plan in the cache that someone else may have put there.

    Raises:
        EngineError: the folder, the plan or its sidecar belongs to another user, or others can
            write it.
    """
    for each in (path.parent, path, sidecar_of(path)):
        if each.exists() and not _own(each):
            raise EngineError(
                f"{each} belongs to another user, or others can write it, and a plan is executed"
            )


def _close_to_others(folder: Path) -> None:
    """Make a folder for this user alone: what lies in it is executed."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    if not _own(folder):  # root may change the mode of what is another's
        raise PermissionError(errno.EPERM, "it belongs to another user")


def _own(path: Path) -> bool:
    if not hasattr(os, "getuid"):  # Windows keeps others out of a user's folders by itself
        return True
    found = path.stat()
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def read_cached(path: Path, facts: dict[str, Any]) -> Plan:
    """The plan at `path`, checked against its sidecar and against what it is to be.

    Raises:
        OutputError: the cache's folder belongs to another user.
        EngineError: as of `check_owner` and `read_plan`; or it is whole, but the plan of other
            facts.
    """
    try:
        _close_to_others(path.parent)  # first: from now on nobody swaps what is looked at
    except OSError as exc:
        raise OutputError(f"{path.parent} cannot be used as a cache: {exc.strerror}") from exc
    check_owner(path)
    plan = read_plan(path)
    if plan.record.key != key_of(facts):
        raise EngineError(f"{path} is another plan than its name says")
    return plan


def store(path: Path, facts: dict[str, Any], built: BuiltPlan, *, driver_cuda: int) -> Plan:
    """Write a plan and its sidecar under their names, each whole or not at all.

    Raises:
        OutputError: they cannot be written.
    """
    record = Record(
        schema=SCHEMA,
        key=key_of(facts),
        facts=facts,
        plan_sha256=hashlib.sha256(built.plan).hexdigest(),
        plan_bytes=len(built.plan),
        tensors=built.tensors,
        build_seconds=round(built.seconds, 3),
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        driver_cuda=driver_cuda,
        warnings=built.warnings,
        parity=None,
    )
    _write(path, built.plan)
    return _with_record(Plan(path=path, data=built.plan, record=record))


def with_parity(plan: Plan, parity: dict[str, Any]) -> Plan:
    """The plan with what a comparison found, also in its sidecar."""
    return _with_record(replace(plan, record=replace(plan.record, parity=parity)))


def discard(path: Path) -> None:
    """Delete a plan, its sidecar first: without one a plan is never used.

    Raises:
        OutputError: it cannot be deleted.
    """
    for each in (sidecar_of(path), path):
        try:
            each.unlink(missing_ok=True)
        except OSError as exc:
            raise OutputError(f"{each} cannot be deleted: {exc.strerror}") from exc


@contextmanager
def locked(on_wait: Callable[[], None]) -> Iterator[None]:
    """Within, no other process builds for the cache.

    Args:
        on_wait: is called once if another one does, before waiting for it.

    Raises:
        OutputError: the cache's folder cannot be made, or belongs to another user.
    """
    folder = cache_folder()
    try:
        _close_to_others(folder)
        lock = filelock.FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0.2)
        except filelock.Timeout:
            on_wait()
            lock.acquire()
    except OSError as exc:
        raise OutputError(f"{folder} cannot be used as a cache: {exc.strerror}") from exc
    try:
        yield
    finally:
        lock.release()


def plan_paths() -> list[Path]:
    """Plans in the cache, and where only a sidecar is left, the plan that it was for."""
    folder = cache_folder()
    plans = {*folder.glob(f"*{SUFFIX}")}
    plans |= {side.with_suffix("") for side in folder.glob(f"*{SUFFIX}{SIDECAR}")}
    return sorted(plans)


def leftovers() -> list[Path]:
    """Files of builds that were cut off while they were written."""
    return sorted(cache_folder().glob("*.part"))


def _with_record(plan: Plan) -> Plan:
    text = json.dumps(asdict(plan.record), indent=2, sort_keys=True) + "\n"
    _write(sidecar_of(plan.path), text.encode())
    return plan


def _write(path: Path, data: bytes) -> None:
    """Write beside, flush to the disk, rename."""
    try:
        handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as part:
                part.write(data)
                part.flush()
                os.fsync(part.fileno())
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as exc:
        raise OutputError(f"{path} cannot be written: {exc.strerror}") from exc
