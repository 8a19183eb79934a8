"""The oracle as a service: HTTP, WebSocket, and the page."""
