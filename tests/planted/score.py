"""Faults of the scores: figures that look right and are not."""

from tests.planted.fault import Fault

METRICS = "deblurvid/judge/metrics/"
FIDELITY = "tests/judge/metrics/test_fidelity.py::"
FLICKER = "tests/judge/metrics/test_flicker.py::"
MATCHING = "tests/judge/test_matching.py::"
TOGETHER = "tests/judge/test_together.py::"
RGB = "tests/stages/test_rgb.py::"
SCORE = "tests/judge/test_score.py::"
CLI = "tests/cli/test_score.py::"

FAULTS = (
    Fault(
        "PSNR of deep pictures counts from 255",
        METRICS + "fidelity.py",
        "squared_error(picture, sharp, np.iinfo(sharp.dtype).max)",
        "squared_error(picture, sharp, 255)",
        (FIDELITY + "test_psnr_at_sixteen_bits_counts_from_65535",),
    ),
    Fault(
        "SSIM of deep pictures with the range of 8 bits",
        METRICS + "fidelity.py",
        "settings = ssim_settings(np.iinfo(sharp.dtype).max)",
        "settings = ssim_settings()",
        (FIDELITY + "test_ssim_is_that_of_its_paper",),
    ),
    Fault(
        "sharpness of deep pictures on another scale",
        METRICS + "sharpness.py",
        "scale = 255 / np.iinfo(image.dtype).max",
        "scale = 1.0",
        ("tests/judge/metrics/test_sharpness.py::test_sixteen_bits_score_as_eight_do",),
    ),
    Fault(
        "deep pictures are clipped before the flow",
        METRICS + "flicker.py",
        "np.rint(grey / 257)",
        "np.minimum(grey, 255)",
        (FLICKER + "test_sixteen_bits_flicker_as_eight_do",),
    ),
    Fault(
        "the flow is followed the wrong way",
        METRICS + "flicker.py",
        "back, forth = _dis_flow(new, old), _dis_flow(old, new)",
        "back, forth = _dis_flow(old, new), _dis_flow(new, old)",
        (FLICKER + "test_motion_is_what_was_moved",),
    ),
    Fault(
        "BT.601 and BT.709 swapped on the way to RGB",
        "deblurvid/stages/rgb.py",
        """    "bt601": Colorspace.SMPTE170M,
    "bt709": Colorspace.ITU709,""",
        """    "bt709": Colorspace.SMPTE170M,
    "bt601": Colorspace.ITU709,""",
        (RGB + "test_rgb_is_that_of_the_standards",),
    ),
    Fault(
        "the range of a video is not honoured",
        "deblurvid/stages/rgb.py",
        "src_color_range=ColorRange.JPEG if tags.full_range else ColorRange.MPEG",
        "src_color_range=ColorRange.MPEG",
        (RGB + "test_rgb_is_that_of_the_standards",),
    ),
    Fault(
        "swscale's quick and dark conversion",
        "deblurvid/stages/rgb.py",
        "Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT",
        "Interpolation.BILINEAR",
        (RGB + "test_rgb_is_that_of_the_standards",),
    ),
    Fault(
        "white of deep video is not white",
        "deblurvid/stages/rgb.py",
        "else 255 << 8",
        "else _TOP",
        (RGB + "test_rgb_is_that_of_the_standards",),
    ),
    Fault(
        "chroma lies where a codec happens to tag it",
        "deblurvid/stages/rgb.py",
        "        _bare(frame),\n",
        "        frame,\n",
        (RGB + "test_where_a_codec_says_that_chroma_lies_makes_no_difference",),
    ),
    Fault(
        "frames that do not decode are left out in silence",
        "deblurvid/stages/rgb.py",
        "if damage.corrupt or damage.undecodable:",
        "if False:",
        (RGB + "test_a_damaged_video_has_no_figures",),
    ),
    Fault(
        "one frame off",
        "deblurvid/judge/together.py",
        "    begin: dict[Kind, Fraction] = {}\n",
        '    begin: dict[Kind, Fraction] = {}\n    next(streams["restored"], None)\n',
        (TOGETHER + "test_frames_come_in_order_with_their_times",),
    ),
    Fault(
        "the longer clip is cut to the shorter",
        "deblurvid/judge/together.py",
        "enumerate(zip_longest(*streams.values()))",
        "enumerate(zip(*streams.values()))",
        (TOGETHER + "test_another_length_is_an_error_that_says_by_how_much",),
    ),
    Fault(
        "times are not compared",
        "deblurvid/judge/together.py",
        "times = {kind: f.seconds for kind, f in shot.items() if f.seconds is not None}",
        "times = dict[str, Fraction]()",
        (TOGETHER + "test_a_frame_that_is_missing_in_between_is_found_where_it_is",),
    ),
    Fault(
        "8 bits beside more are brought up by 256",
        "deblurvid/judge/together.py",
        "np.uint16(257)",
        "np.uint16(256)",
        (TOGETHER + "test_eight_bits_beside_more_are_the_same_light",),
    ),
    Fault(
        "images are read as B, G, R",
        "deblurvid/judge/together.py",
        "cv2.IMREAD_COLOR_RGB |",
        "cv2.IMREAD_COLOR |",
        (TOGETHER + "test_images_are_read_as_rgb",),
    ),
    Fault(
        "the last of two files of one name wins",
        "deblurvid/judge/matching.py",
        "        if stem in named:\n",
        "        if False:\n",
        (MATCHING + "test_two_files_of_one_name_are_an_error",),
    ),
    Fault(
        "frames in the order of text: 10 before 8",
        "deblurvid/judge/matching.py",
        "ordered = sorted(stems, key=natural)",
        "ordered = sorted(stems)",
        (MATCHING + "test_images_numbered_in_a_row_are_a_clip",),
    ),
    Fault(
        "GoPro's gamma layer is taken as well",
        "deblurvid/judge/matching.py",
        "for path in layered or files:",
        "for path in files:",
        (MATCHING + "test_gopro_is_matched_across_its_layers",),
    ),
    Fault(
        "width and height swapped in --size",
        "deblurvid/judge/score.py",
        "(size[1], size[0])",
        "(size[0], size[1])",
        (SCORE + "test_sharpness_is_that_of_each_picture_at_each_size",),
    ),
    Fault(
        "Y counts from 2^depth",
        "deblurvid/judge/score.py",
        "(1 << luma.depth) - 1)",
        "1 << luma.depth)",
        (SCORE + "test_psnr_of_y_is_that_of_ffmpeg_s_filter",),
    ),
    Fault(
        "Y of another range is compared",
        "deblurvid/judge/score.py",
        "(luma.depth, luma.colour) != (sharp.depth, sharp.colour)",
        "luma.depth != sharp.depth",
        (SCORE + "test_y_of_another_kind_is_not_compared",),
    ),
    Fault(
        "steps are measured along each clip's own flow",
        "deblurvid/judge/score.py",
        "measured[kind, WARPING] = flicker.warping_error(*pair, back, mask)",
        "measured[kind, WARPING] = flicker.warping_error(*pair, *flicker.motion(*pair))",
        (SCORE + "test_flicker_is_measured_along_the_reference",),
    ),
    Fault(
        "all frames are kept",
        "deblurvid/judge/score.py",
        "    for number, shot in enumerate(shots(item.clips)):",
        "    for number, shot in enumerate(list(shots(item.clips))):",
        (SCORE + "test_memory_does_not_grow_with_length",),
    ),
    Fault(
        "the worst frames are the best",
        "deblurvid/judge/tally.py",
        "self.worst = heapq.nsmallest",
        "self.worst = heapq.nlargest",
        ("tests/judge/test_tally.py::test_the_worst_and_the_best_frames_are_kept",),
    ),
    Fault(
        "blurred and restored swapped in the gain",
        "deblurvid/cli/score_result.py",
        "_less(restored[n], blurred[n])",
        "_less(blurred[n], restored[n])",
        (CLI + "test_the_object_holds_what_the_module_says",),
    ),
    Fault(
        "blurred and restored swapped",
        "deblurvid/cli/score.py",
        '"blurred": blurred, "restored": restored}',
        '"blurred": restored, "restored": blurred or restored}',
        (CLI + "test_the_object_holds_what_the_module_says",),
    ),
    Fault(
        "the ratio is inverted",
        "deblurvid/cli/score_result.py",
        "restored[size] / of if of else None",
        "of / restored[size] if of else None",
        (CLI + "test_the_object_holds_what_the_module_says",),
    ),
    Fault(
        "of a clip only two frames count in the whole",
        "deblurvid/judge/score.py",
        "        for tally in (own, total):\n            tally.frames += 1\n",
        "        for tally in (own, total) if number < 2 else (own,):\n            tally.frames += 1\n",
        (CLI + "test_a_gopro_tree_has_the_benchmark_s_means",),
    ),
    Fault(
        "the columns of the table are in another order than their headings",
        "deblurvid/cli/score_report.py",
        'for kind in ("blurred", "restored", "gain")\n',
        'for kind in ("restored", "blurred", "gain")\n',
        (CLI + "test_tables_and_markdown_say_the_same",),
    ),
)
