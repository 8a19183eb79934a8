"""The BTC price from on-chain payments: an independent implementation of the idea behind UTXOracle."""
