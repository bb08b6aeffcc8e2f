"""Jobs that have ended as traces of OpenTelemetry, sent to whoever collects them."""
