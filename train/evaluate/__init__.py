"""What a generator is worth, in figures."""
