-- Times are Unix seconds (REAL) unless the column ends in _ms.

CREATE TABLE IF NOT EXISTS app (
    client_key TEXT PRIMARY KEY,
    client_secret TEXT NOT NULL,
    redirect_uri TEXT
);

CREATE TABLE IF NOT EXISTS registration (
    client_key TEXT NOT NULL REFERENCES app (client_key),
    event_type TEXT NOT NULL,
    callback_url TEXT NOT NULL,
    PRIMARY KEY (client_key, event_type)
);

CREATE TABLE IF NOT EXISTS account (
    business_id TEXT PRIMARY KEY,
    client_key TEXT NOT NULL REFERENCES app (client_key),
    display_name TEXT NOT NULL,
    username TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS access_grant (
    id INTEGER PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES account (business_id),
    client_key TEXT NOT NULL,
    access_token TEXT NOT NULL UNIQUE,
    access_expires_at REAL NOT NULL,
    refresh_token TEXT UNIQUE,
    refresh_expires_at REAL NOT NULL,
    scope TEXT NOT NULL,
    by_page INTEGER NOT NULL DEFAULT 0,
    replaced_at REAL,
    revoked_at REAL
);

CREATE TABLE IF NOT EXISTS auth_code (
    code TEXT PRIMARY KEY,
    client_key TEXT NOT NULL,
    business_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    expires_at REAL NOT NULL,
    used_at REAL
);

CREATE TABLE IF NOT EXISTS customer (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    is_follower INTEGER NOT NULL DEFAULT 0,
    scripted INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS conversation (
    id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES account (business_id),
    customer_id TEXT NOT NULL REFERENCES customer (id),
    kind TEXT NOT NULL DEFAULT 'STRANGER',
    created_at REAL NOT NULL,
    update_time_ms INTEGER NOT NULL,
    window_opened_at REAL,
    window_used INTEGER NOT NULL DEFAULT 0,
    referrals TEXT NOT NULL DEFAULT '{}',
    business_read_ms INTEGER NOT NULL DEFAULT 0,
    customer_read_ms INTEGER NOT NULL DEFAULT 0,
    UNIQUE (business_id, customer_id)
);
CREATE INDEX IF NOT EXISTS conversation_recent ON conversation (business_id, update_time_ms);

CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL REFERENCES conversation (id),
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    source TEXT NOT NULL,
    type TEXT NOT NULL,
    content TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    referenced_message_id TEXT,
    auto_message_type TEXT
);
CREATE INDEX IF NOT EXISTS message_thread ON message (conversation_id, seq);

CREATE TABLE IF NOT EXISTS media (
    media_id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes BLOB NOT NULL,
    expires_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS download (
    ticket TEXT PRIMARY KEY,
    media_id TEXT NOT NULL REFERENCES media (media_id),
    business_id TEXT NOT NULL,
    expires_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS webhook (
    id INTEGER PRIMARY KEY,
    client_key TEXT NOT NULL,
    event_type TEXT NOT NULL,
    event TEXT NOT NULL,
    business_id TEXT NOT NULL,
    conversation_id TEXT,
    message_id TEXT,
    lane TEXT NOT NULL,
    body BLOB NOT NULL,
    variant TEXT NOT NULL DEFAULT 'honest',
    signed_at INTEGER,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'acked', 'dropped', 'unregistered')),
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    due_at REAL NOT NULL,
    first_ack_at REAL
);
CREATE INDEX IF NOT EXISTS webhook_pending ON webhook (id) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS webhook_acked ON webhook (first_ack_at) WHERE state = 'acked';

CREATE TABLE IF NOT EXISTS truth (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    status INTEGER,
    code INTEGER,
    account TEXT,
    conversation_id TEXT,
    message_id TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS truth_kind ON truth (kind, name);
CREATE TRIGGER IF NOT EXISTS truth_is_never_changed BEFORE UPDATE ON truth
BEGIN
    SELECT RAISE(ABORT, 'The truth log is append only.');
END;
CREATE TRIGGER IF NOT EXISTS truth_is_never_deleted BEFORE DELETE ON truth
BEGIN
    SELECT RAISE(ABORT, 'The truth log is append only.');
END;

CREATE TABLE IF NOT EXISTS booked_order (
    partner TEXT NOT NULL REFERENCES app (client_key),
    number TEXT NOT NULL,
    status TEXT NOT NULL,
    email TEXT NOT NULL DEFAULT '',
    carrier TEXT NOT NULL DEFAULT '',
    expected_in_days INTEGER,
    PRIMARY KEY (partner, number)
);

CREATE TABLE IF NOT EXISTS linkedin_app (
    client_id TEXT PRIMARY KEY,
    webhook_url TEXT,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'validated', 'blocked')),
    misses INTEGER NOT NULL DEFAULT 0,
    check_at REAL NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS linkedin_page (
    organization TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES linkedin_app (client_id),
    name TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS linkedin_application (
    client_id TEXT PRIMARY KEY REFERENCES linkedin_app (client_id),
    application_id TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS linkedin_subscription (
    application_id TEXT NOT NULL,
    member TEXT NOT NULL,
    organization TEXT NOT NULL,
    webhook TEXT NOT NULL,
    expires_at REAL NOT NULL,
    PRIMARY KEY (application_id, member, organization)
);

CREATE TABLE IF NOT EXISTS linkedin_post (
    activity TEXT PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES linkedin_page (organization),
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    at_ms INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS linkedin_comment (
    id INTEGER PRIMARY KEY,
    activity TEXT NOT NULL REFERENCES linkedin_post (activity),
    parent INTEGER REFERENCES linkedin_comment (id),
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    deleted_at REAL
);
CREATE INDEX IF NOT EXISTS linkedin_comment_thread ON linkedin_comment (activity, parent, id);

CREATE TABLE IF NOT EXISTS linkedin_notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organization TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS linkedin_message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    actor TEXT NOT NULL,
    place TEXT NOT NULL,
    text TEXT NOT NULL,
    at_ms INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS linkedin_token (
    access_token TEXT PRIMARY KEY,
    organization TEXT NOT NULL,
    client_id TEXT NOT NULL,
    expires_at REAL NOT NULL,
    refresh_token TEXT,
    refresh_expires_at REAL,
    revoked_at REAL
);
CREATE INDEX IF NOT EXISTS linkedin_token_refresh ON linkedin_token (refresh_token);

CREATE TABLE IF NOT EXISTS linkedin_code (
    code TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    organization TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    expires_at REAL NOT NULL,
    used_at REAL
);
