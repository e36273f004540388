"""What `datasets/` holds, read through strict models."""
