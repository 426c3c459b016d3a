"""What each container holds: there a loss has no excuse; elsewhere a notice must name it."""

COPIES = {
    "mp4": ("aac", "mp3", "mp2", "ac3", "opus", "mov_text", "dvd_subtitle", "h264", "vp9", "mjpeg"),
    "mov": ("aac", "mp3", "mp2", "ac3", "pcm_s16le", "mov_text", "h264", "mjpeg"),
    "mkv": (
        "aac", "mp3", "mp2", "ac3", "opus", "vorbis", "pcm_s16le", "subrip", "ass", "h264", "vp9",
        "mjpeg", "dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle", "ttf", "png",
    ),
    "webm": ("opus", "vorbis", "vp9"),
    "ts": ("aac", "mp3", "mp2", "ac3", "opus", "dvb_subtitle", "hdmv_pgs_subtitle", "h264"),
}  # fmt: skip
"""Codecs whose packets are copied as they are."""

KINDS = {
    "mp4": ("video", "audio", "subtitle", "cover", "timecode"),
    "mov": ("video", "audio", "subtitle", "timecode"),
    "mkv": ("video", "audio", "subtitle", "cover", "attachment"),
    "webm": ("video", "audio"),
    "ts": ("video", "audio", "subtitle"),
}

HOLDS = {
    "mp4": ("language", "title", "tags", "chapters", "timecode", "default"),
    "mov": ("language", "title", "tags", "chapters", "timecode", "default"),
    "mkv": ("language", "title", "tags", "chapters", "timecode", "default", "forced", "comment"),
    "webm": ("language", "title", "tags", "chapters", "timecode", "default", "forced"),
    "ts": ("language",),
}
"""What is said of a file or of its streams."""
