"""Faults in what is tried when a plan cannot be built, and in which plans are trusted and opened."""

from tests.planted.fault import Fault

BUILD = "deblurvid/build/"
PROCESS = "tests/build/test_process.py::"
CACHE = "tests/build/test_cache.py::"
READY = "tests/build/test_ready.py::"
OPENING = "tests/build/test_opening.py::"
PREFLIGHT = "tests/backends/test_preflight.py::"

FAULTS = (
    Fault(
        "a plan that others can write is executed",
        BUILD + "cache.py",
        "and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)",
        "",
        (CACHE + "test_what_others_may_have_written_is_not_read",),
    ),
    Fault(
        "another user's cache is used",
        BUILD + "cache.py",
        "found.st_uid == os.getuid() and",
        "",
        (CACHE + "test_another_user_s_cache_is_not_used",),
    ),
    Fault(
        "an open folder is read before it is closed",
        BUILD + "cache.py",
        "        _close_to_others(path.parent)  # first",
        "        path.parent.stat()  # first",
        (CACHE + "test_a_folder_open_to_others_is_closed",),
    ),
    Fault(
        "any failure is a reason for another precision",
        BUILD + "ready.py",
        "            return attempt(name)\n        except PrecisionError as error:",
        "            return attempt(name)\n        except RuntimeError as error:",
        (READY + "test_only_a_precision_is_a_reason_for_another",
         READY + "test_a_precision_that_cannot_be_built"),
    ),
    Fault(
        "a generator that TensorRT cannot take is tried in every precision",
        BUILD + "ready.py",
        "            return attempt(name)\n        except PrecisionError as error:",
        "            return attempt(name)\n        except ValueError as error:",
        (READY + "test_only_a_precision_is_a_reason_for_another",),
    ),
    Fault(
        "a lack of memory is told as a lack of kernels",
        BUILD + "messages.py",
        "if lacking and (lacks_memory(line) or _NO_KERNEL.search(line)):",
        "if lacking and lacks_memory(line):",
        ("tests/build/test_messages.py::test_why_a_build_failed",),
    ),
    Fault(
        "a large picture whose plan lacks memory is given up",
        BUILD + "ready.py",
        "        if for_tiles is None:\n            raise\n",
        "        raise\n",
        (READY + "test_too_little_memory_for_a_large_plan_means_a_usual_one",),
    ),
    Fault(
        "a plan for tiles of what cannot be cut",
        BUILD + "ready.py",
        "        reach_for_tiles(generator, error)\n",
        "",
        (READY + "test_what_cannot_be_cut_is_not_built_for_tiles",),
    ),
    Fault(
        "a plan is left where none passed",
        BUILD + "ready.py",
        "            cache.discard(target)\n",
        "",
        (READY + "test_a_plan_at_a_path_of_its_own",),
    ),
    Fault(
        "a compute capability is not looked up before work",
        BUILD + "toolchain.py",
        "if wrong := sorted(set(targets) - set(known)):",
        "if wrong := sorted(set(targets) - set(known) - set(targets)):",
        ("tests/cli/test_build_engine.py::test_what_is_refused",),
    ),
    Fault(
        "a plan by its path runs on any GPU",
        BUILD + "opening.py",
        "if targets and target_of(gpu) not in targets:",
        "if targets and target_of(gpu) is None:",
        (OPENING + "test_a_plan_for_something_else_is_refused",),
    ),
    Fault(
        "a plan by its path is not opened by what built it",
        BUILD + "opening.py",
        'cuda_flavour(device, [plan.settings["flavour"]])',
        "cuda_flavour(device, ['tensorrt'])",
        (OPENING + "test_the_flavour_is_the_plan_s",),
    ),
    Fault(
        "a plan that was never compared is used unsaid",
        BUILD + "opening.py",
        "    if plan.record.parity is None:\n        yield",
        "    if not plan.record.facts:\n        yield",
        (OPENING + "test_doubts_about_a_plan_are_told",),
    ),
    Fault(
        "a hidden GPU is shown to the worker",
        BUILD + "process.py",
        "    if DEVICES in os.environ:",
        "    if os.environ.get(DEVICES):",
        (PROCESS + "test_a_worker_sees_the_device_that_is_meant",),
    ),
    Fault(
        "a second Ctrl-C leaves the worker",
        BUILD + "process.py",
        "        worker.kill()  # of one that has ended: nothing\n",
        "        worker.poll()\n",
        (PROCESS + "test_interrupted_once_more_the_worker_is_killed",),
    ),
    Fault(
        "every flavour is tried",
        "deblurvid/backends/preflight.py",
        "        if problem is None:\n            return flavour\n        problems.append(problem)\n"
        "    raise EngineError(\"; \".join(problems))",
        "        problems.append((flavour, problem))\n"
        "    for flavour, problem in problems:\n        if problem is None:\n            return flavour\n"
        "    raise EngineError(\"; \".join(problem for _, problem in problems))",
        (PREFLIGHT + "test_what_works_ends_the_search",),
    ),
    Fault(
        "a driver that TensorRT cannot use ends a build that needs none",
        BUILD + "toolchain.py",
        'return "rtx" if "rtx" in installed_flavours() else "tensorrt", str(exc)',
        "raise EngineError(str(exc)) from exc",
        ("tests/build/test_toolchain.py::test_what_runs_nowhere_here_is_built_by_rtx",),
    ),
    Fault(
        "a plan that was not compared to the end is left",
        BUILD + "ready.py",
        "        except BaseException:  # nobody may take it for one that was compared",
        "        except PrecisionError:",
        (READY + "test_a_plan_at_a_path_of_its_own",),
    ),
    Fault(
        "TensorRT's log is not shown with --debug",
        "deblurvid/cli/debug_log.py",
        "    logger.setLevel(logging.DEBUG)\n",
        "",
        ("tests/cli/test_build_engine.py::test_tensorrt_s_log_is_shown_on_request",),
    ),
)  # fmt: skip
