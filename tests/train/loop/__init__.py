"""Tests of train.loop."""
