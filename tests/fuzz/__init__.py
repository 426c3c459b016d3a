"""Damaged videos by the thousand, each given to a run in a process that may die of it."""
