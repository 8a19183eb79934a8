"""The only room that talks to Docker. The SDK is imported inside functions, because its import is slow."""
