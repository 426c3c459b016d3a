"""Tests of train.search."""
