"""gate's container image: built here, and run the way CI systems run it."""
