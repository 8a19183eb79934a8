"""Constants of the simulated network: rusty-kaspa's simnet, version 2.0.1.

Where a comment names a step, the value is what a real 2.0.1 answered there (tests/data/kaspad/simnet-2.0.1.jsonl).
"""

from __future__ import annotations

from nodeclients.networks import KASPA

VERSION = "2.0.1"  # step "getInfo"
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
MAX_STANDARD_MASS = 100_000  # mining/src/mempool/check_transaction_standard.rs MAXIMUM_STANDARD_TRANSACTION_MASS
MAX_BLOCK_MASS = 500_000  # consensus/core/src/config/params.rs max_block_mass
STORAGE_MASS_PARAMETER = SOMPI_PER_KASPA * 10_000  # KIP-9's C, consensus/core/src/constants.rs

GENESIS_TIME_MS = 1_633_687_894_966  # "fresh: getBlockDagInfo": simnet's time; the genesis block is our own
PREMINE_OUTPUTS, PREMINE_EACH = 100, 1_000_000 * SOMPI_PER_KASPA
KEPT_BLOCKS = 2000
"""Blocks that are stored and can be undone; older ones are dropped."""
