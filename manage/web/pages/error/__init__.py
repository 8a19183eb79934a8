"""What the browser shows instead of a page that cannot be shown."""
