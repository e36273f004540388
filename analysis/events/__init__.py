"""The reading side: events as awkward records, flat columns, three-track vertices, kinematics."""
