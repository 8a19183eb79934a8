"""The pages, one module a room of the site."""
