"""Cases that fail today, and why. One that passes is an error too: take it off the list."""

KNOWN = {
    "MP4's and MOV's names of tracks are not read as titles": (
        "mp4-vp9-yuv444p-late-languages-full-default-mkv",
        "mp4-av1-gray-vfr-languages-plain-lossless-mkv",
        "mov-h264-gbrp-late-movtext-plain-default-mov",
        "mov-mjpeg-yuv422p-cfr-movtext-full-default-mov",
        "mov-mjpeg-yuv444p-vfr-languages-bt709-lossless-mkv",
        "mov-mjpeg-yuv444p-vfr-movtext-full-lossless-webm",
        "mp4-mpeg2-yuv420p-bframes-movtext-sar-lossless-webm",
        "mp4-vp9-yuv422p10le-vfr-movtext-pq-default-mkv",
    ),
    "chapters stay where they were when all streams begin later": (
        "mov-hevc-yuv444p10le-bframes-chapters-plain-lossless-mkv",
    ),
    "what an edit list hides is shown, or counted": (
        "mp4-hevc-yuv420p12le-editlist-movtext-rotated-default-mp4",
        "mp4-mpeg2-yuv422p-editlist-twovideos-rotated-default-ts",
        "mp4-mpeg2-yuv422p-editlist-bitmap-rotated-default-mp4",
    ),
    "packets of a subtitle left out or copied count as without a rising timestamp": (
        "ts-hevc-yuv444p-bframes-bitmap-full-default-mov",
        "ts-hevc-yuv420p-bframes-bitmap-bt709-lossless-webm",
        "ts-mpeg2-yuv420p-cfr-bitmap-sar-lossless-webm",
        "ts-hevc-yuv420p12le-bframes-bitmap-sar-default-mov",
        "ts-h264-gray-bframes-bitmap-bt709-default-mov",
    ),
    "the check of sound's end allows less than Matroska rounds": (
        "mkv-vp9-yuv420p12le-late-pcm-sar-lossless-mov",
    ),
}
