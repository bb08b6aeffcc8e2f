"""Charts: packaged Helm charts that a project keeps."""
