"""What clients ask of the identity service about keys, projects, users, groups and agencies."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from clusterwright.document import KEEPS_EMPTY
from clusterwright.iam.wire import IdentityDocument

DAY = 24
"""Hours."""
MOST_DAYS = 3650


def _trimmed(text: str) -> str:
    if text != text.strip():
        raise ValueError("No blank may stand at either end")
    return text


def _hours(value: Any) -> int:
    """A duration of an agency in hours; 0 for ever."""
    if value == "FOREVER":
        return 0
    if value == "ONEDAY":
        return DAY
    digits = value if isinstance(value, str) and value.isascii() and value.isdigit() else ""
    days = int(digits[:9]) if digits else value
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise ValueError(f"Send FOREVER, ONEDAY or a number of days from 1 to {MOST_DAYS}")
    return days * DAY


Id = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Description = Annotated[str | None, Field(max_length=255), KEEPS_EMPTY]
Text = Annotated[str, AfterValidator(_trimmed)]
Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_trimmed)]
UserName = Annotated[
    str,
    Field(max_length=64, pattern=r"^[A-Za-z_.@-][A-Za-z0-9 _.@-]*$"),
    AfterValidator(_trimmed),
]
ProjectName = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Password = Annotated[str, Field(min_length=6, max_length=128)]
Mode = Literal["default", "programmatic", "console"]
Duration = Annotated[Any, AfterValidator(_hours)]


class KeyToCreate(IdentityDocument):
    """For whom a key is."""

    user_id: Id
    description: Description = None


class KeyRequest(IdentityDocument):
    """``POST /v3.0/OS-CREDENTIAL/credentials``."""

    credential: KeyToCreate


class KeyToUpdate(IdentityDocument):
    """What becomes of a key."""

    status: Literal["active", "inactive"] | None = None
    description: Description = None


class KeyUpdate(IdentityDocument):
    """``PUT /v3.0/OS-CREDENTIAL/credentials/{access_key}``."""

    credential: KeyToUpdate


class ProjectToCreate(IdentityDocument):
    """A project below the one of the region."""

    name: ProjectName
    parent_id: Id | None = None
    domain_id: Id | None = None
    description: Description = None


class ProjectRequest(IdentityDocument):
    """``POST /v3/projects``."""

    project: ProjectToCreate


class ProjectToUpdate(IdentityDocument):
    """What is to be different."""

    name: ProjectName | None = None
    description: Description = None


class ProjectUpdate(IdentityDocument):
    """``PATCH /v3/projects/{project_id}``."""

    project: ProjectToUpdate


class Status(IdentityDocument):
    """Whether a project can be used."""

    status: Literal["normal", "suspended"]


class StatusUpdate(IdentityDocument):
    """``PUT /v3-ext/projects/{id}``."""

    project: Status


class Profile(IdentityDocument):
    """What is said of a user and has no effect."""

    description: Description = None
    email: Annotated[Text | None, Field(max_length=255), KEEPS_EMPTY] = None
    areacode: Annotated[str | None, Field(max_length=8, pattern="^[0-9]*$"), KEEPS_EMPTY] = None
    phone: Annotated[str | None, Field(max_length=32, pattern="^[0-9]*$"), KEEPS_EMPTY] = None
    access_mode: Mode | None = None
    pwd_status: bool | None = None
    xuser_id: Annotated[Text | None, Field(max_length=128), KEEPS_EMPTY] = None
    xuser_type: Annotated[Text | None, Field(max_length=64), KEEPS_EMPTY] = None

    def told(self) -> dict[str, Any]:
        """What was said, without what was not."""
        return {
            name: value
            for name in Profile.model_fields
            if (value := getattr(self, name)) is not None
        }


class UserToCreate(Profile):
    """A user of the caller's domain."""

    name: UserName
    domain_id: Id | None = None
    password: Password | None = Field(None, repr=False)
    enabled: bool = True


class UserRequest(IdentityDocument):
    """``POST /v3/users`` and ``POST /v3.0/OS-USER/users``."""

    user: UserToCreate


class UserToUpdate(Profile):
    """What is to be different."""

    name: UserName | None = None
    domain_id: Id | None = None
    password: Password | None = Field(None, repr=False)
    enabled: bool | None = None


class UserUpdate(IdentityDocument):
    """``PATCH /v3/users/{user_id}`` and ``PUT /v3.0/OS-USER/users/{user_id}``."""

    user: UserToUpdate


class PasswordChange(IdentityDocument):
    """A new password, and the one before."""

    password: Password = Field(repr=False)
    original_password: str = Field(max_length=1024, repr=False)


class PasswordUpdate(IdentityDocument):
    """``POST /v3/users/{user_id}/password``."""

    user: PasswordChange


class GroupToCreate(IdentityDocument):
    """A group of the caller's domain."""

    name: Name
    domain_id: Id | None = None
    description: Description = None


class GroupRequest(IdentityDocument):
    """``POST /v3/groups``."""

    group: GroupToCreate


class GroupToUpdate(IdentityDocument):
    """What is to be different."""

    name: Name | None = None
    domain_id: Id | None = None
    description: Description = None


class GroupUpdate(IdentityDocument):
    """``PATCH /v3/groups/{group_id}``."""

    group: GroupToUpdate


class AgencyToUpdate(IdentityDocument):
    """What is to be different."""

    trust_domain_id: Id | None = None
    trust_domain_name: Name | None = None
    delegated_domain: Name | None = None
    """The same in an update by Terraform (API reference, 2.6)."""
    description: Description = None
    duration: Duration | None = None


class AgencyUpdate(IdentityDocument):
    """``PUT /v3.0/OS-AGENCY/agencies/{agency_id}``."""

    agency: AgencyToUpdate


class AgencyToCreate(AgencyToUpdate):
    """Whom the caller's domain trusts, and under which name."""

    name: Name
    domain_id: Id

    @model_validator(mode="after")
    def _trusts_somebody(self) -> Self:
        if not (self.trust_domain_id or self.trust_domain_name):
            raise ValueError("give trust_domain_id or trust_domain_name")
        return self


class AgencyRequest(IdentityDocument):
    """``POST /v3.0/OS-AGENCY/agencies``."""

    agency: AgencyToCreate
