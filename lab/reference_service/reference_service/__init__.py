"""A small service that keeps the application's contract, so that a lab carries real requests."""
