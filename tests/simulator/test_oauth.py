"""OAuth: the authorise page, tokens, their renewal and their end."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.simulator.rig import BUSINESS, CLIENT_KEY, REFRESH, SECRET, TOKEN, Receiver, Rig, running

CALLBACK = "http://127.0.0.1:9/callback"
APP = {"client_id": CLIENT_KEY, "client_secret": SECRET}
AUTHORISE = {
    "client_key": CLIENT_KEY,
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "user.info.basic,message.list.send",
    "state": "st/ate+1",
}


def allow(rig: Rig, decision: str = "allow") -> dict[str, list[str]]:
    """Press a button on the authorise page; answers what the redirect carries."""
    response = rig.client.post("/v2/auth/authorize", data=AUTHORISE | {"business_id": BUSINESS, "decision": decision})
    assert response.status_code == 302
    assert response.headers["location"].startswith(CALLBACK)
    return parse_qs(urlsplit(response.headers["location"]).query)


def exchange(rig: Rig, code: str, **changes: str) -> dict[str, object]:
    """Ask for tokens."""
    return rig.post(
        "/tt_user/oauth2/token/",
        **(APP | {"grant_type": "authorization_code", "auth_code": code, "redirect_uri": CALLBACK} | changes),
    )


def refresh(rig: Rig, token: str, **changes: str) -> dict[str, object]:
    """Ask for a renewal."""
    return rig.post(
        "/tt_user/oauth2/refresh_token/", **(APP | {"grant_type": "refresh_token", "refresh_token": token} | changes)
    )


def is_valid(rig: Rig, token: str) -> bool:
    """Whether the API takes this token."""
    return bool(rig.get("/business/get/", token=token)["code"] == 0)


def test_allowing_leads_to_tokens_that_work_once(rig: Rig) -> None:
    page = rig.client.get("/v2/auth/authorize", params=AUTHORISE)
    assert "Allow" in page.text
    assert "Acme Shop" in page.text

    carried = allow(rig)
    first, second = exchange(rig, carried["code"][0]), exchange(rig, carried["code"][0])

    assert carried["state"] == ["st/ate+1"]
    data = first["data"]
    assert isinstance(data, dict)
    assert data["open_id"] == BUSINESS
    assert data["token_type"] == "Bearer"
    assert (data["expires_in"], data["refresh_token_expires_in"]) == (86_400, 31_536_000)
    assert is_valid(rig, data["access_token"])
    assert second["code"] == 40110


def test_cancelling_leads_back_without_a_code(rig: Rig) -> None:
    carried = allow(rig, decision="deny")

    assert carried["error"] == ["access_denied"]
    assert "code" not in carried


def test_who_allowed_before_is_bounced_back_without_a_code_unless_asked_again(rig: Rig) -> None:
    exchange(rig, allow(rig)["code"][0])

    bounced = rig.client.get("/v2/auth/authorize", params=AUTHORISE)
    asked = rig.client.get("/v2/auth/authorize", params=AUTHORISE | {"disable_auto_auth": "1"})

    assert bounced.status_code == 302
    assert "code" not in parse_qs(urlsplit(bounced.headers["location"]).query)
    assert asked.status_code == 200


@pytest.mark.parametrize("changes", [{"client_key": "nobody"}, {"redirect_uri": "https://elsewhere.example/"}])
def test_a_wrong_app_or_address_is_never_redirected_to(rig: Rig, changes: dict[str, str]) -> None:
    response = rig.client.get("/v2/auth/authorize", params=AUTHORISE | changes)

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_secret": "wrong"}, 40101),
        ({"redirect_uri": "http://127.0.0.1:9/other"}, 40002),
        ({"auth_code": "invented"}, 40110),
        ({"grant_type": "password"}, 40002),
    ],
)
def test_an_exchange_that_does_not_fit_is_refused(rig: Rig, changes: dict[str, str], code: int) -> None:
    assert exchange(rig, allow(rig)["code"][0], **changes)["code"] == code


def test_a_code_ends_after_its_minutes(rig: Rig) -> None:
    rig.order("settings", auth_code_seconds=0)

    assert exchange(rig, allow(rig)["code"][0])["code"] == 40110


def test_a_renewal_rotates_the_refresh_token_and_leaves_the_old_access_token_a_moment(rig: Rig) -> None:
    renewed = refresh(rig, REFRESH)["data"]

    assert isinstance(renewed, dict)
    assert is_valid(rig, renewed["access_token"])
    assert is_valid(rig, TOKEN)
    assert refresh(rig, REFRESH)["code"] == 40105
    rig.order("settings", old_access_token_grace_seconds=0)
    refresh(rig, str(renewed["refresh_token"]))
    assert not is_valid(rig, str(renewed["access_token"]))


def test_the_refresh_token_may_stay_the_same(rig: Rig) -> None:
    rig.order("settings", rotate_refresh_token=False)

    renewed = refresh(rig, REFRESH)["data"]

    assert isinstance(renewed, dict)
    assert renewed["refresh_token"] == REFRESH
    assert refresh(rig, REFRESH)["code"] == 0


def test_an_expired_access_token_is_refused_and_can_be_renewed(rig: Rig) -> None:
    rig.order("tokens", business_id=BUSINESS, action="expire")

    assert not is_valid(rig, TOKEN)
    assert refresh(rig, REFRESH)["code"] == 0


def test_a_revoked_access_cannot_be_renewed(rig: Rig) -> None:
    assert rig.post("/tt_user/oauth2/revoke/", **APP, access_token=TOKEN)["code"] == 0

    assert not is_valid(rig, TOKEN)
    assert refresh(rig, REFRESH)["code"] == 40105
    assert is_valid(rig, "act.other") is False  # another account's token does not open this one


def test_a_token_tells_whose_it_is(rig: Rig) -> None:
    answer = rig.post("/tt_user/token_info/get/", app_id=CLIENT_KEY, access_token=TOKEN)

    assert answer["data"]["app_id"] == CLIENT_KEY
    assert answer["data"]["creator_id"] == BUSINESS
    assert "message.list.send" in answer["data"]["scope"]


def test_loading_the_same_file_again_keeps_renewed_tokens(tmp_path: Path, receiver: Receiver) -> None:
    with running(tmp_path, receiver) as rig:
        rig.order("settings", old_access_token_grace_seconds=0)
        renewed = refresh(rig, REFRESH)["data"]

    with running(tmp_path, receiver) as again:
        assert isinstance(renewed, dict)
        assert is_valid(again, str(renewed["access_token"]))
        assert not is_valid(again, TOKEN)
        assert refresh(again, REFRESH)["code"] == 40105
