"""What the road costs, beside a bare relay: ``python -m benchmarks``. Needs Linux."""
