"""Who watches a run: the metrics file, the progress bar, TensorBoard."""
