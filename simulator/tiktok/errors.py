"""The codes the API answers with; they come with HTTP 200."""

import enum


class Code(enum.IntEnum):
    """The numbers a caller sees in ``code``."""

    OK = 0
    NO_PERMISSION = 40001
    BAD_PARAMETER = 40002
    NO_SUCH_OBJECT = 40007
    MESSAGE_RULES = 40064
    TOO_MANY_REQUESTS = 40100
    BAD_APP_SECRET = 40101
    BAD_TOKEN = 40105
    BAD_AUTH_CODE = 40110
    UNSUPPORTED_FILE = 40908
    SYSTEM_ERROR = 51065


MESSAGES = {
    Code.NO_PERMISSION: "No permission to operate this account.",
    Code.NO_SUCH_OBJECT: "The object does not exist.",
    Code.MESSAGE_RULES: "The message was blocked by the direct message rules.",
    Code.TOO_MANY_REQUESTS: "Too many requests. Please retry in some time.",
    Code.BAD_APP_SECRET: "The app id or secret is invalid.",
    Code.BAD_TOKEN: "Access token is incorrect or has been revoked.",
    Code.BAD_AUTH_CODE: "The auth code is invalid or has expired.",
    Code.UNSUPPORTED_FILE: "The file type is not supported.",
    Code.SYSTEM_ERROR: "System error. Please try again later.",
}


class ApiError(Exception):
    """A refusal in the platform's words."""

    def __init__(self, code: int, message: str | None = None) -> None:
        self.code = int(code)
        known = MESSAGES.get(Code(code)) if code in {int(each) for each in Code} else None
        self.message = message or known or "The request failed."
        super().__init__(self.message)


def invalid_param(name: str) -> ApiError:
    """The refusal of one parameter."""
    return ApiError(Code.BAD_PARAMETER, f"Param {name} is invalid.")
