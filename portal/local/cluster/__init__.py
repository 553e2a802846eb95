"""A real Kubernetes with Kueue and pretended nodes, as plain processes on this machine."""
