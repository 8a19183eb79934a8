"""The documents that are generated from the code: `python -m manage.docs --write` or `--check`."""
