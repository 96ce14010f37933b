"""The error tree. Each class says when it happens; each message names the cause and the cure."""

from __future__ import annotations

NO_KEY = "This request has no API key."
UNKNOWN_KEY = "This API key is not known."
SEND_A_KEY = (
    "Send the proxy's master key, as `Authorization: Bearer KEY` or as `x-api-key: KEY`. It is the value of "
    "LITELLM_MASTER_KEY where the proxy runs; without that, `router-plugin serve` prints one as it starts."
)


class RouterPluginError(Exception):
    """Base of every error that this package raises on purpose. Messages never hold request text."""


class ConfigError(RouterPluginError):
    """The settings or the model list are unusable; raised at start only.

    `problems` holds every problem found, each with its key and what is allowed there.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = list(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"The configuration has {len(self.problems)} problem(s):\n{lines}")


class ModelFileError(RouterPluginError):
    """A classifier file is missing, damaged, or of a format that this version can't read."""


class LocalModelError(RouterPluginError):
    """The embedded local model can't be started."""


class RequestRefused(RouterPluginError):
    """A request that is not sent anywhere. `status` is the HTTP status, `code` a stable word for programs."""

    status = 400
    code = "refused"

    def __init__(self, message: str, *, param: str | None = None) -> None:
        self.message = message
        self.param = param
        super().__init__(message)


class InvalidRequest(RequestRefused):
    """The body, a steering header or a steering field can't be used as it is."""

    code = "invalid_request"


class RequestTooLarge(RequestRefused):
    """The body is over `limits.max_body_characters`."""

    status = 413
    code = "request_too_large"


class ContextTooLong(RequestRefused):
    """The prompt and the answer that it asks for fit no context window that may take it."""

    status = 413
    code = "context_window_exceeded"


class NotCapable(RequestRefused):
    """No deployment that may take the request can do what it asks for."""

    status = 422
    code = "not_capable"


class PrivatePinRejected(RequestRefused):
    """A private request names a cloud model, and `on_private_pin` is `reject`."""

    status = 403
    code = "private_pin_rejected"


class HistoryNotShown(RequestRefused):
    """A stateful request whose history is elsewhere, so that no one can say what it holds."""

    code = "history_not_shown"


class NoLocalDeployment(RequestRefused):
    """A request must stay local and no local deployment can take it."""

    status = 503
    code = "no_local_deployment"


class NoDeployment(RequestRefused):
    """No deployment in the chain can take a request that may leave."""

    status = 503
    code = "no_deployment"


class BudgetSpent(RequestRefused):
    """The budget is spent, and no local deployment can take the request."""

    status = 429
    code = "budget_spent"


class EndpointClosed(RequestRefused):
    """An endpoint that the plugin can neither inspect nor move."""

    status = 403
    code = "endpoint_closed"


class Unauthorized(RequestRefused):
    """The API key is missing or unknown."""

    status = 401
    code = "invalid_api_key"

    def __init__(self, cause: str = UNKNOWN_KEY) -> None:
        super().__init__(f"{cause} {SEND_A_KEY}")
