"""Tests of train.losses."""
