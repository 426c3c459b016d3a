"""Faults at the seams: between what a target asks for and what is written."""

from tests.planted.fault import Fault
from tests.planted.matrix import case

STAGES = "deblurvid/stages/"
TESTS = "tests/test_targets.py::"

FAULTS = (
    Fault(
        "shift of nut taken for an error",
        STAGES + "ffmpeg.py",
        '"webm", "avi", "nut"})',
        '"webm", "avi"})',
        (TESTS + "test_nut_begins_later_with_b_frames",),
    ),
    Fault(
        "plain packets in a stream for discs",
        STAGES + "muxer_options.py",
        'options["mpegts_m2ts_mode"] = "1"',
        'options["mpegts_m2ts_mode"] = "0"',
        (TESTS + "test_a_stream_for_discs_has_times_before_its_packets",),
    ),
    Fault(
        "losses found after the header is written",
        "deblurvid/job.py",
        "    if options.strict and losses:\n",
        "    if options.strict and not losses:\n",
        (TESTS + "test_strict_sends_nothing_down_a_pipe",),
    ),
    Fault(
        "image replaces the link to it",
        STAGES + "landing.py",
        "place = name.resolve() if name.is_symlink() else name",
        "place = name",
        (TESTS + "test_an_image_is_written_through_a_link_and_keeps_its_mode",),
    ),
    Fault(
        "Adam7 taken for fields",
        STAGES + "deinterlace.py",
        "return frame.interlaced_frame and codec not in _WITHOUT_FIELDS",
        "return frame.interlaced_frame",
        (TESTS + "test_rows_in_adam7_s_order_are_no_fields",),
    ),
    Fault(
        "first frame of a moving image only",
        STAGES + "images.py",
        "not in IMAGE_SUFFIXES or _moves(source):",
        "not in IMAGE_SUFFIXES:",
        (TESTS + "test_moving_images_are_videos",),
    ),
    Fault(
        "transparency beside VP9 lost silently",
        STAGES + "losses.py",
        'if video.metadata.get(ALPHA_MODE) == "1":',
        'if video.metadata.get(ALPHA_MODE) == "2":',
        (TESTS + "test_transparency_beside_vp9_is_told_of",),
    ),
    Fault(
        "hidden subtitles shown",
        STAGES + "streams.py",
        'kinds = {"subtitle"} | (',
        "kinds = set() | (",
        (TESTS + "test_what_an_edit_list_hides_of_subtitles_is_not_shown",),
    ),
    Fault(
        "AVI searched by times that are counted",
        STAGES + "demux.py",
        'counted = container.format.name == "avi"\n    if video.start_time',
        "counted = False\n    if video.start_time",
        (TESTS + "test_a_part_of_an_avi_begins_at_its_frame",),
    ),
    Fault(
        "PyAV prints what a stalled pipe raises again",
        STAGES + "pipes.py",
        "        if self.error is not None:  # told already",
        "        if False:  # told already",
        (TESTS + "test_a_pipe_that_stalls_is_one_line",),
    ),
    Fault(
        "OpenVINO's telemetry let in",
        "deblurvid/backends/openvino.py",
        'sys.modules.setdefault("openvino_telemetry", None)',
        'sys.modules.setdefault("openvino_telemetry_", None)',
        ("tests/test_safety.py::test_a_whole_run_opens_no_socket",),
    ),
    Fault(
        "title of an MP4 track taken for another tag",
        STAGES + "streams.py",
        'target.metadata.setdefault("title", target.metadata.pop("name"))',
        'target.metadata.pop("name")',
        case("mov-h264-gbrp-late-movtext-plain-default-mov"),
    ),
    Fault(
        "frames of an AVI looked for only until their time",
        STAGES + "demux.py",
        "if counted else Fraction(0)",
        "if False else Fraction(0)",
        (TESTS + "test_h264_in_an_avi_ends_at_its_frame",),
    ),
    Fault(
        "packets of samples counted",
        STAGES + "verify.py",
        "if t.is_pcm or (numbered",
        "if (numbered",
        (TESTS + "test_samples_that_are_cut_into_other_packets_are_all_there",),
    ),
    Fault(
        "fragments begin without times",
        STAGES + "muxer_options.py",
        "+frag_keyframe+delay_moov",
        "+frag_keyframe+empty_moov",
        (TESTS + "test_sound_stays_beside_the_picture_in_fragments",),
    ),
    Fault(
        "losses that are known beforehand are told at the end",
        "deblurvid/job.py",
        "        *foretold_losses(",
        "        *(lambda *a, **k: [])(",
        ("tests/stages/test_foretold.py::test_strict_refuses_before_work_begins",),
    ),
    Fault(
        "a loss told twice",
        "deblurvid/pipeline.py",
        "[text for text in lost if text not in job.losses]",
        "lost",
        (
            "tests/stages/test_foretold.py::test_a_loss_is_said_once_and_before_the_first_frame[fast]",
        ),
    ),
)
