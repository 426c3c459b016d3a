"""Faults of plans, samples, sweeps and reports: answers that are believed before a long run."""

from tests.planted.fault import Fault

DRY = "tests/cli/test_dry_run.py::"
FORESEE = "tests/build/test_foresee.py::"
SAMPLE = "tests/judge/test_sample.py::"
BENCH = "tests/judge/test_bench.py::"
DOCTOR = "tests/cli/test_doctor.py::"

FAULTS = (
    Fault(
        "a dry run makes a part file",
        "deblurvid/planning.py",
        "rehearsal=True, build=False",
        "build=False",
        (DRY + "test_nothing_is_touched",),
    ),
    Fault(
        "a dry run builds a plan",
        "deblurvid/choose.py",
        "on_cuda = partial(_on_cuda, tell=tell) if build else _foreseen_on_cuda",
        "on_cuda = partial(_on_cuda, tell=tell)",
        ("tests/test_choose.py::test_what_is_only_foreseen_is_not_built",),
    ),
    Fault(
        "a dry run promises what the header refuses",
        "deblurvid/stages/mux.py",
        "        _write_header(output, choice)\n",
        "        if isinstance(landing.where, (str, Writer)):\n"
        "            _write_header(output, choice)\n",
        (DRY + "test_it_is_refused_as_the_run_is",),
    ),
    Fault(
        "a notice is said by the run alone",
        "deblurvid/planning.py",
        "        notices = before_the_first_frame(job)\n",
        "        notices = list(job.losses)\n",
        (DRY + "test_what_an_interrupted_run_kept_is_told",),
    ),
    Fault(
        "losses are not said",
        "deblurvid/remarks.py",
        "texts = [*job.losses, *copied_pictures(job)]",
        "texts = copied_pictures(job)",
        (DRY + "test_what_is_converted_is_said",),
    ),
    Fault(
        "a dry run opens its target",
        "deblurvid/stages/rehearsal.py",
        "        refuse_terminal(target)\n",
        "        refuse_terminal(target)\n        target.open('wb', buffering=0).close()\n",
        (DRY + "test_nothing_is_touched",),
    ),
    Fault(
        "the plan of a dry run goes into the video",
        "deblurvid/cli/dry_run.py",
        "return sys.stderr if is_standard_output(target) else sys.stdout",
        "return sys.stdout",
        (DRY + "test_standard_output_stays_the_video_s",),
    ),
    Fault(
        "a dry run begins the journal anew",
        "deblurvid/planning.py",
        "journal = look_at_journal(",
        "from deblurvid.stages.journal import open_journal\n\n    journal = open_journal(",
        (DRY + "test_what_an_interrupted_run_kept_is_told",),
    ),
    Fault(
        "a precision that failed is foreseen",
        "deblurvid/build/foresee.py",
        "if plan.record.parity is None or Parity(**plan.record.parity).passed:",
        "if True:",
        (FORESEE + "test_a_precision_that_failed_is_passed_over",),
    ),
    Fault(
        "the calmest part is sampled",
        "deblurvid/judge/sample.py",
        "return max(map(start_at, found), key=moved_from)",
        "return min(map(start_at, found), key=moved_from)",
        (SAMPLE + "test_most_movement_wins_not_a_single_leap",),
    ),
    Fault(
        "one leap decides where the sample lies",
        "deblurvid/judge/sample.py",
        "return fmean(within) if within else 0.0",
        "return max(within, default=0.0)",
        (SAMPLE + "test_most_movement_wins_not_a_single_leap",),
    ),
    Fault(
        "the sample begins at its busiest frame",
        "deblurvid/judge/sample.py",
        "place.seconds - seconds / 2",
        "place.seconds",
        (SAMPLE + "test_most_movement_wins_not_a_single_leap",),
    ),
    Fault(
        "the sample hangs over the end",
        "deblurvid/judge/sample.py",
        "else begin + length - seconds",
        "else begin + length",
        (SAMPLE + "test_the_end_is_not_passed",),
    ),
    Fault(
        "few key frames are few places",
        "deblurvid/stages/motion.py",
        "if len(found) < PLACES // 2:",
        "if not found:",
        (SAMPLE + "test_the_sample_lies_where_it_moves",),
    ),
    Fault(
        "a sample with a cold engine",
        "deblurvid/judge/sample.py",
        "        _warm_up(job)\n",
        "",
        (SAMPLE + "test_the_first_frame_finds_a_warm_engine",),
    ),
    Fault(
        "the sample's own bytes are foretold for the whole",
        "deblurvid/judge/sample.py",
        "round(finished.size_bytes * times)",
        "finished.size_bytes",
        (SAMPLE + "test_what_the_whole_takes_is_the_sample_s_share",),
    ),
    Fault(
        "the page shows another part of the source",
        "deblurvid/judge/sample.py",
        "closing(deblur_video(source, before, **settings | alone))",
        'closing(deblur_video(source, before, **settings | alone | {"start": None}))',
        (SAMPLE + "test_the_sample_is_that_part_of_the_source",),
    ),
    Fault(
        "an existing page is replaced unasked",
        "deblurvid/judge/sample.py",
        "if page.exists() and not options.overwrite:",
        "if False:",
        (SAMPLE + "test_what_cannot_be_sampled_is_refused",),
    ),
    Fault(
        "bf16 where oneDNN is held below it",
        "deblurvid/backends/openvino.py",
        "capable = capable and not held_below_bf16()",
        "pass",
        (BENCH + "test_a_cpu_with_less_is_another_process",),
    ),
    Fault(
        "instructions are held back here",
        "deblurvid/judge/bench.py",
        "        return within_isa(options.isa, bench, options, tell)\n",
        "        os.environ[VARIABLE] = options.isa\n",
        (BENCH + "test_a_cpu_with_less_is_another_process",),
    ),
    Fault(
        "the whole sweep is lost with its last part",
        "deblurvid/cli/bench.py",
        "        for found in _measured(options, memory=memory):\n"
        "            _write(found, as_json, as_markdown)\n",
        "        for found in [*_measured(options, memory=memory)][-1:]:\n"
        "            _write(found, as_json, as_markdown)\n",
        (BENCH + "test_what_was_measured_is_kept_when_the_next_fails",),
    ),
    Fault(
        "packing counts for the engine",
        "deblurvid/judge/figures.py",
        '"pack": "encode"',
        '"pack": "engine"',
        ("tests/judge/test_figures.py::test_shares_are_of_the_threads",),
    ),
    Fault(
        "a report with the home folder",
        "deblurvid/cli/examine.py",
        'report = without_names(report | {"problems": problems})',
        'report = report | {"problems": problems}',
        (DOCTOR + "test_it_names_neither_user_nor_machine",),
    ),
    Fault(
        "a name in capitals stays",
        "deblurvid/cli/hiding.py",
        ", re.IGNORECASE)",
        ")",
        (DOCTOR + "test_it_names_neither_user_nor_machine",),
    ),
    Fault(
        "a user's name is taken out of words",
        "deblurvid/cli/hiding.py",
        'rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])"',
        "re.escape(text)",
        (DOCTOR + "test_what_is_part_of_a_word_stays",),
    ),
    Fault(
        "x264 clips a crf in silence",
        "deblurvid/stages/encoders.py",
        "> X264_MOST_CRF:",
        "> 1e9:",
        ("tests/cli/test_bad_options.py",),
    ),
    Fault(
        "sound that ends at 0 counts as unknown",
        "deblurvid/stages/verify.py",
        "ends = there.last_seconds - last - shift",
        "ends = there.last_seconds - (last or first) - shift",
        ("tests/cli/test_run.py::test_a_duration_below_one_packet_of_sound",),
    ),
    Fault(
        "a sample's page replaces the source by a hard link",
        "deblurvid/judge/sample.py",
        "or (there and page.samefile(path)):",
        "or False:",
        (SAMPLE + "test_the_page_replaces_neither_source_nor_sample",),
    ),
    Fault(
        "a sample's page replaces the source by its name",
        "deblurvid/judge/sample.py",
        "    _check_page(source, target, page)\n",
        "",
        (SAMPLE + "test_the_page_replaces_neither_source_nor_sample",),
    ),
    Fault(
        "the whole is foretold by the mean frame rate",
        "deblurvid/judge/sample.py",
        "    return count_frames(source, job.options)\n",
        "    return job.info.frame_count\n",
        (SAMPLE + "test_what_is_foretold_is_what_a_run_of_the_whole_gives",),
    ),
    Fault(
        "frames before the span are counted",
        "deblurvid/stages/probe.py",
        "count += stamp is None or span.holds(stamp * base)",
        "count += 1",
        (SAMPLE + "test_what_is_foretold_is_what_a_run_of_the_whole_gives",),
    ),
)
