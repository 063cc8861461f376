"""The digest against the examples of RFC 7616, and what a proof is worth when."""

import pytest

from telecare.protocols.sip_digest import NONCE_LIVES, Digest, Proof, answer, response

KEY = b"segreta"


@pytest.mark.parametrize(
    ("algorithm", "wanted"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, wanted: str) -> None:
    said = {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
    }
    assert response(said, "GET", b"Circle of Life") == wanted.encode()


def proof(digest: Digest, *, account: str = "4711", key: bytes = KEY, now: float = 100) -> str:
    (_, md5), _ = digest.challenge(now)
    return answer(md5, "MESSAGE", "sip:arc@here", account, key)


def check(digest: Digest, written: str | None, now: float = 100) -> Proof:
    return digest.check(written, "MESSAGE", "4711", KEY, now)


def test_a_proof_is_good_once() -> None:
    digest = Digest()
    written = proof(digest)
    assert check(digest, written) is Proof.GOOD
    assert check(digest, written) is Proof.STALE
    again = written.replace("nc=00000001", "nc=zz")
    assert check(digest, again) is Proof.WRONG, "the count is in the proof"


def test_an_old_unit_proves_itself_without_qop() -> None:
    digest = Digest()
    (_, challenge), _ = digest.challenge(100)
    said = {"username": "4711", "realm": "centrale", "uri": "sip:arc@here"}
    said["nonce"] = challenge.split('nonce="')[1].split('"')[0]
    said["response"] = response(said, "MESSAGE", KEY).decode()
    written = "Digest " + ",".join(f'{name}="{text}"' for name, text in said.items())
    assert check(digest, written) is Proof.GOOD
    assert check(digest, written) is Proof.STALE


@pytest.mark.parametrize("written", [None, "", "Basic YTpi", "Bearer x"])
def test_anything_else_is_no_proof(written: str | None) -> None:
    assert check(Digest(), written) is Proof.MISSING


def test_nonces_of_others_and_old_ones_are_stale() -> None:
    digest = Digest()
    assert check(digest, proof(Digest())) is Proof.STALE
    assert check(digest, proof(digest), now=100 + NONCE_LIVES + 5) is Proof.STALE
    assert check(digest, 'Digest nonce=""') is Proof.STALE


def test_another_account_or_key_is_wrong() -> None:
    digest = Digest()
    assert check(digest, proof(digest, account="815")) is Proof.WRONG
    assert check(digest, proof(digest, key=b"no")) is Proof.WRONG
    assert check(digest, proof(digest).replace('"centrale"', '"altrove"')) is Proof.WRONG


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telecare.protocols.sip_digest.MOST_NONCES", 10)
    digest = Digest()
    for _ in range(50):
        assert check(digest, proof(digest)) is Proof.GOOD
    assert len(digest._counts) == 10
