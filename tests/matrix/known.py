"""Cases that fail today, and why. One that passes is an error too: take it off the list."""

KNOWN = {
    "MP4's and MOV's names of tracks are not read as titles": (
        "mp4-vp9-yuv444p-late-languages-full-default-mkv",
        "mp4-av1-gray-vfr-languages-plain-lossless-mkv",
        "mov-h264-gbrp-late-movtext-plain-default-mov",
        "mov-mjpeg-yuv422p-cfr-movtext-full-default-mov",
    ),
    "chapters stay where they were when all streams begin later": (
        "mov-hevc-yuv444p10le-bframes-chapters-plain-lossless-mkv",
    ),
    "full range 8 bit samples are refused by encoders that take them by another name": (
        "mov-mjpeg-yuv444p-vfr-silent-full-lossless-webm",
        "ts-h264-yuv422p-bframes-languages-full-lossless-webm",
        "mov-mjpeg-yuv444p-vfr-languages-bt709-lossless-mkv",
        "mkv-mjpeg-yuv444p-cfr-vorbis-full-lossless-webm",
        "mkv-mjpeg-yuv422p-late-ass-full-lossless-webm",
        "mov-mjpeg-yuv420p-vfr-chapters-full-lossless-webm",
        "mp4-mjpeg-yuv444p-cfr-cover-rotated-lossless-webm",
        "mov-mjpeg-yuv420p-vfr-timecode-rotated-default-webm",
        "mov-mjpeg-yuv444p-vfr-movtext-full-lossless-webm",
        "mkv-h264-gray-bframes-attachment-sar-lossless-mkv",
    ),
    "AVI: B-frames get times in the order of decoding": (
        "avi-h264-gbrp-bframes-twovideos-plain-lossless-webm",
        "avi-mpeg2-yuv422p-bframes-pcm-plain-default-mkv",
        "avi-h264-gray-bframes-silent-plain-default-ts",
        "avi-h264-gray10le-bframes-twovideos-bt709-lossless-mkv",
        "avi-h264-yuv420p10le-bframes-pcm-pq-lossless-mp4",
        "avi-h264-gray-bframes-pcm-plain-lossless-mp4",
        "avi-h264-gbrp-bframes-silent-plain-default-mov",
    ),
    "what an edit list hides is shown, or counted": (
        "mp4-hevc-yuv420p12le-editlist-movtext-rotated-default-mp4",
        "mp4-hevc-gbrp-editlist-opus-sar-lossless-webm",
        "mov-h264-yuv420p10le-editlist-aac-pq-default-mkv",
        "mp4-mpeg2-yuv422p-editlist-twovideos-rotated-default-ts",
        "mov-h264-yuv444p-editlist-timecode-full-default-ts",
        "mov-hevc-gray-editlist-timecode-rotated-default-ts",
        "mp4-mpeg2-yuv422p-editlist-bitmap-rotated-default-mp4",
    ),
}
