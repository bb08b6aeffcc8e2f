"""The few answers of other cloud services that Terraform asks for on the way."""
