"""Applies changes: secrets and files on disk, the order of operations, the gate, receipts."""
