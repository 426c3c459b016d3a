"""What a file from a stranger cannot do: read other files, reach a network, or fill the memory."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
import threading
import zlib
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from deblurvid import InputError, deblur_video
from deblurvid.frames import MOST_PIXELS, ColourTags, PictureFormat, VideoInfo
from tests.media import make_video
from tests.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into the kernel's folders")


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port on this machine, and who has called."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    connection, who = server.accept()
                except TimeoutError:
                    continue
                calls.append(who)
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], calls
        done.set()
        thread.join()


def playlist(target: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n".encode()


def concat(target: str) -> bytes:
    return f"ffconcat version 1.0\nfile '{target}'\n".encode()


def session(target: str) -> bytes:
    return f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\n#{target}\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n".encode()


def manifest(target: str) -> bytes:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
        f"<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    ).encode()


LISTS = [playlist, concat, session, manifest]
SUFFIXES = [".m3u8", ".mp4", ".mkv", ".ts", ".png"]


@pytest.mark.parametrize("make", LISTS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_list_reaches_nothing(tmp_path, listener, make, suffix):
    """Neither a file beside it nor an address, whatever it is called: no run succeeds."""
    port, calls = listener
    secret = make_video(tmp_path / "secret.ts", audio=False)
    for target in ("secret.ts", str(secret), f"http://127.0.0.1:{port}/a.ts"):
        listed = tmp_path / f"list{suffix}"
        listed.write_bytes(make(target))
        with pytest.raises(InputError):
            list(deblur_video(listed, tmp_path / "out.mkv", engine="identity"))

    assert calls == []
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.parametrize("make", LISTS)
def test_a_list_in_a_pipe_reaches_nothing(tmp_path, listener, make):
    """FFmpeg would open what it names for a file object too, and even addresses."""
    port, calls = listener
    make_video(tmp_path / "secret.ts", audio=False)
    for target in (str(tmp_path / "secret.ts"), f"http://127.0.0.1:{port}/a.ts"):
        fifo = tmp_path / "fifo.m3u8"  # FFmpeg looks at the name too
        os.mkfifo(fifo)
        writer = threading.Thread(target=fifo.write_bytes, args=(make(target),))
        writer.start()
        with pytest.raises(InputError):
            list(deblur_video(fifo, tmp_path / "out.mkv", engine="identity"))
        writer.join()
        fifo.unlink()

    assert calls == []


def test_a_movie_that_refers_to_another_file_reads_its_own_bytes(tmp_path):
    """QuickTime's data reference (dref) may name any file; here it names one that must not be read."""
    secret = make_video(tmp_path / "secret.mov", audio=False)
    movie = secret.read_bytes()
    # The reference: url, flags 1 (in this file) -> alis with a path, flags 0.
    own = b"\0\0\0\x0curl \0\0\0\1"
    assert movie.count(own) == 1
    path = str(secret).encode()
    alias = alias_record(path)
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    changed = grown(movie, own, entry)
    begin = changed.index(b"mdat") + 4
    emptied = (
        changed[:begin]
        + bytes(len(changed[begin : changed.index(b"moov") - 4]))
        + changed[changed.index(b"moov") - 4 :]
    )
    (tmp_path / "in.mov").write_bytes(emptied)

    with pytest.raises(InputError):
        list(deblur_video(tmp_path / "in.mov", tmp_path / "out.mkv", engine="identity"))


def alias_record(path: bytes) -> bytes:
    """An alias of version 2 with the absolute path as its item 2 (as FFmpeg's reader knows it)."""
    head = bytearray(150)
    struct.pack_into(">H", head, 6, 2)
    pad = path + b"\0" * (len(path) % 2)
    item = struct.pack(">HH", 2, len(path)) + pad
    return bytes(head) + item + struct.pack(">HH", 0xFFFF, 0)


def grown(movie: bytes, old: bytes, new: bytes) -> bytes:
    """`movie` with a box changed to a longer one, and all boxes around it made larger."""
    at = movie.index(old)
    out = bytearray(movie.replace(old, new, 1))
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place = movie.rindex(name, 0, at) - 4
        (size,) = struct.unpack_from(">I", movie, place)
        struct.pack_into(">I", out, place, size + len(new) - len(old))
    return bytes(out)


