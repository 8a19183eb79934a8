-- Followed addresses, their unspent outputs, and the history of their balances.
-- Amounts are in the chain's base unit (sompi). A single Kaspa output fits bigint (all KAS there will ever be: 2.9e18 sompi);
-- balances are numeric so that chains with 256-bit amounts can share the tables.

CREATE TABLE account (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chain      text NOT NULL,
    address    text NOT NULL,
    label      text NOT NULL DEFAULT '',
    added_at   timestamptz NOT NULL DEFAULT now(),
    balance    numeric(78, 0),          -- null until the first snapshot: unknown is not zero
    daa_score  bigint,                  -- of the last change or snapshot
    as_of      timestamptz,             -- when the node last reported this balance
    UNIQUE (chain, address)
);

CREATE TABLE utxo (
    transaction_id  bytea NOT NULL,
    output_index    bigint NOT NULL,
    account_id      integer NOT NULL REFERENCES account ON DELETE CASCADE,
    amount          bigint NOT NULL,
    block_daa_score bigint NOT NULL,
    is_coinbase     boolean NOT NULL,
    PRIMARY KEY (transaction_id, output_index)
);
CREATE INDEX utxo_account ON utxo (account_id);

CREATE TABLE balance_point (
    ts         timestamptz NOT NULL,
    account_id integer NOT NULL REFERENCES account ON DELETE CASCADE,
    amount     numeric(78, 0) NOT NULL,
    daa_score  bigint NOT NULL,
    block_hash bytea                    -- known for snapshots (the sink they were taken at), not for notifications
);
CREATE INDEX balance_point_account ON balance_point (account_id, ts DESC);

-- One row per chain: when all its balances were last confirmed.
CREATE TABLE chain_state (
    chain        text PRIMARY KEY,
    daa_score    bigint NOT NULL,
    confirmed_at timestamptz NOT NULL
);

-- Seven days a chunk: a history that is appended on change stays in few chunks.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM create_hypertable('balance_point', 'ts',
            chunk_time_interval => interval '7 days', create_default_indexes => false);
    END IF;
END
$$;
