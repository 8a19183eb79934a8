"""Making it so: secrets and files on disk, the order of work, the gate, receipts. The only room that changes anything."""
