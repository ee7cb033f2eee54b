"""What bench/run measures: servers, pairs, and a file for each question."""
