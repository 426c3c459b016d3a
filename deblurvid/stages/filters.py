"""frame -> frame, through FFmpeg's filters: one comes out for each that goes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from av.error import FFmpegError
from av.filter import Graph

from deblurvid.errors import InputError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

Filter = tuple[str, str]
"""FFmpeg's name of a filter, and its options as FFmpeg writes them."""


class FilterChain:
    """Filters in a row that neither hold frames back nor make more of them.

    The graph is built for the first frame, and anew when size, pixel format or colour change.
    """

    def __init__(self, *filters: Filter) -> None:
        self._filters = filters
        self._built_for: str | None = None
        self._graph: Graph | None = None

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        """Filter one frame; it keeps its time. Without filters the frame itself is given back.

        Raises:
            InputError: a filter does not take it.
        """
        if not self._filters:
            return frame
        pts, base = frame.pts, frame.time_base
        try:
            graph = self._graph_for(frame)
            graph.vpush(frame)
            made = graph.vpull()
        except FFmpegError as exc:
            names = ", ".join(f"{name}={options}" for name, options in self._filters)
            raise InputError(f"the frame cannot be filtered by {names}: {exc.strerror}") from exc
        made.pts, made.time_base = pts, base
        return made

    def _graph_for(self, frame: VideoFrame) -> Graph:
        given = (
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000"
            f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}"
        )
        if self._graph is None or given != self._built_for:
            self._graph, self._built_for = _built(given, self._filters), given
        return self._graph


def _built(given: str, filters: tuple[Filter, ...]) -> Graph:
    graph = Graph()
    last = graph.add("buffer", given)
    for name, options in (*filters, ("buffersink", "")):
        stage = graph.add(name, options or None)
        last.link_to(stage)
        last = stage
    graph.configure()
    return graph
