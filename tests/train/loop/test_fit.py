"""The loop: it stops, it goes on as if it had never stopped, it leaves what it should."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.train.loop.recipes import ADVERSARIAL, PLANES, RECIPE_TOML, take_steps
from train.checkpoint import load_generator, load_run, save_run, start_run
from train.data.options import DataOptions
from train.loop import keeper as keeper_module
from train.loop.fit import FitOptions, fit
from train.loop.schedule import Length, learning_rate, phases_of
from train.recipe import PerceptualRecipe, PhaseRecipe, read_recipe

ROOT = Path(__file__).parents[3]


@pytest.fixture
def data(tmp_path) -> DataOptions:
    """A folder with one photo."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.integers(0, 256, (60, 60, 3), np.uint8), (240, 240))
    cv2.imwrite(str(folder / "photo.png"), image)
    return DataOptions(paths=(folder,), layout="photos")


@pytest.fixture
def pairs(tmp_path) -> DataOptions:
    """A folder with two pairs."""
    rng = np.random.default_rng(1)
    for number in range(2):
        image = rng.integers(0, 256, (48, 64, 3), np.uint8)
        for side, picture in (("sharp", image), ("blur", cv2.blur(image, (3, 3)))):
            path = tmp_path / "pairs" / side / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), picture)
    return DataOptions(paths=(tmp_path / "pairs",), split="test")


def options_for(data: DataOptions, folder: Path, **more) -> FitOptions:
    """Options of a run without worker processes."""
    return FitOptions(data=data, folder=folder, seed=1, workers=0, **more)


@pytest.mark.parametrize(
    ("recipe", "kind"), [(PLANES, "adamw"), (PLANES, "muon"), (ADVERSARIAL, "adam")]
)
def test_a_run_stopped_and_resumed_ends_with_the_same_bits(photos, tmp_path, recipe, kind):
    """Four steps at once, and two plus two: weights, average, statistics, moments, critic."""
    recipe = replace(recipe, optimiser=replace(recipe.optimiser, kind=kind))
    for name, sittings in (("whole", [4]), ("parts", [2, 4])):
        path = tmp_path / name
        for last in sittings:
            run = load_run(path) if path.exists() else start_run(recipe, 1)
            take_steps(run, photos, last - run.step, of=4)
            save_run(run, path)
    whole, parts = load_file(tmp_path / "whole"), load_file(tmp_path / "parts")

    assert whole.keys() == parts.keys()
    assert [name for name in whole if not torch.equal(whole[name], parts[name])] == []


