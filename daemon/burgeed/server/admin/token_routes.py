"""Routes of ``/admin/v1/tokens``, and of who one is."""

from __future__ import annotations

from burgeed.authority.principal import Scope
from burgeed.server.admin.parameters import ASKED, DATE_TIME, PAGE, REQUEST_ID
from burgeed.server.admin.tokens import Tokens
from burgeed.server.openapi_schemas import KEY, TEXT, array, page, record, ref
from burgeed.server.route import Route
from burgeed.server.services import Services

NEW_TOKEN = record(
    {
        "name": KEY,
        "scopes": {**array({"enum": [scope.value for scope in Scope]}), "minItems": 1},
        "restriction": ref("Restriction"),
        "expires": DATE_TIME,
        "person": {**TEXT, "maxLength": 256},
    },
    optional=("restriction", "expires", "person"),
    closed=True,
)


def token_routes(services: Services) -> tuple[Route, ...]:
    """Those that make, list and take back tokens."""
    tokens = Tokens(services)
    return (
        Route(
            "GET", "/admin/v1/tokens", tokens.list, "listTokens", Scope.TOKENS,
            "Every token, the newest first, without its secret.",
            parameters=(*PAGE, REQUEST_ID), responses={200: page("Token")},
        ),
        Route(
            "POST", "/admin/v1/tokens", tokens.create, "createToken", Scope.TOKENS,
            "Make a token; its text is in this answer and nowhere else.",
            parameters=ASKED, request=NEW_TOKEN, responses={201: ref("Token")},
        ),
        Route(
            "DELETE", "/admin/v1/tokens/{id}", tokens.revoke, "revokeToken", Scope.TOKENS,
            "Take a token back, for good.",
            parameters=ASKED, responses={200: ref("Token")},
        ),
        Route(
            "GET", "/admin/v1/whoami", tokens.whoami, "whoAmI", Scope.EVALUATE,
            "Who asks, and what they may.",
            parameters=(REQUEST_ID,), responses={200: ref("Principal")},
        ),
    )  # fmt: skip
