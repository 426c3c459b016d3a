"""Faults of comparisons: what looks like before and after, and is not."""

from tests.planted.fault import Fault

CLIP = "deblurvid/stages/clip.py"
COMPOSE = "deblurvid/stages/compose.py"
JUDGE = "deblurvid/judge/compare/"
VIDEO = "tests/judge/compare/test_video.py::"
PAGE = "tests/judge/compare/test_page.py::"
BROWSER = "tests/judge/compare/test_page_in_browser.py::"

FAULTS = (
    Fault(
        "compared by number, not by time",
        CLIP,
        "while self._coming is not None and self._coming.seconds <= seconds + self._slack:",
        "if self._coming is not None and seconds:",
        (VIDEO + "test_frames_belong_together_by_their_time",),
    ),
    Fault(
        "compared from the containers' own zero",
        CLIP,
        "seconds, info = stamp - clip.origin, clip.info",
        "seconds, info = stamp, clip.info",
        (VIDEO + "test_a_container_that_begins_later_changes_nothing",),
    ),
    Fault(
        "a rounded time shows the frame before",
        CLIP,
        "return min(MOST_SLACK, first.step / 2, second.step / 2)",
        "return Fraction(0)",
        (VIDEO + "test_times_that_a_container_has_rounded_are_the_same",),
    ),
    Fault(
        "compared clips are not turned",
        CLIP,
        "return tuple(steps)",
        "return ()",
        (VIDEO + "test_clips_are_turned_as_players_do",),
    ),
    Fault(
        "search for a moment lands behind its frame",
        CLIP,
        "needed = start - clip.longest_gap - MOST_SLACK",
        "needed = start",
        ("tests/judge/compare/test_stills.py::test_a_frame_that_stands_for_long_is_found",),
    ),
    Fault(
        "halves of a split swapped",
        COMPOSE,
        "= first[:, :at], second[:, at:]",
        "= second[:, :at], first[:, at:]",
        (VIDEO + "test_split_has_the_left_half_of_the_first_and_the_right_of_the_second",),
    ),
    Fault(
        "zoom that interpolates",
        COMPOSE,
        "'neighbor' if plan.zoom > 1 else 'bicubic'",
        "'bicubic'",
        (VIDEO + "test_crop_and_zoom_show_pixels_as_they_are",),
    ),
    Fault(
        "first clip shown by the second one's matrix",
        COMPOSE,
        "other = not is_rgb and (tags != plan.colour)",
        "other = False",
        (VIDEO + "test_the_first_is_shown_in_the_second_one_s_colour",),
    ),
    Fault(
        "sound goes on after the pictures",
        JUDGE + "video.py",
        "end=second.origin - span.origin + common_seconds(first, second)",
        "end=None",
        (VIDEO + "test_only_what_both_last_is_compared",),
    ),
    Fault(
        "page shows the frames that differ least",
        JUDGE + "survey.py",
        "figures[-1].psnr_db < best[part][0]",
        "figures[-1].psnr_db > best[part][0]",
        (BROWSER + "test_pictures_are_the_decoded_frames",),
    ),
    Fault(
        "page measures the second clip twice",
        JUDGE + "sights.py",
        "one, other = (psnr(*_alike(picture, sharp)) for picture in pair)",
        "one, other = (psnr(*_alike(pair[1], sharp)) for picture in pair)",
        (PAGE + "test_a_sharp_truth_measures_both",),
    ),
    Fault(
        "page's pictures are lossy",
        JUDGE + "page.py",
        'image.save(file, "PNG")',
        'image.save(file, "JPEG")',
        (BROWSER + "test_pictures_are_the_decoded_frames",),
    ),
    Fault(
        "name of a file runs in the page",
        JUDGE + "page.py",
        "first_name=escape(names[0])",
        "first_name=names[0]",
        (BROWSER + "test_names_and_facts_are_text",),
    ),
    Fault(
        "label ends the page's script",
        JUDGE + "page.py",
        'json.dumps(data).replace("<", "\\\\u003c")',
        "json.dumps(data)",
        (PAGE + "test_labels_and_facts_cannot_end_an_element",),
    ),
    Fault(
        "page may load from anywhere",
        JUDGE + "page.html",
        "default-src 'none'",
        "default-src *",
        (PAGE + "test_the_policy_lets_only_the_page_s_own_run",),
    ),
    Fault(
        "part file of a page left behind",
        JUDGE + "writing.py",
        "    finally:\n        landing.discard()",
        "    finally:\n        pass",
        (PAGE + "test_a_full_disk_leaves_nothing",),
    ),
    Fault(
        "copied H.264 decoded too late",
        "deblurvid/stages/player.py",
        "rank - ranks[0] - delay",
        "rank - ranks[0]",
        (PAGE + "test_h264_is_copied_into_the_players",),
    ),
    Fault(
        "handle moves without the pictures",
        JUDGE + "page.js",
        'this.view.style.setProperty("--at"',
        'this.handle.style.setProperty("--at"',
        (BROWSER + "test_keys_move_the_line_and_what_is_seen",),
    ),
    Fault(
        "line leaves the finger",
        JUDGE + "page.js",
        "    this.view.setPointerCapture(event.pointerId);\n",
        "",
        (BROWSER + "test_the_pointer_drags_the_line",),
    ),
    Fault(
        "players drift apart",
        JUDGE + "motion.js",
        "const ahead = second.currentTime - first.currentTime;",
        "const ahead = 0;",
        (BROWSER + "test_a_held_second_player_catches_up",),
    ),
    Fault(
        "step shows the frame beside",
        JUDGE + "motion.js",
        "= (times[at] + next) / 2;",
        "= next + step / 2;",
        (BROWSER + "test_full_stop_and_comma_step_by_a_frame",),
    ),
    Fault(
        "handle without a name",
        JUDGE + "motion.html",
        'aria-label="How much of the video shows $first_label" ',
        "",
        (BROWSER + "test_everybody_can_use_it",),
    ),
    Fault(
        "PSNR of differences that wrap around",
        "deblurvid/judge/metrics/fidelity.py",
        "np.subtract(codes, sharp, dtype=np.float64)",
        "np.subtract(codes, sharp)",
        ("tests/judge/metrics/test_fidelity.py::test_the_squared_error_is_a_mean_of_squares",),
    ),
    Fault(
        "page opens a moment that hardly differs",
        JUDGE + "survey.py",
        "return min(range(len(self.chosen))",
        "return max(range(len(self.chosen))",
        (PAGE + "test_what_differs_most_is_opened_first_where_it_differs",),
    ),
    Fault(
        "upright pictures higher than the window",
        JUDGE + "page.js",
        "min(82vh * ${width / data.height}, ${width * LARGEST}px)",
        "${width * LARGEST}px",
        (BROWSER + "test_an_upright_picture_fits_the_window",),
    ),
    Fault(
        "part compared with the beginning of its source",
        CLIP,
        "times = [time for time in times if not begin.before(time[0])]",
        "times = list(times)",
        (PAGE + "test_a_part_is_compared_with_its_own_moments",),
    ),
    Fault(
        "boxes for letters that a font lacks",
        JUDGE + "labels.py",
        "_drawn(font, c) == box]",
        "not c]",
        ("tests/judge/compare/test_labels.py::test_without_a_font_the_nearest_letters_are_shown",),
    ),
)
