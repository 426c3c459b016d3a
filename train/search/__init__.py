"""Choosing a recipe: candidates trained for equal compute, judged on one validation set."""
