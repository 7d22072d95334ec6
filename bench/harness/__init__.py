"""What the benchmarks share: rounds and their statistics, servers to measure, clients, tables."""
