"""What our statements mean: pure functions, no Flask, no database."""
