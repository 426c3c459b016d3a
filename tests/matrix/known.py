"""Cases that fail today, and why. One that passes is an error too: take it off the list."""

KNOWN = {
    "chapters stay where they were when all streams begin later": (
        "mov-hevc-yuv444p10le-bframes-chapters-plain-lossless-mkv",
    ),
    "hidden pictures of a second video are shown, as said, where there are no edit lists": (
        "mp4-mpeg2-yuv422p-editlist-twovideos-rotated-default-ts",
    ),
    "a subtitle that an edit list hides from end to end is left out, as said": (
        "mp4-mpeg2-yuv422p-editlist-bitmap-rotated-default-mp4",
    ),
}
