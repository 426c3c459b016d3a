"""Tests of deblurvid.judge.compare."""
