"""Webhooks: every event of a project's jobs, sent to whoever registered, at least once."""
