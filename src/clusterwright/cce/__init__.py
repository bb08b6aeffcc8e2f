"""The CCE API: a package per subject, each with the same files in the same roles."""
