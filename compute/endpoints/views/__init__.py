"""Pages of endpoints, and the parts that endpoints add to the page of a model."""
