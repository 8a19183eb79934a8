"""Constants of the simulated network, Bitcoin Core's regtest: `src/kernel/chainparams.cpp`, `src/policy/` at v31.99."""

from __future__ import annotations

from nodeclients.networks import BITCOIN

COIN = 100_000_000
VERSION, SUBVERSION, PROTOCOL = 319900, "/Satoshi:31.99.0(simulator)/", 70016
WARNING = "This is a simulator: signatures are not checked, and its coins have no value"
HRP = BITCOIN["sandbox"].prefix
BITS = 0x207FFFFF
TARGET = 0x7FFFFF << 232
DIFFICULTY = 4.656542373906925e-10
BLOCK_VERSION = 0x20000000
SUBSIDY, HALVING = 50 * COIN, 150
COINBASE_MATURITY = 100
MAX_BLOCK_WEIGHT = 4_000_000 - 8000
"""The consensus limit minus DEFAULT_BLOCK_RESERVED_WEIGHT for header and coinbase."""
GENESIS_TIME, GENESIS_NONCE = 1296688602, 2

RELAY_FEE = 100
"""sat per kvB: DEFAULT_MIN_RELAY_TX_FEE and DEFAULT_INCREMENTAL_RELAY_FEE."""
MAX_FEE_RATE = 0.1
"""BTC per kvB: DEFAULT_MAX_RAW_TX_FEE_RATE of sendrawtransaction, src/node/transaction.h."""
MAX_STANDARD_WEIGHT = 400_000
RBF_SEQUENCE = 0xFFFFFFFD
IBD_AGE_S = 24 * 3600
"""With a tip older than this (DEFAULT_MAX_TIP_AGE) the node reports initial block download."""

BLOCK_S = 30.0
TX_PER_S = 1.0
KEPT_BLOCKS = 300
"""Blocks stored in full, for getblock and for a reorg; older ones count as pruned."""
START_HEIGHT = 130
"""Length of the initial chain: enough mature coinbases to pay from."""
