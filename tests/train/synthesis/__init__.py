"""Tests of train.synthesis."""
