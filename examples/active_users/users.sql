-- PostgreSQL: who may learn.
CREATE TABLE IF NOT EXISTS mindtickle_users (
    user_id       serial PRIMARY KEY,
    user_name     varchar(255) NOT NULL,
    active_status varchar(10) NOT NULL CHECK (active_status IN ('active', 'inactive'))
);
