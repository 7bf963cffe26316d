"""Which model blocks were coded with: a name, and a fingerprint of all it consists of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from ansflow.errors import CorruptDataError
from ansflow.frame import layout

if TYPE_CHECKING:
    from ansflow.bitsback.models.vae import VAE

__all__ = ["ModelIdentity"]

FIELDS = {
    "name": re.compile(f"[!-~]{{1,{layout.MAX_MODEL_NAME}}}"),
    "fingerprint": re.compile(f"[0-9a-f]{{{layout.FINGERPRINT_DIGITS}}}"),
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
    def of(cls, model: VAE) -> Self:
        """That of a model; ValueError if its name can't be written."""
        if not FIELDS["name"].fullmatch(model.name):
            raise ValueError(
                f"the model's name {model.name!r} isn't 1 to {layout.MAX_MODEL_NAME} visible ASCII "
                "characters"
            )
        return cls(model.name, model.fingerprint)

    @classmethod
    def parse(cls, described: Any) -> Self:
        """From the header's description; CorruptDataError if that isn't one."""
        if (
            not isinstance(described, dict)
            or described.keys() != FIELDS.keys()
            or not all(type(described[key]) is str for key in FIELDS)
            or not all(pattern.fullmatch(described[key]) for key, pattern in FIELDS.items())
        ):
            raise CorruptDataError(f"impossible model {described!r}")
        return cls(**described)

    def describe(self) -> dict[str, str]:
        return {"name": self.name, "fingerprint": self.fingerprint}

    def find(self) -> VAE:
        """The model; UnsupportedError if it is unknown here, or another."""
        # Few frames have a model, and all commands would wait for its modules.
        from ansflow.bitsback.models.pretrained import find

        return find(self.name, self.fingerprint)
