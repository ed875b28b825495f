"""From folders, zips and single files to upright RGB pictures; for every art that looks at pictures."""
