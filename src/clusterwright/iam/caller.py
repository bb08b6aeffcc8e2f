"""Who is asking: the one fact that authentication hands to every route."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated user and the scope of the request."""

    user_id: str
    user_name: str
    domain_id: str
    domain_name: str
    project_id: str
    """The project that the request may touch; empty when it is scoped to the domain."""
    expires_at: int = 0
    """When the credentials just used end, in nanoseconds; 0 where they do not end."""
    autopilot: bool = False
    """Whether the request came in below ``/autopilot``, where only clusters without nodes are."""
    chain: str = ""
    """The chain of tokens that the credentials belong to; empty for those of a permanent key."""
    temporary: bool = False
    """Whether the request was signed with a temporary key."""
