"""What a channel declares, and where declarations are found."""
