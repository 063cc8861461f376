"""Which releases of the engines have known faults: the first of each branch that is mended.

Looked up on 22 November 2026; bring these tables along with each security release.

PostgreSQL: 12 November 2026, CVE-2026-6460 (whoever may make an object runs code as the server;
"versions before 18.7, 17.12, 16.16, 15.20 and 14.25 are affected",
https://www.postgresql.org/support/security/CVE-2026-6460/), on top of CVE-2026-14680 of August,
for which any user was enough (18.6, 17.11, 16.15, 15.19). Branch 14 ended that same day.

Valkey: 21 July 2026, CVE-2026-56684 and CVE-2026-63639
(https://github.com/valkey-io/valkey/releases: 9.1.1, 9.0.5, 8.1.9, 8.0.10); 7.2: CVE-2025-49844.
The releases of 31 August mend servers with RDMA alone.

Redis: May 2026, CVE-2026-23479, CVE-2026-25243, CVE-2026-23631 (7.4.9, 8.2.6, 8.4.3, 8.6.3;
https://github.com/redis/docs/pull/3292); the older branches: CVE-2025-49844.
"""

OLDEST_POSTGRES = 15
POSTGRES = {15: (15, 20), 16: (16, 16), 17: (17, 12), 18: (18, 7)}
HINTS = {
    "Valkey": {
        (7, 2): (7, 2, 11),
        (8, 0): (8, 0, 10),
        (8, 1): (8, 1, 9),
        (9, 0): (9, 0, 5),
        (9, 1): (9, 1, 1),
    },
    "Redis": {
        (6, 2): (6, 2, 20),
        (7, 2): (7, 2, 11),
        (7, 4): (7, 4, 9),
        (8, 0): (8, 0, 4),
        (8, 2): (8, 2, 6),
        (8, 4): (8, 4, 3),
        (8, 6): (8, 6, 3),
    },
}
