"""The journal's own laws: what is damaged does not count, what is of another run is refused."""

import json
import shutil
from fractions import Fraction

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deblurvid.errors import OutputError, UsageError
from deblurvid.stages import journal as journals
from deblurvid.stages.journal import Record, open_journal
from deblurvid.stages.manifest import source_identity
from deblurvid.stages.packets import PacketWriter, read_packets, read_stamps
from deblurvid.stages.segments import delay_of

TICK = Fraction(1, 1000)
FINGERPRINT = {"strength": 1.0, "content of the source": "a" * 64}


def keep(journal, first, frames=2):
    with journal.segment(TICK) as writer:
        for pts in range(first, first + frames):
            packet = av.Packet(bytes([pts]) * 50)
            packet.pts, packet.duration, packet.time_base = pts, 1, TICK
            writer.write(packet)
        record = Record(
            file=writer.path.name,
            sha256=writer.finish(),
            size_bytes=writer.size_bytes,
            frames=frames,
            first_pts=first,
            last_pts=first + frames - 1,
            delay=0,
            mended=0,
            picture_sha256=None,
            invalid={},
            flat=[],
            clock_mended=0,
            corrupt=[],
            undecodable=[],
            interlaced=[],
            retagged=[],
        )
    journal.keep(record)


@pytest.fixture
def target(tmp_path):
    """A target with a journal of three segments, of two frames each, which nobody has open."""
    target = tmp_path / "b.mkv"
    journal = open_journal(target, FINGERPRINT, anew=False)
    for number in range(3):
        keep(journal, 2 * number)
    journal.leave()
    return target


def reopened(target, *, anew=False, **changes):
    journal = open_journal(target, FINGERPRINT | changes, anew=anew)
    journal.lock.release()
    return journal


def segment(target, number):
    return journals.journal_folder(target) / f"{number:06}.packets"


def test_what_was_kept_is_there_again(target):
    """In order, with nothing to say of it."""
    journal = reopened(target)

    assert [record.first_pts for record in journal.records] == [0, 2, 4]
    assert (journal.frames, journal.remark) == (6, "")


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def swap(path):
    other = path.with_name("000002.packets")
    there = other.read_bytes()
    other.write_bytes(path.read_bytes())
    path.write_bytes(there)


@pytest.mark.parametrize("damage", [truncate, flip, swap, lambda path: path.unlink()])
def test_a_damaged_segment_and_what_follows_it_do_not_count(target, damage):
    """Cut short, changed, exchanged or missing; the good ones before it do, and it is said."""
    damage(segment(target, 1))

    journal = reopened(target)

    assert [record.first_pts for record in journal.records] == [0]
    assert journal.remark == "kept segment 1 is damaged: frames from 2 on are restored again"
    assert [segment(target, number).exists() for number in range(3)] == [True, False, False]


def test_a_segment_that_the_manifest_does_not_name_does_not_count(target):
    """It may have been half written when the run was killed."""
    shutil.copy(segment(target, 2), segment(target, 3))

    assert reopened(target).frames == 6
    assert not segment(target, 3).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\0" * 99, "{}", '{"version": 2}'])
def test_a_torn_manifest_is_refused_not_guessed(target, text):
    """With the hint what to do; -y begins anew."""
    manifest = journals.journal_folder(target) / "manifest.json"
    manifest.write_text(text)

    with pytest.raises(UsageError, match=r"manifest is damaged.*use -y"):
        reopened(target)
    assert segment(target, 0).exists()

    journal = reopened(target, anew=True)
    assert journal.records == []
    assert journal.remark.startswith("the frames kept of another run are removed")
    assert not segment(target, 0).exists()


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_manifest_cut_anywhere_is_refused(tmp_path_factory, data):
    """No prefix of a manifest passes for one."""
    target = tmp_path_factory.mktemp("torn") / "b.mkv"
    journal = open_journal(target, FINGERPRINT, anew=False)
    keep(journal, 0)
    journal.leave()
    manifest = journal.folder / "manifest.json"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])

    with pytest.raises(UsageError, match="manifest is damaged"):
        reopened(target)


@pytest.mark.parametrize("facts", [{"file": 3}, {"frames": 0}, {"last_pts": 7}, {"more": 1}])
def test_a_manifest_that_somebody_changed_is_refused(target, facts):
    """It is JSON of the right kind, and yet not what the run wrote."""
    path = journals.journal_folder(target) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["segments"][1] |= facts
    path.write_text(json.dumps(manifest))

    with pytest.raises(UsageError, match="manifest is damaged"):
        reopened(target)


def test_another_fingerprint_is_refused(target):
    """The first difference is told, as it was and as it is."""
    with pytest.raises(UsageError, match=r"strength was 1\.0, and is 0\.5"):
        reopened(target, strength=0.5)

    assert reopened(target, anew=True, strength=0.5).frames == 0


def test_only_one_has_it(target):
    """The lock is held by the open journal, and given back when it is left."""
    journal = open_journal(target, FINGERPRINT, anew=False)
    with pytest.raises(UsageError, match="another run works on it now"):
        open_journal(target, FINGERPRINT, anew=True)
    journal.leave()

    assert reopened(target).frames == 6


def test_a_folder_that_cannot_be_written_is_an_error_of_the_output(tmp_path):
    """In one line, with the system's reason."""
    blocked = tmp_path / "b.mkv"
    journals.journal_folder(blocked).write_text("a file")

    with pytest.raises(OutputError, match="cannot be written"):
        open_journal(blocked, FINGERPRINT, anew=False)


def test_a_failed_segment_leaves_no_file(target):
    """What is half written takes space that another run may need."""
    journal = open_journal(target, FINGERPRINT, anew=False)
    with pytest.raises(OutputError), journal.segment(TICK):
        raise OSError(28, "No space left on device")
    journal.leave()

    assert not segment(target, 3).exists()


@pytest.mark.parametrize("size", [0, 1, 1000, (1 << 20) + 1, 9 << 20])
def test_a_source_is_known_by_its_first_and_its_last_byte(tmp_path, size):
    """A change of either, or of the size, makes it another one."""
    path = tmp_path / "a"
    path.write_bytes(bytes(size))
    facts = [source_identity(path)["content of the source"]]
    for place in {0, size - 1} if size else ():
        data = bytearray(size)
        data[place] = 1
        path.write_bytes(data)
        facts.append(source_identity(path)["content of the source"])

    assert len(set(facts)) == len(facts)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), st.binary(max_size=40), st.booleans())))
def test_packets_come_back_as_they_were(tmp_path_factory, packets):
    """Times, key flags and bytes, whatever they are."""
    path = tmp_path_factory.mktemp("packets") / "p"
    writer = PacketWriter(path, TICK)
    for pts, data, key in packets:
        packet = av.Packet(data)
        packet.pts, packet.duration, packet.time_base = pts, 7, TICK
        packet.is_keyframe = key
        writer.write(packet)
    writer.finish()

    found = [(p.pts, bytes(p), p.is_keyframe) for p in read_packets(path, TICK)]
    assert found == packets
    assert [(s.pts, s.duration) for s in read_stamps(path)] == [(pts, 7) for pts, _, _ in packets]


@pytest.mark.parametrize(
    ("pts", "delay"),
    [([], 0), ([5], 0), ([1, 2, 3], 0), ([0, 2, 1], 1), ([0, 4, 2, 1, 3], 2), ([0, 8, 9, 3], 2)],
)
def test_decoding_runs_ahead_by_what_comes_too_early(pts, delay):
    """I P B: the B is shown one place before its own, so decoding has to begin one earlier."""
    assert delay_of(pts) == delay
