"""The rules of accounts that need no engine."""

import pytest

from backbone.throttle import caller as caller_of
from services.accounts import passwords, seed, service
from services.accounts.settings import DEMONSTRATION_DATA


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("elevenchars", "must have at least 12 characters"),
        ("x" * 129, "must have at most 128 characters"),
        ("Someone@Example.org", "must not be the e-mail address"),
        ("twelve chars", None),
        ("x" * 128, None),
        ("كلمة سر طويلة", None),
    ],
)
def test_a_password_that_breaks_a_rule_is_told_which(password: str, fault: str | None) -> None:
    assert passwords.fault(password, "someone@example.org") == fault


async def test_the_same_letters_in_another_unicode_form_are_the_same_password() -> None:
    hasher = passwords.Passwords()
    hashed = await hasher.hash("une clé composée")
    assert await hasher.verify("une cle\u0301 compose\u0301e", hashed)
    assert not await hasher.verify("une cle composee", hashed)
    assert not await hasher.verify("une clé composée", None)
    assert not await hasher.verify("x" * 1_000_000, hashed)


@pytest.mark.parametrize(
    ("country", "name", "ref"),
    [
        ("SN", "Ville de Pikine", "sn-ville-de-pikine"),
        ("VN", "Thành phố Đà Nẵng", "vn-thanh-pho-da-nang"),
        ("DK", "Ærø  (Øst)", "dk-aero-ost"),
        ("EG", "محافظة الإسكندرية", "eg-authority"),
        ("FR", "-- L’Haÿ-les-Roses --", "fr-lhay-les-roses"),
        ("PL", "x" * 200, "pl-" + "x" * 80),
    ],
)
def test_a_ref_is_the_country_and_the_name(country: str, name: str, ref: str) -> None:
    assert service.ref_base(country, name) == ref


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "caller"),
    [
        ("192.0.2.1", None, 0, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", 0, "192.0.2.1"),
        ("192.0.2.1", "6.6.6.6, 203.0.113.9", 1, "203.0.113.9"),
        ("192.0.2.1", "6.6.6.6, 203.0.113.9, 198.51.100.2", 2, "203.0.113.9"),
        ("192.0.2.1", "203.0.113.9", 3, "203.0.113.9"),
        ("192.0.2.1", None, 1, "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", None, 0, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", None, 0, "192.0.2.1"),
        (None, None, 0, "unknown"),
        ("192.0.2.1", "nonsense", 1, "nonsense"),
    ],
)
def test_only_our_own_proxies_say_who_called(
    peer: str | None, forwarded: str | None, proxies: int, caller: str
) -> None:
    assert caller_of(peer, forwarded, proxies) == caller


def test_every_covered_country_has_one_agent() -> None:
    agents = list(seed.agents())
    emails = [agent["email"] for agent in agents]
    assert len(set(emails)) == len(emails)
    senegal = next(agent for agent in agents if agent["email"] == "agent-sn@example.org")
    assert senegal["role"] == "agent"
    assert "SN" in senegal["countries"]
    assert not any(agent["email"] == "agent-fr@example.org" for agent in agents)


def test_the_authorities_of_the_demonstration_are_public_and_each_there_once() -> None:
    found = seed.authorities(DEMONSTRATION_DATA)
    refs = [record["ref"] for record in found]
    assert len(refs) == len(set(refs)) > 90
    assert all(record["contact"]["public"] for record in found)
    assert all(record["contact"]["email"].endswith("example.org") for record in found)
