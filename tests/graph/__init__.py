"""Tests of deblurvid.graph, and the tiny generators that other tests borrow."""
