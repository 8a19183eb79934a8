"""The BTC price from what people pay: an independent implementation of an idea made known by UTXOracle."""
