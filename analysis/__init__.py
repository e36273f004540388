"""The package: from the event contract to limits, a folder a subject."""
