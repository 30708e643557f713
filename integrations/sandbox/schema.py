"""The tables of one sandbox. Times are seconds since 1970 (REAL) unless the name says ms.

A sandbox of an earlier version is opened with this too: what is new comes as tables of its own, never as a column.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS exact_user (
    id TEXT PRIMARY KEY,
    user_name TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    email TEXT NOT NULL,
    subscription TEXT NOT NULL,
    current_division INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS company (
    code INTEGER PRIMARY KEY,
    description TEXT NOT NULL,
    customer_name TEXT NOT NULL,
    subscription TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 1 CHECK (status IN (0, 1, 2)),
    blocking_status INTEGER NOT NULL DEFAULT 0 CHECK (blocking_status >= 0),
    country TEXT NOT NULL,
    currency TEXT NOT NULL,
    is_main INTEGER NOT NULL DEFAULT 0 CHECK (is_main IN (0, 1)),
    licence_expired INTEGER NOT NULL DEFAULT 0 CHECK (licence_expired IN (0, 1))
);

CREATE TABLE IF NOT EXISTS membership (
    user_id TEXT NOT NULL REFERENCES exact_user (id) ON DELETE CASCADE,
    division INTEGER NOT NULL REFERENCES company (code) ON DELETE CASCADE,
    rights INTEGER NOT NULL DEFAULT 1 CHECK (rights IN (0, 1)),
    PRIMARY KEY (user_id, division)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS app (
    client_id TEXT PRIMARY KEY,
    client_secret TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('product', 'testing')),
    redirect_url TEXT NOT NULL,
    granted INTEGER NOT NULL DEFAULT 0 CHECK (granted IN (0, 1)),
    scopes TEXT NOT NULL,
    minutely_limit INTEGER NOT NULL DEFAULT 60 CHECK (minutely_limit >= 0),
    daily_limit INTEGER NOT NULL DEFAULT 5000 CHECK (daily_limit >= 0),
    created_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS review (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id TEXT NOT NULL REFERENCES app (client_id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('draft', 'in_review', 'approved', 'rejected')),
    form TEXT NOT NULL,
    text TEXT NOT NULL DEFAULT '',
    saved_at REAL NOT NULL,
    submitted_at REAL,
    decided_at REAL
);
CREATE INDEX IF NOT EXISTS review_app ON review (client_id, id);
CREATE UNIQUE INDEX IF NOT EXISTS one_open_review ON review (client_id) WHERE state IN ('draft', 'in_review');

CREATE TABLE IF NOT EXISTS permission_step (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id TEXT NOT NULL REFERENCES app (client_id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('in_review', 'granted', 'refused', 'withdrawn', 'taken_back')),
    text TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS permission_step_app ON permission_step (client_id, id);

CREATE TABLE IF NOT EXISTS browser_session (
    fingerprint TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES exact_user (id) ON DELETE CASCADE,
    created_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS authorization_request (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES app (client_id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    state TEXT,
    user_id TEXT REFERENCES exact_user (id) ON DELETE CASCADE,
    created_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS chain (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id TEXT NOT NULL REFERENCES app (client_id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES exact_user (id) ON DELETE CASCADE,
    divisions TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'replaced', 'replayed', 'revoked')),
    created_at REAL NOT NULL,
    last_token_request_at REAL
);
CREATE UNIQUE INDEX IF NOT EXISTS one_live_chain ON chain (client_id, user_id) WHERE state = 'live';

CREATE TABLE IF NOT EXISTS code (
    fingerprint TEXT PRIMARY KEY,
    chain_id INTEGER NOT NULL REFERENCES chain (id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    expires_at REAL NOT NULL,
    used_at REAL
);

CREATE TABLE IF NOT EXISTS token (
    fingerprint TEXT PRIMARY KEY,
    chain_id INTEGER NOT NULL REFERENCES chain (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('access', 'refresh')),
    expires_at REAL NOT NULL,
    used_at REAL
);
CREATE INDEX IF NOT EXISTS token_chain ON token (chain_id, kind);

CREATE TABLE IF NOT EXISTS call_window (
    counted TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (counted, seconds, starts_at)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS api_error (endpoint_key TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS api_error_key ON api_error (endpoint_key, at);
CREATE TABLE IF NOT EXISTS api_block (
    endpoint_key TEXT PRIMARY KEY,
    until REAL NOT NULL,
    times INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS fault_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    fault TEXT NOT NULL,
    target TEXT NOT NULL,
    remaining INTEGER NOT NULL CHECK (remaining >= 0),
    processed INTEGER NOT NULL CHECK (processed IN (0, 1)),
    client_id TEXT,
    division INTEGER,
    params TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    client_id TEXT,
    app TEXT,
    user_id TEXT,
    user TEXT,
    division INTEGER,
    grant_type TEXT,
    status INTEGER,
    error TEXT,
    minute INTEGER,
    day INTEGER,
    token_calls INTEGER,
    token TEXT,
    fault TEXT,
    processed INTEGER NOT NULL
);
"""

TIDY = """
DELETE FROM ledger WHERE id <= (SELECT max(id) FROM ledger) - 200000;
DELETE FROM call_window WHERE starts_at < unixepoch() - 172800;
DELETE FROM api_error WHERE at < unixepoch() - 172800;
"""
