"""Which model streams were coded with: a name, and a fingerprint of all it consists of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from ansflow.errors import CorruptDataError, UnknownModelError
from ansflow.frame import constants, content_model
from ansflow.frame.content_model import ContentModel

__all__ = ["ModelIdentity"]

FIELDS = {
    "name": re.compile(f"[!-~]{{1,{constants.MAX_MODEL_NAME}}}"),
    "fingerprint": re.compile(f"[0-9a-f]{{{constants.FINGERPRINT_DIGITS}}}"),
}


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What the header says of the model.

    Parameters
    ----------
    name : str
        1 to 64 visible ASCII characters.
    fingerprint : str
        32 hexadecimal digits.
    """

    name: str
    fingerprint: str

    @classmethod
    def of(cls, model: ContentModel) -> Self:
        """That of a model; ValueError if its name or fingerprint cannot be written."""
        identity = cls(model.name, model.fingerprint)
        for field, pattern in FIELDS.items():
            if not pattern.fullmatch(getattr(identity, field)):
                raise ValueError(
                    f"the model's {field} cannot be written: {getattr(identity, field)!r:.100}; "
                    f"names are 1 to {constants.MAX_MODEL_NAME} visible ASCII characters, "
                    f"fingerprints {constants.FINGERPRINT_DIGITS} hexadecimal digits"
                )
        return identity

    @classmethod
    def parse(cls, described: Any) -> Self:
        """From the header's description; CorruptDataError if that is not one."""
        if (
            not isinstance(described, dict)
            or described.keys() != FIELDS.keys()
            or not all(type(described[key]) is str for key in FIELDS)
            or not all(pattern.fullmatch(described[key]) for key, pattern in FIELDS.items())
        ):
            raise CorruptDataError(
                f"the header's model is not a name and a fingerprint: {described!r:.200}"
            )
        return cls(**described)

    def describe(self) -> dict[str, str]:
        return {"name": self.name, "fingerprint": self.fingerprint}

    def memory(self, size: int) -> int:
        """Bytes that the model takes for so much content; 0 if it is not known here."""
        try:
            return self.find().memory(size)
        except UnknownModelError:
            return 0

    def find(self) -> ContentModel:
        """The model; UnsupportedError if it is unknown here, or another."""
        return content_model.find(self.name, self.fingerprint)
