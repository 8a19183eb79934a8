"""Making it so: secrets and files on disk, the order of work, the gate, receipts. The one room that changes things."""
