"""Tests of deblurvid.judge."""
