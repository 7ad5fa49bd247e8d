"""The embedded Learning Record Store. It knows JSON and an opaque tenant UUID, not courses."""
