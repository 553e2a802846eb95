"""Programs to try jobs and pipelines with; the job host of one machine lets jobs run them."""