def limited(source: Path, target: Path, *, megabytes: int) -> tuple[int, str, int]:
    """A run in a process of its own; its code, its last line, and its peak of memory in bytes."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from deblurvid.cli import main\n"
        "code = main(['run', sys.argv[1], '-o', sys.argv[2], '--engine', 'identity'])\n"
        # Not ru_maxrss, which counts the process that this one was forked from.
        "status = Path('/proc/self/status').read_text()\n"
        "print(status.partition('VmHWM:')[2].split()[0])\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(source), str(target)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)),
        capture_output=True,
        text=True,
        check=False,
    )
    peak = int(done.stdout.split()[-1]) * 1024
    assert peak < megabytes << 20, f"{peak >> 20} MiB"
    return done.returncode, (done.stderr.splitlines() or [""])[-1], peak


def png_bomb(side: int, rows: int) -> bytes:
    """A PNG of zeros, a thousand times smaller than its picture; `rows` of it are there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    squeeze = zlib.compressobj(1)
    data = b"".join(squeeze.compress(bytes(1 + side)) for _ in range(rows)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_picture_that_is_a_bomb_is_refused(tmp_path):
    """30000x30000 in a file of nothing: none of it is unpacked."""
    (tmp_path / "a.png").write_bytes(png_bomb(30_000, 500))
    code, last, _ = limited(tmp_path / "a.png", tmp_path / "b.png", megabytes=500)

    assert code == 2
    assert last.startswith("deblurvid: error:")


def test_a_picture_just_beyond_the_bound_is_refused(tmp_path):
    """FFmpeg alone would take it: its own bound is twice as high."""
    (tmp_path / "a.png").write_bytes(png_bomb(16_000, 16_000))
    assert MOST_PIXELS < 16_000 * 16_000
    code, last, _ = limited(tmp_path / "a.png", tmp_path / "b.png", megabytes=500)

    assert code == 2
    assert last.startswith("deblurvid: error:")


@pytest.mark.parametrize("header", ["W60000 H60000", "W16000 H16000", "W2000000000 H2"])
def test_a_header_that_claims_too_much_is_refused(tmp_path, header):
    """What it claims is not put aside in memory."""
    (tmp_path / "a.y4m").write_bytes(
        f"YUV4MPEG2 {header} F25:1 C420jpeg\nFRAME\n".encode() + bytes(9999)
    )
    code, last, _ = limited(tmp_path / "a.y4m", tmp_path / "b.mkv", megabytes=500)

    assert code == 2
    assert last.startswith("deblurvid: error:")


def avi_of(streams: int) -> bytes:
    """The header of an AVI with so many video streams."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data

    head = struct.pack("<4s4sIHHIIIIIIIIHHHH", b"vids", b"MJPG", *[0] * 4, 1, 25, *[0] * 9)
    bitmap = struct.pack("<IiiHH4sIiiII", 40, 64, 48, 1, 24, b"MJPG", *[0] * 5)
    stream = chunk(b"LIST", b"strl" + chunk(b"strh", head) + chunk(b"strf", bitmap))
    main = struct.pack("<14I", 40_000, 0, 0, 0, 1, 0, streams, 0, 64, 48, 0, 0, 0, 0)
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + stream * streams)
    return chunk(b"RIFF", b"AVI " + header + chunk(b"LIST", b"movi" + bytes(1000)))


def test_thousands_of_streams_end(tmp_path):
    """FFmpeg stops at 1000; 900 are opened, and planned, in bounded memory."""
    for streams in (900, 10_000):
        (tmp_path / "a.avi").write_bytes(avi_of(streams))
        code, last, _ = limited(tmp_path / "a.avi", tmp_path / "b.mkv", megabytes=700)

        assert code == 2
        assert last.startswith("deblurvid: error:")


def test_a_huge_attachment_and_title_stay_bounded(tmp_path):
    """They cost their own size a few times, not more, and come through."""
    source = make_video(
        tmp_path / "a.mkv", attachment=bytes(10 << 20), metadata={"title": "t" * 100_000}
    )
    code, last, _ = limited(source, tmp_path / "b.mkv", megabytes=700)

    assert (code, "checked" in last) == (0, True)
    assert (tmp_path / "b.mkv").stat().st_size > 10 << 20


SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
static void tell(const char *what, int family) {
    FILE *f = fopen(getenv("SOCKET_LOG"), "a");
    if (f) { fprintf(f, "%s %d\\n", what, family); fclose(f); }
}
int socket(int domain, int type, int protocol) {
    tell("socket", domain);
    return ((int (*)(int, int, int))dlsym(RTLD_NEXT, "socket"))(domain, type, protocol);
}
int getaddrinfo(const char *n, const char *s, const struct addrinfo *h, struct addrinfo **r) {
    tell("getaddrinfo", 0);
    return ((int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))
            dlsym(RTLD_NEXT, "getaddrinfo"))(n, s, h, r);
}
int connect(int fd, const struct sockaddr *a, socklen_t n) {
    tell("connect", a ? a->sa_family : 0);
    return ((int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect"))(fd, a, n);
}
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory) -> Path:
    """A library that notes every socket that a process makes, in C or in Python."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no C compiler; install gcc")
        pytest.skip("no C compiler")
    folder: Path = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c", "-ldl"],
        check=True,
    )
    return folder / "shim.so"


