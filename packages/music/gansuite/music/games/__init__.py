"""Who plays against whom, in music."""
