"""Faults of what the command line tells: plans, counts, reports, and what to do instead."""

from tests.planted.fault import Fault

FAULTS = (
    Fault(
        "videos of a folder passed over by run",
        "deblurvid/stages/images.py",
        "    if videos:\n",
        "    if videos and not files:\n",
        ("tests/cli/test_bad_input.py::test_videos_of_a_folder",),
    ),
    Fault(
        "frames of a part rounded",
        "deblurvid/stages/decode.py",
        "math.ceil((seconds - lead) * rate - WITHIN_A_FRAME)",
        "round((seconds - lead) * rate)",
        ("tests/test_pipeline.py::test_as_many_frames_are_announced_as_begin_within_the_part",),
    ),
    Fault(
        "a report named - is a file",
        "deblurvid/cli/writing.py",
        "    if is_standard_output(target):\n        sys",
        "    if not target.name:\n        sys",
        ("tests/cli/test_folder.py::test_a_report_goes_to_standard_output",),
    ),
    Fault(
        "dry run of a folder does not look at the engine",
        "deblurvid/folder/run.py",
        "    return _planned(Path(source), Path(target), which, _for_many(options))[0]\n",
        "    overwrite = _for_many(options).overwrite\n"
        "    return plan_folder(Path(source), Path(target), which, overwrite=overwrite)\n",
        ("tests/cli/test_folder.py::test_a_dry_run_is_refused_as_the_run_is",),
    ),
    Fault(
        "what is left not in the report",
        "deblurvid/cli/folder_report.py",
        "[*self.ended, *self._left()]",
        "self.ended",
        ("tests/cli/test_folder.py::test_interrupted",),
    ),
    Fault(
        "time left told by the first frames",
        "deblurvid/progress/pace.py",
        "FEW_FRAMES, FEW_SECONDS = 8, 2.0",
        "FEW_FRAMES, FEW_SECONDS = 1, 2.0",
        ("tests/test_progress.py::test_nothing_is_foretold_by_the_first_frames",),
    ),
)
