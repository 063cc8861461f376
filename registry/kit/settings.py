"""What can be set from outside, by environment or `.env`, and what each setting means."""

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "CENTRALE_"
SCHEMES = {
    "database_url": ("postgresql+psycopg",),
    "database_owner_url": ("postgresql+psycopg",),
    "mqtt_url": ("mqtt", "mqtts"),
}
CHECKOUT = Path(__file__).resolve().parents[2]


def default_home() -> Path:
    """As root a folder of its own per checkout, so that two checkouts never share data."""
    if os.geteuid() == 0:
        mark = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:8]
        return Path(f"/var/lib/centrale-{mark}")
    return CHECKOUT / "var"


def _local_url(given: dict[str, Any]) -> str:
    return f"http://127.0.0.1:{given.get('http_port', 8080)}"


class Settings(BaseSettings):
    """One installation's settings; the description of each is what `centrale settings` prints."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=CHECKOUT / ".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Path = Field(
        default_factory=default_home,
        description="Folder of the private engines' data, the keys and the logs.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL to use, as postgresql+psycopg://user:password@host/name. "
        "Empty: a private one is started in the home folder.",
    )
    database_owner_url: SecretStr | None = Field(
        default=None,
        description="The same PostgreSQL as the owner of its tables, for `migrate` and `restore` "
        "alone; the application then connects as centrale_app. Empty: the database URL.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis or Valkey to use, as redis://… or rediss://… "
        "Empty: a private Valkey is started.",
    )
    postgres_bin: str | None = Field(
        default=None,
        description="Folder of the PostgreSQL programs for the private server, or `wheel` for the "
        "packaged ones. Empty: those on PATH, else the packaged ones.",
    )
    valkey_bin: str | None = Field(
        default=None,
        description="Program of the private Valkey or Redis, or `wheel` for the packaged one. "
        "Empty: one on PATH, else the packaged one.",
    )
    bind: str = Field(
        default="127.0.0.1", description="Address on which pages and alarm receivers listen."
    )
    http_port: int = Field(
        default=8080, ge=1, le=65535, description="Port of the pages and the JSON API."
    )
    public_url: str = Field(
        default_factory=_local_url,
        description="Address under which browsers and the carrier reach Centrale; webhook "
        "signatures and WebSocket origins are checked against it and nothing else.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Addresses, comma separated, whose X-Forwarded headers are believed.",
    )
    dc09_port: int = Field(
        default=7709, ge=1, le=65535, description="Port of SIA DC-09 alarms, TCP and UDP."
    )
    sip_port: int = Field(
        default=5060, ge=1, le=65535, description="Port of SCAIP over SIP, UDP and TCP."
    )
    sip_tls_port: int = Field(
        default=5061, ge=1, le=65535, description="Port of SIP over TLS; needs a certificate."
    )
    sip_domain: str = Field(
        default="",
        description="Name under which units reach the SIP door; requests for other names are "
        "dropped. Empty: any name.",
    )
    sip_voice_number: str = Field(
        default="",
        description="Number (E.164) that SCAIP units call over the mobile network to speak with "
        "us. Empty: the number set in the unit.",
    )
    receiver_lines_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of the text lines of hardware receivers (Sur-Gard and the like), TCP. "
        "0: this door is closed.",
    )
    sos_access_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of SOS Access v4 over TCP. 0: this door is closed.",
    )
    sos_access_tls_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of SOS Access v4 over TLS; needs a certificate. 0: closed.",
    )
    tls_certificate: Path | None = Field(
        default=None, description="Certificate chain (PEM) of the alarm receivers over TLS."
    )
    tls_key: Path | None = Field(default=None, description="Private key (PEM) of the certificate.")
    mqtt_url: SecretStr | None = Field(
        default=None,
        description="Broker (MQTT 5) from which signals of devices are taken, as "
        "mqtt://user:password@host:1883 or mqtts://… with TLS. Empty: none.",
    )
    mqtt_topic: str = Field(
        default="centrale/v1",
        min_length=1,
        description="Beginning of the topics: devices publish to TOPIC/ACCOUNT/signals and hear "
        "our answers on TOPIC/ACCOUNT/answers.",
    )
    mqtt_client_id: str = Field(
        default="",
        description="Our name at the broker, another one for each receiver. Empty: centrale-HOST.",
    )
    mqtt_share: str = Field(
        default="",
        description="Name of a shared subscription, so that several receivers take turns. Empty: "
        "each takes everything, and what comes twice is stored once.",
    )
    mqtt_guarded: bool = Field(
        default=False,
        description="The broker lets each device publish to its own topic only; their alarms then "
        "count as trusted.",
    )
    mqtt_ca: Path | None = Field(
        default=None,
        description="Certificates (PEM) that vouch for the broker. Empty: those of the system.",
    )
    mqtt_certificate: Path | None = Field(
        default=None, description="Our certificate (PEM) for a broker that asks for one."
    )
    mqtt_key: Path | None = Field(default=None, description="Private key (PEM) of it.")
    self_test: bool = Field(
        default=True,
        description="Each minute this installation's sweepers send a test through every open door, "
        "and tell the room when one does not work.",
    )
    self_test_host: str = Field(
        default="",
        description="Host on which the self-test finds the doors; the pages then at the public "
        "URL. Empty: this machine.",
    )
    carrier: Literal["simulated", "twilio"] = Field(
        default="simulated", description="Who carries calls and texts: `simulated` or `twilio`."
    )
    twilio_account_sid: str | None = Field(default=None, description="Twilio account (AC…).")
    twilio_auth_token: SecretStr | None = Field(
        default=None, description="Twilio auth token; checks the signature of each webhook."
    )
    twilio_api_key: str | None = Field(default=None, description="Twilio API key (SK…).")
    twilio_api_secret: SecretStr | None = Field(
        default=None, description="Secret of the Twilio API key."
    )
    twilio_region: str | None = Field(
        default=None, description="Twilio region, for example ie1. Empty: Twilio's default, us1."
    )
    twilio_edge: str | None = Field(
        default=None, description="Twilio edge, for example dublin. Empty: Twilio's default."
    )
    twilio_api_base: str | None = Field(
        default=None, description="Another base URL for the carrier's API, for a test double."
    )
    twilio_app_sid: str | None = Field(
        default=None, description="TwiML App (AP…) through which the browsers of operators call."
    )
    simulated_carrier_port: int = Field(
        default=8090, ge=1, le=65535, description="Port of the built-in carrier, on 127.0.0.1."
    )
    controller: str = Field(
        default="",
        description="Who is responsible for the data (name, address, e-mail): stands on the "
        "register of processing, on the impact assessment and on copies of one's own data.",
    )
    privacy_officer: str = Field(
        default="",
        description="The data protection officer (name, e-mail), named on the same papers.",
    )
    attachment_megabytes: int = Field(
        default=10, ge=1, le=50, description="Megabytes that one document of a case may have."
    )
    scan_command: str = Field(
        default="",
        description="Program that gets each new document on its standard input before anybody "
        "reads it: exit code 0 clean, 1 infected, else asked again; for example "
        "`clamdscan --no-summary -`. Empty: documents are not scanned, and the pages say so.",
    )
    qualified_to_follow: str = Field(
        default="",
        description="Qualifications of which a colleague needs one to follow a case: codes of the "
        "list `qualification` with commas between, for example `social_worker_a,social_worker_b`. "
        "Empty: the role is enough.",
    )
    webhooks_inside: bool = Field(
        default=False,
        description="Let webhooks go to addresses inside the network and without TLS. Off: only "
        "to public addresses, over https.",
    )
    session_hours: int = Field(
        default=12, ge=1, le=24, description="Hours after which a log-in ends in any case."
    )
    session_idle_minutes: int = Field(
        default=15, ge=1, le=720, description="Minutes without use after which a session locks."
    )
    requests_per_second: int = Field(
        default=30,
        ge=0,
        le=1_000,
        description="Requests a second that one session or program may go on making, and twenty "
        "seconds' worth in one go; an address ten times as many. Signals of devices and the "
        "carrier's webhooks are never counted. 0: no limit.",
    )
    second_factor_for: Literal["nobody", "administrators", "everybody"] = Field(
        default="nobody",
        description="Who must have a second factor (an app's codes or a passkey) before anything "
        "opens: `nobody`, `administrators` (and auditors) or `everybody`. Whoever has one is asked "
        "for it in any case.",
    )
    oidc_issuer: str = Field(
        default="",
        description="Address (https) of the body's OpenID Connect provider, as its discovery "
        "document names itself. Empty: only our own log-in.",
    )
    oidc_client_id: str = Field(default="", description="Our name at that provider.")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Our secret there. Empty: a public client, with PKCE alone."
    )
    oidc_name: str = Field(
        default="", description="What the button of that log-in says, as the name of the body."
    )
    oidc_claim: str = Field(
        default="preferred_username",
        min_length=1,
        description="Claim that holds the log-in name of the staff here, looked at the first time "
        "somebody comes; from then on the provider's subject counts. Never makes an account.",
    )
    oidc_scopes: str = Field(
        default="openid profile", description="Scopes asked of the provider; one is openid."
    )
    oidc_acr: str = Field(
        default="",
        description="Assurance levels (acr), space separated, one of which the provider must "
        "state; that log-in then counts as two factors. Empty: any, and ours follows.",
    )
    oidc_ca: Path | None = Field(
        default=None,
        description="Certificates (PEM) that vouch for the provider. Empty: those of the system.",
    )
    worker_processes: int = Field(
        default=2, ge=1, le=64, description="Tasks the worker runs at the same time."
    )
    seals_path: Path | None = Field(
        default=None,
        description="File or folder, best on another machine, to which the newest seal of the "
        "journal is appended each hour. Empty: nowhere.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="How much is written to the logs."
    )
    log_json: bool = Field(default=True, description="Logs as JSON lines; off: for reading by eye.")
    demo: bool = Field(
        default=False, description="The sample town is loaded and simulators run; set by `demo`."
    )

    @property
    def keys(self) -> Path:
        """The folder of keys: beside the database, never in it."""
        return self.home / "keys"

    @property
    def logs(self) -> Path:
        return self.home / "log"

    @model_validator(mode="after")
    def _addresses(self) -> Self:
        for name, schemes in SCHEMES.items():
            given = getattr(self, name)
            if given and given.get_secret_value().partition("://")[0] not in schemes:
                wanted = " or ".join(f"{scheme}://" for scheme in schemes)
                raise ValueError(f"{PREFIX}{name.upper()} begins with {wanted}")
        return self

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.carrier == "twilio":
            wanted = ("twilio_account_sid", "twilio_auth_token", "public_url")
            missing = [
                (PREFIX + name).upper()
                for name in wanted
                if not getattr(self, name) or name not in self.model_fields_set
            ]
            if missing:
                raise ValueError(f"The carrier `twilio` also needs {', '.join(missing)}")
        if self.oidc_issuer and not self.oidc_issuer.startswith("https://"):
            raise ValueError("CENTRALE_OIDC_ISSUER begins with https://")
        if bool(self.oidc_issuer) != bool(self.oidc_client_id):
            raise ValueError("CENTRALE_OIDC_ISSUER and CENTRALE_OIDC_CLIENT_ID are set together")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("CENTRALE_TLS_CERTIFICATE and CENTRALE_TLS_KEY are set together")
        return self


@cache
def settings() -> Settings:
    """Read the settings of this process once; tests call `settings.cache_clear()`."""
    return Settings()
