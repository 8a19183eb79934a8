"""The only room that speaks to Docker. Every import of the SDK is inside a function: it costs more than `--help`."""
