-- Leave that was given under quotas, and until when it counts.
CREATE TABLE quota_grants (
    -- Manager, resource, window and scope, as JSON.
    quota      TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX quota_grants_by_quota ON quota_grants (quota, expires_at);
CREATE INDEX quota_grants_by_time ON quota_grants (expires_at);