def sockets(shim: Path, folder: Path, *command: str) -> str:
    log = folder / "sockets"
    log.touch()
    subprocess.run(
        [sys.executable, *command],
        env={
            # Telemetry often spares continuous integration, and a test must not.
            **{name: value for name, value in os.environ.items() if name != "CI"},
            "PYTHONPATH": str(ROOT),
            "LD_PRELOAD": str(shim),
            "SOCKET_LOG": str(log),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "HOME": str(folder),
        },
        capture_output=True,
        check=True,
    )
    return log.read_text()


def test_a_whole_run_opens_no_socket(shim, tmp_path):
    """With a real generator in OpenVINO, on a machine where nothing is cached: no telemetry either."""
    source = make_video(tmp_path / "a.mp4", frames=3)
    made = sockets(
        shim, tmp_path, "-m", "deblurvid", "run", str(source), "-o", str(tmp_path / "b.mp4"),
        "--engine", "fast",
    )  # fmt: skip

    assert (tmp_path / "b.mp4").exists()
    assert made == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.mp4", "b.mp4", "cache", "sockets",
    ]  # fmt: skip


def test_the_shim_sees_sockets(shim, tmp_path):
    """Else the test above could not fail."""
    made = sockets(shim, tmp_path, "-c", "import socket; socket.socket().close()")

    assert made == f"socket {socket.AF_INET.value}\n"


def test_no_shell_is_ever_started(tmp_path):
    """Nor any other program: a name cannot be a command. Python tells of every attempt."""
    code = (
        "import sys\n"
        "seen = []\n"
        "sys.addaudithook(lambda name, args: seen.append((name, args)) if name in "
        "('subprocess.Popen', 'os.system', 'os.exec', 'os.posix_spawn', 'socket.connect', "
        "'socket.__new__') else None)\n"
        "from deblurvid.cli import main\n"
        "code = main(['run', sys.argv[1], '-o', sys.argv[2], '--engine', 'identity'])\n"
        "assert not seen, seen\n"
        "sys.exit(code)\n"
    )
    source = make_video(tmp_path / "$(touch x).mp4", frames=3)
    done = subprocess.run(
        [sys.executable, "-c", code, source, tmp_path / "b.mp4"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_a_size_that_grows_in_the_middle_is_bounded(tmp_path):
    """The decoder itself is told the bound, not only the header."""
    from deblurvid.stages.demux import open_input, video_stream

    source = make_video(tmp_path / "a.mkv", audio=False)
    with closing(open_input(source)) as container:
        video = video_stream(container, source)

        assert video.codec_context.options["max_pixels"] == str(MOST_PIXELS)


def test_a_picture_has_at_most_so_many_pixels():
    """Each side may be 16384 long, both together not: 16000x16000 would be 400 MB a frame."""
    facts = {
        "picture": PictureFormat(source="yuv420", depth=8),
        "pixel_format": "yuv420p",
        "colour": ColourTags(matrix="bt709", full_range=False),
        "codec": "h264",
        "time_base": Fraction(1, 25),
        "frame_rate": None,
        "frame_count": None,
        "duration": None,
    }
    VideoInfo(width=15_360, height=8640, **facts)
    with pytest.raises(InputError, match="pixels"):
        VideoInfo(width=16_000, height=16_000, **facts)