def test_a_killed_run_goes_on_to_the_same_bits(data, tmp_path):
    """SIGKILL in the middle, the same command again: the last checkpoint equals an unbroken run's.

    Through the command line, with a worker process, saving after every step.
    """
    (tmp_path / "tiny.toml").write_text(RECIPE_TOML)
    command = [
        sys.executable, "-m", "train", "fit", "--recipe", tmp_path / "tiny.toml",
        "--data", data.paths[0], "--steps", "40", "--save-seconds", "0", "--device", "cpu",
        "--threads", "2",
    ]  # fmt: skip
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    with subprocess.Popen([*command, "--out", killed], cwd=ROOT, start_new_session=True) as run:
        deadline = time.monotonic() + 60
        while not (killed / "last.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGKILL)
    stopped_at = load_run(killed / "last.safetensors").step
    for folder in (killed, whole):
        subprocess.run([*command, "--out", folder], cwd=ROOT, check=True, capture_output=True)
    ends = [load_file(folder / "last.safetensors") for folder in (killed, whole)]

    assert 0 < stopped_at < 40
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


def test_ctrl_c_saves_the_run_between_two_steps(data, tmp_path):
    """SIGINT to the whole group: exit 130, one line, no traceback, and the checkpoint can be used."""
    (tmp_path / "tiny.toml").write_text(RECIPE_TOML)
    run = subprocess.Popen(
        [
            sys.executable, "-u", "-m", "train", "fit", "--recipe", tmp_path / "tiny.toml",
            "--data", data.paths[0], "--out", tmp_path / "run", "--steps", "1000000",
            "--device", "cpu", "--threads", "1",
        ],
        cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    while "from step 0" not in run.stdout.readline():
        pass
    time.sleep(1)
    os.killpg(run.pid, signal.SIGINT)
    told = run.communicate()[0]
    stopped_at = load_run(tmp_path / "run" / "last.safetensors").step

    assert run.returncode == 130
    assert f"stopped at step {stopped_at};" in told
    assert "Traceback" not in told


def test_two_processes_do_what_one_does(data, tmp_path):
    """Two gloo processes on halves of the batch: the same weights but for the order of sums.

    In float32, after five steps, differences stay below a hundredth of the way.
    """
    (tmp_path / "tiny.toml").write_text(
        RECIPE_TOML + '[compute]\nprecision = "fp32"\nparts = 1\n[optimiser]\nwarmup_steps = 0\n'
    )
    for count in (1, 2):
        subprocess.run(
            [
                sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(count),
                "--standalone", "-m", "train", "fit", "--recipe", tmp_path / "tiny.toml", "--data", data.paths[0],
                "--out", tmp_path / str(count), "--steps", "5", "--device", "cpu",
                "--threads", "1", "--workers", "0",
            ],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
    one, two = (load_run(tmp_path / str(count) / "last.safetensors") for count in (1, 2))
    fresh = start_run(one.recipe, 1)
    far = max(
        float((a - b).detach().abs().max())
        for a, b in zip(one.generator.parameters(), fresh.generator.parameters(), strict=True)
    )
    apart = max(
        float((a - b).detach().abs().max())
        for a, b in zip(one.generator.parameters(), two.generator.parameters(), strict=True)
    )

    assert two.samples == one.samples == 20
    assert apart < far / 100


def test_a_run_leaves_figures_weights_and_pictures(data, pairs, tmp_path):
    """Last and best checkpoint, a line of JSON a report, TensorBoard's file, blurred | restored."""
    folder = tmp_path / "run"
    fit(PLANES, Length(steps=3), options_for(data, folder, validation=pairs))
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    _, counts = load_generator(folder / "last.safetensors")
    picture = cv2.imread(str(folder / "pictures" / "0000003.png"))

    assert (counts["step"], counts["samples"]) == (3, 12)
    assert [(line["kind"], line["step"]) for line in lines] == [("train", 3), ("validation", 3)]
    assert 0 <= lines[0]["waiting_share"] <= 1
    assert load_run(folder / "best.safetensors").best == pytest.approx(
        lines[1]["gain_db"], abs=1e-3
    )
    assert "1 photos" in load_run(folder / "last.safetensors").papers["data"]
    assert picture.shape == (2 * 48, 3 * 64, 3)
    assert list((folder / "tensorboard").iterdir())


def test_the_best_checkpoint_is_kept(data, pairs, tmp_path, monkeypatch):
    """A later validation that is worse replaces the last checkpoint, not the best."""
    folder, steps = tmp_path / "run", iter([2.0, 1.0])
    real = keeper_module.validate

    def validate(run, images):
        return replace(real(run, images), gain_db=next(steps))

    monkeypatch.setattr(keeper_module, "validate", validate)
    for length in (2, 4):
        fit(PLANES, Length(steps=length), options_for(data, folder, validation=pairs))

    assert load_run(folder / "best.safetensors").step == 2
    assert load_run(folder / "last.safetensors").step == 4


def test_a_bad_batch_is_kept(data, tmp_path):
    """The error names the file, and in the file lie the planes of the batch."""
    folder = tmp_path / "run"
    run = start_run(PLANES, 1)
    torch.nn.init.constant_(run.generator.tail.weight, float("inf"))
    save_run(run, folder / "last.safetensors")

    with pytest.raises(FloatingPointError, match=r"bad-batch-0\.safetensors"):
        fit(PLANES, Length(steps=3), options_for(data, folder))
    batch = load_file(folder / "bad-batch-0.safetensors")
    assert [batch[str(i)].shape[-1] for i in range(6)] == [32, 16, 16] * 2


def test_another_recipe_is_not_gone_on_with(data, tmp_path):
    """The error names the checkpoint."""
    fit(PLANES, Length(steps=1), options_for(data, tmp_path / "run"))
    other = replace(PLANES, optimiser=replace(PLANES.optimiser, peak_rate=1e-4))

    with pytest.raises(ValueError, match=r"last\.safetensors was trained by another recipe"):
        fit(other, Length(steps=2), options_for(data, tmp_path / "run"))


def test_crops_grow_when_a_phase_says_so(data, tmp_path, monkeypatch):
    """Half way through four steps crops go from 32 and 4 to 64 and 2, and on after a resume."""
    phases = (PhaseRecipe(start=0.5, crop=64, batch=2),)
    recipe = replace(PLANES, phases=phases)
    seen = []
    real = keeper_module.train_step

    def watch(run, batch, rate, tools):
        seen.append(tuple(batch[0].shape[::3]))
        return real(run, batch, rate, tools)

    monkeypatch.setattr(keeper_module, "train_step", watch)
    fit(recipe, Length(steps=4), options_for(data, tmp_path / "run"))
    fit(recipe, Length(steps=5), options_for(data, tmp_path / "run"))

    assert [phase.end for phase in phases_of(recipe)] == [0.5, 1.0]
    assert seen == [(4, 32), (4, 32), (2, 64), (2, 64), (2, 64)]


def test_a_perceptual_recipe_without_weights_is_an_error(data, tmp_path):
    """Never random features: the option is named."""
    recipe = replace(PLANES, perceptual=PerceptualRecipe())

    with pytest.raises(ValueError, match="--perceptual-weights"):
        fit(recipe, Length(steps=1), options_for(data, tmp_path / "run"))


def test_the_rate_warms_up_and_falls_to_zero():
    """Warm-up is linear; half way down the cosine the rate is half its peak; `none` stays there."""
    optimiser = PLANES.optimiser
    assert learning_rate(optimiser, 0, 0.0) == pytest.approx(3e-3 / 5)
    assert learning_rate(optimiser, 100, 0.5) == pytest.approx(1.5e-3)
    assert learning_rate(optimiser, 100, 1.0) == pytest.approx(0)
    assert learning_rate(replace(optimiser, decay="none"), 100, 0.9) == pytest.approx(3e-3)


def test_a_run_has_one_length():
    """Steps or minutes, not both, not none."""
    for given in ({}, {"steps": 1, "minutes": 1.0}):
        with pytest.raises(ValueError, match="either steps or minutes"):
            Length(**given)
    for given in ({"steps": 0}, {"steps": -3}, {"minutes": 0.0}):
        with pytest.raises(ValueError, match="has no length"):
            Length(**given)


def test_minutes_end_a_run_over_all_sittings(data, tmp_path):
    """A run of 1.2 s that has had 1 s ends soon, its rate nearly zero, and counts the seconds on."""
    folder = tmp_path / "run"
    run = start_run(PLANES, 1)
    run.seconds = 1.0
    save_run(run, folder / "last.safetensors")
    ended = fit(PLANES, Length(minutes=1.2 / 60), options_for(data, folder))

    assert ended.step >= 1
    assert 1.2 <= ended.seconds < 20


def test_what_weights_are_made_of_stays_with_them(data, pairs, tmp_path):
    """After --init the papers name the first run's data as well."""
    fit(PLANES, Length(steps=1), options_for(data, tmp_path / "first"))
    options = options_for(
        replace(pairs, layout="pairs"),
        tmp_path / "second",
        init=tmp_path / "first" / "last.safetensors",
    )
    small = replace(PLANES, samples=replace(PLANES.samples, crop=32, scene=32))
    fit(small, Length(steps=1), options)
    papers = load_run(tmp_path / "second" / "last.safetensors").papers

    assert papers["earlier"] == "data: 1 photos, blurred on the fly"
    assert "2 pairs" in papers["data"]


def test_a_run_keeps_its_seed(data, tmp_path):
    """Another --seed on a run that is gone on with would be ignored: it is an error."""
    fit(PLANES, Length(steps=1), options_for(data, tmp_path / "run"))

    with pytest.raises(ValueError, match=r"begun with --seed 1, not 2"):
        fit(PLANES, Length(steps=2), replace(options_for(data, tmp_path / "run"), seed=2))


def test_a_broken_picture_is_one_line_from_a_worker_too(data, pairs, tmp_path):
    """The error is what the source said, without the worker's traceback."""
    path = pairs.paths[0] / "blur" / "0.png"
    options = options_for(replace(pairs, layout="pairs"), tmp_path / "run")
    small = replace(PLANES, samples=replace(PLANES.samples, crop=32, scene=32))
    whole = path.read_bytes()
    # Its head and its end are right, so that it is found only when it is decoded.
    path.write_bytes(whole[:200] + bytes(len(whole) - 300) + whole[-100:])

    with pytest.raises(ValueError, match=r"0\.png") as caught:
        fit(small, Length(steps=50), replace(options, workers=1))
    assert "Traceback" not in str(caught.value)
    assert (tmp_path / "run" / "last.safetensors").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_minutes_on_one_scene_beat_the_blurred_input(tmp_path):
    """The shipped recipe on the one photograph it is judged by: at least half a decibel gained."""
    rng = np.random.default_rng(3)
    image = np.full((400, 400, 3), 90, np.uint8)
    for _ in range(400):
        (top, left), size = rng.integers(0, 380, 2), rng.integers(4, 60, 2)
        image[top : top + size[0], left : left + size[1]] = rng.integers(20, 236, 3)
    blurred = cv2.filter2D(image, -1, np.full((1, 11), 1 / 11))
    for folder, picture in (("photos", image), ("pairs/sharp", image), ("pairs/blur", blurred)):
        (tmp_path / folder).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / folder / "scene.png"), picture)
    run = fit(
        read_recipe(ROOT / "train" / "recipes" / "fast.toml"),
        Length(minutes=2),
        FitOptions(
            data=DataOptions(paths=(tmp_path / "photos",), layout="photos"),
            validation=DataOptions(paths=(tmp_path / "pairs",), split="test"),
            folder=tmp_path / "run",
            seed=1,
        ),
    )

    assert run.best is not None
    assert run.best > 0.5
