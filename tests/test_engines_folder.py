"""The shipped generators keep the contract, and their cards tell the truth about them."""

import hashlib
import json
import re

import numpy as np
import onnx
import pytest

from deblurvid.choose import engines_folder, load_generator, shipped_generators
from deblurvid.graph.contract import BF16_FLOOR_DB, Key, weights_sha256

FOLDER = engines_folder()
NAMES = shipped_generators()
MOST_BYTES = 60_000_000


def test_something_is_shipped_and_it_is_small():
    """There is a default generator, and the whole folder stays below 60 MB."""
    assert NAMES
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES


@pytest.mark.parametrize("name", NAMES)
class TestGenerator:
    """Laws for each file."""

    def test_metadata_are_complete_and_true(self, name):
        """Name, licence, kind, weights' hash, parity and training are stated; the hash is right."""
        generator = load_generator(name)

        assert name == generator.name
        assert weights_sha256(generator.model) == generator.metadata[Key.WEIGHTS_SHA256]
        assert generator.metadata[Key.LICENCE]
        assert json.loads(generator.metadata[Key.TRAINING])
        assert generator.passed_bf16
        assert json.loads(generator.metadata[Key.PARITY])["bf16"]["psnr_db"] >= BF16_FLOOR_DB

    def test_weights_are_stored_as_fp16(self, name):
        """Every weight of more than one channel is float16, finite, and far from its limit."""
        model = onnx.load(FOLDER / f"{name}.onnx")
        for tensor in model.graph.initializer:
            values = onnx.numpy_helper.to_array(tensor)
            if values.ndim == 4:
                assert values.dtype == np.float16
                assert np.abs(values).max() < 1000

    def test_the_card_names_file_and_figures(self, name):
        """The card carries the file's SHA-256, its licence, limits and the commands of its figures."""
        card = (FOLDER / f"{name}.md").read_text()
        digest = hashlib.sha256((FOLDER / f"{name}.onnx").read_bytes()).hexdigest()

        assert digest in card
        for word in ("GFLOP", "hours", "dB", "python -m train", "synthetic", "MIT"):
            assert re.search(word, card, re.IGNORECASE), word
