"""Blur made from sharp pictures."""
