"""Tests of train.generators."""
