"""Faults on the way of a folder, and of what single images say of themselves."""

from tests.planted.fault import Fault

FOLDER = "deblurvid/folder/"
STAGES = "deblurvid/stages/"
TESTS = "tests/test_folder.py::"
WHOLE = "tests/test_folder_whole.py::"
TOLD = "tests/stages/test_image_metadata.py::"
CLI = "tests/cli/test_folder.py::"

FAULTS = (
    Fault(
        "existing targets are replaced without a word",
        FOLDER + "plan.py",
        'return None if overwrite else f"{target} exists already"',
        "return None",
        (TESTS + "test_ground_truth_is_never_touched",),
    ),
    Fault(
        "-y replaces sources too",
        FOLDER + "plan.py",
        "if self._holds(Path(os.path.realpath(target))) or self._is_one(target):",
        "if not overwrite and self._holds(Path(os.path.realpath(target))):",
        (TESTS + "test_a_source_within_its_target_is_not_written_to",),
    ),
    Fault(
        "a hard link to a source is no source",
        FOLDER + "plan.py",
        "return (file.st_dev, file.st_ino) in self._identities",
        "return False",
        (TESTS + "test_no_way_leads_to_a_source",),
    ),
    Fault(
        "links to a source are not followed",
        FOLDER + "plan.py",
        "self._holds(Path(os.path.realpath(target)))",
        "self._holds(target.absolute())",
        (TESTS + "test_no_way_leads_to_a_source",),
    ),
    Fault(
        "capitals tell targets apart",
        FOLDER + "plan.py",
        'unicodedata.normalize("NFC", place).casefold()',
        'unicodedata.normalize("NFC", place)',
        (TESTS + "test_two_files_of_one_target_are_a_clash",),
    ),
    Fault(
        "accents tell targets apart",
        FOLDER + "plan.py",
        'unicodedata.normalize("NFC", place).casefold()',
        "place.casefold()",
        (TESTS + "test_two_files_of_one_target_are_a_clash",),
    ),
    Fault(
        "source and target may be one",
        FOLDER + "plan.py",
        "if target.exists() and source.exists() and target.samefile(source):",
        "if target == source:",
        (TESTS + "test_source_and_target_are_two",),
    ),
    Fault(
        "a target within its source is searched",
        FOLDER + "search.py",
        "frozenset((folder.resolve(), apart.resolve()))",
        "frozenset((folder.resolve(),))",
        (TESTS + "test_a_target_within_its_source_is_no_source",),
    ),
    Fault(
        "links lead in circles",
        FOLDER + "search.py",
        "if real in closed:",
        "if len(path.parts) > 40:",
        (TESTS + "test_links_are_followed_but_not_in_circles",),
    ),
    Fault(
        "hidden files are taken",
        FOLDER + "search.py",
        "if not entry.name.startswith(HIDDEN)]",
        "]",
        (TESTS + "test_subfolders_hidden_files_and_other_files_are_left_and_told",),
    ),
    Fault(
        "what is skipped is restored again",
        FOLDER + "plan.py",
        "if options.skip_existing and is_file(item.target):",
        "if False:",
        (CLI + "test_all_done_is_0_and_again_is_refused_or_skipped",),
    ),
    Fault(
        "one broken file ends all",
        FOLDER + "run.py",
        "    except DeblurvidError as error:\n        why = str(error)\n",
        "    except DeblurvidError:\n        raise\n",
        (TESTS + "test_a_file_that_fails_is_told_and_the_rest_goes_on",),
    ),
    Fault(
        "a failed file leaves its folder",
        FOLDER + "run.py",
        "folder.rmdir()",
        "pass",
        (TESTS + "test_a_file_that_fails_is_told_and_the_rest_goes_on",),
    ),
    Fault(
        "an interrupt that hides is one more failed file",
        FOLDER + "run.py",
        "if was_interrupted(error):",
        "if False:",
        (TESTS + "test_what_nobody_foresaw_ends_one_file_only",),
    ),
    Fault(
        "fail-fast goes on",
        FOLDER + "run.py",
        'if which.fail_fast and ended.outcome == "failed":',
        "if False:",
        (TESTS + "test_fail_fast_stops_at_the_first",),
    ),
    Fault(
        "files are taken in the order of names, whatever their sizes",
        FOLDER + "run.py",
        "groups.setdefault(probe(item.source), [])",
        "groups.setdefault(item, [])",
        (TESTS + "test_an_engine_serves_all_files_of_its_size",),
    ),
    Fault(
        "engines stay open for every size",
        FOLDER + "engines.py",
        "while len(self._open) >= MOST_OPEN:",
        "while False:",
        (TESTS + "test_an_engine_serves_all_files_of_its_size",),
    ),
    Fault(
        "pictures of a run that failed come out in the next",
        FOLDER + "engines.py",
        "while self._in_flight:\n            self.collect()",
        "pass",
        (TESTS + "test_pictures_of_a_run_that_failed_do_not_come_out_in_the_next",),
    ),
    Fault(
        "a failed file is no failure of the whole",
        "deblurvid/cli/folder.py",
        'if failed := record.count("failed"):',
        'if failed := 0 * record.count("failed"):',
        (CLI + "test_a_failure_makes_the_code_1_and_is_told",),
    ),
    Fault(
        "an interrupted folder has no report",
        "deblurvid/cli/folder.py",
        "        finally:\n            if record.started is not None:",
        "        finally:\n            if record.finished is not None:",
        (CLI + "test_interrupted",),
    ),
    Fault(
        "EXIF of single images is lost",
        "deblurvid/pipeline.py",
        "if job.metadata is not None:",
        "if job.metadata is None:",
        (TOLD + "test_an_image_takes_along_what_it_says_of_itself",),
    ),
    Fault(
        "a large profile is cut to one segment",
        STAGES + "image_blocks.py",
        "for at in range(0, len(icc), _MOST_ICC)]",
        "for at in range(0, min(len(icc), 1), _MOST_ICC)]",
        (TOLD + "test_a_large_profile_is_split_in_jpeg",),
    ),
    Fault(
        "EXIF with high bytes first is read as if low ones were",
        STAGES + "tiff.py",
        'values if order == "<" else _swapped(values, kind)',
        "values",
        (TOLD + "test_high_bytes_first_are_read",),
    ),
    Fault(
        "JPEGs that are cut off pass",
        STAGES + "jpeg.py",
        "return all(marker != EOI for marker, _, _ in segments(data))",
        "return False",
        (TOLD + "test_an_image_that_is_cut_off_is_an_error",),
    ),
    Fault(
        "any end of a JPEG in a file is that of the picture",
        STAGES + "jpeg.py",
        "return all(marker != EOI for marker, _, _ in segments(data))",
        'return b"\\xff\\xd9" not in data',
        (TOLD + "test_the_end_of_a_jpeg_is_not_that_of_its_thumbnail",),
    ),
    Fault(
        "the name of a PNG's profile is freed twice",
        STAGES + "ffmpeg.py",
        "ctypes.pythonapi.Py_IncRef(ctypes.py_object(words))",
        "pass",
        (TOLD + "test_a_png_whose_profile_has_a_name_ends_well",),
    ),
    Fault(
        "a profile of a PNG may inflate to any size",
        STAGES + "image_blocks.py",
        "inflate.decompress(data, _MOST_INFLATED)",
        "inflate.decompress(data)",
        (TOLD + "test_a_profile_that_bursts_is_left_out",),
    ),
    Fault(
        "the engine of the last file restores the next one",
        FOLDER + "engines.py",
        "key = size, picture",
        "key = (0, 0), picture",
        (WHOLE + "test_all_but_the_broken_ones_are_done",),
    ),
)
