"""Who plays against whom, in pictures."""
