"""What breaks on purpose: processes, connections, answers."""
