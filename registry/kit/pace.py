"""How fast anybody may go on asking: counted for all processes in Valkey, here while it is away."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import redis
import structlog

from registry.kit import live
from registry.kit.errors import Unavailable

PREFIX = "centrale:pace:"
AT_ONCE = 20  # seconds' worth that may be asked in one go
WITHOUT = 5.0  # seconds for which a Valkey that did not answer is left alone
MOST = 10_000  # keys kept in memory before those that are at rest are forgotten

log = structlog.get_logger()

# Generic cell rate algorithm on the clock of the server. All keys or none are used.
SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local wait = 0
local used = {}
for i, key in ipairs(KEYS) do
  local every = tonumber(ARGV[i])
  local until_ = math.max(tonumber(redis.call('GET', key) or '0'), now)
  wait = math.max(wait, until_ - now - every * (ARGV[i + #KEYS] - 1))
  used[i] = until_ + every
end
if wait <= 0 then
  for i, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.3f', used[i]), 'PX', math.ceil(used[i] - now))
  end
end
return tostring(math.max(wait, 0))
"""


@dataclass
class Pace:
    """One process's view of it."""

    used_until: dict[str, float] = field(default_factory=dict)
    alone_until: float = 0.0

    def wait(self, keys: Mapping[str, float]) -> float:
        """Use each key once, which goes on so many times a second; else how many seconds to wait.

        Valkey only carries hints: without it each process counts for itself.
        """
        if time.monotonic() >= self.alone_until:
            try:
                return _shared(keys)
            except (redis.RedisError, Unavailable) as error:
                self.alone_until = time.monotonic() + WITHOUT
                log.warning("pace.alone", reason=type(error).__name__)
        return self._alone(keys)

    def _alone(self, keys: Mapping[str, float]) -> float:
        now = time.monotonic()
        if len(self.used_until) > MOST:
            self.used_until = {key: at for key, at in self.used_until.items() if at > now}
        begins = {key: max(self.used_until.get(key, 0.0), now) for key in keys}
        wait = max(begins[key] - now - (AT_ONCE * rate - 1) / rate for key, rate in keys.items())
        if wait <= 0:
            self.used_until |= {key: begins[key] + 1 / rate for key, rate in keys.items()}
        return max(wait, 0.0)


def _shared(keys: Mapping[str, float]) -> float:
    script = live.client().register_script(SCRIPT)
    said = script(
        keys=[PREFIX + key for key in keys],
        args=[
            *(1000 / rate for rate in keys.values()),
            *(AT_ONCE * rate for rate in keys.values()),
        ],
    )
    return float(said) / 1000
