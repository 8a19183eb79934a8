"""Constants of the simulated network: rusty-kaspa's simnet, version 2.1.0.

Where a comment names a step, the value is what a real 2.1.0 answered there (tests/data/kaspad/simnet-2.1.0.jsonl).
"""

from __future__ import annotations

from nodeclients.networks import KASPA

VERSION = "2.1.0"  # step "getInfo"
NETWORK = KASPA["sandbox"].network_id
PREFIX = KASPA["sandbox"].prefix
SOMPI_PER_KASPA = 100_000_000
MAX_SOMPI = 29_000_000_000 * SOMPI_PER_KASPA  # consensus/core/src/constants.rs; "getCoinSupply"
SUBSIDY = 50 * SOMPI_PER_KASPA  # step "mined: getBlock": outputs of a coinbase
COINBASE_MATURITY = 1000
"""Blocks; consensus/core/src/config/params.rs SIMNET_PARAMS (10 blocks per second), and the error of 0.15.0 for an
immature one.
"""
BLOCK_S = 0.1
BITS, DIFFICULTY = 545259519, 1.0000001192093038  # "getBlockDagInfo": the easiest target, never adjusted here
HEADER_VERSION = 2

COINBASE_SUBNETWORK = "01" + "00" * 19
NATIVE_SUBNETWORK = "00" * 20

MIN_FEE_PER_GRAM = 100
"""Sompi per gram of compute mass: DEFAULT_MINIMUM_RELAY_TRANSACTION_FEE (100,000 per kg), mining/src/mempool/config.rs.
"""
MAX_BLOCK_MASS = 500_000
"""Grams of a block and, from 2.0 on, of one transaction, for its compute mass and its storage mass each:
consensus/core/src/config/params.rs max_block_mass; a real 2.1.0 refused more (0.15.0: more than 100,000 in all).
"""
STORAGE_MASS_PARAMETER = SOMPI_PER_KASPA * 10_000  # KIP-9's C, consensus/core/src/constants.rs

GENESIS_VERSION = "2.0.1"
"""The version in the coinbase of the genesis block. It never changes: a stored chain belongs to its genesis."""
GENESIS_TIME_MS = 1_633_687_894_966  # "fresh: getBlockDagInfo": simnet's time; the genesis block is our own
PREMINE_OUTPUTS, PREMINE_EACH = 100, 1_000_000 * SOMPI_PER_KASPA
KEPT_BLOCKS = 2000
"""Blocks that are stored and can be undone; older ones are dropped."""
