"""Training: data into batches, the step, the loop, and who listens to it."""
