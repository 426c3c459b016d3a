"""What only a GPU can tell: `DEBLURVID_REQUIRE_GPU=1 pytest -m gpu tests/gpu`."""
