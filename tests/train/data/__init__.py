"""Tests of train.data."""
