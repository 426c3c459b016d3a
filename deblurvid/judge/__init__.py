"""What a run costs and is worth: measurements over the stages and the pipeline."""
