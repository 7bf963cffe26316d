"""The interface of transforms: `forward`, `inverse`, and what both have to know."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ansflow.buffers import Bytes
from ansflow.recycling import empty
from ansflow.transforms.finish import NOTHING, Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.start import UNTOUCHED, Start
from ansflow.varints import ByteReader

__all__ = ["Finished", "Finisher", "Misfit", "Setting", "Starter", "Transform", "Unsuitable"]

Setting = int | float | str


class Unsuitable(ValueError):  # noqa: N818  (not an error: another recipe is taken)
    """A transform cannot be applied to these very items, though it is defined for their layout."""


class Misfit(Unsuitable):
    """A transform cannot be applied to items of such a layout, whatever they are."""


class Transform(ABC):
    """Items to one or more buffers of items, and back.

    Buffers are contiguous uint8 vectors, whose items a layout describes. There may be no items.
    *Settings* are what a recipe says of the transform, in brackets behind its name. *Parameters*
    are what `inverse` needs to know, by default nothing: `forward` makes them of the settings and
    the items. What numbers the items are, and in which byte order, is such a parameter, too.

    Attributes
    ----------
    id : int
        1 to 127, that of FORMAT.md.
    name : str
        What it is called in the text of a recipe.
    parts : tuple of str
        What its outputs are called, if there are several; the last stands for all that follow.
    finishes, starts : bool
        Whether it is a `Finisher`, and a `Starter`.
    by_shape : bool
        Whether it depends on the shape if it is defined, and how many outputs there are. Chunks at
        the edges of a grid have other shapes than the rest, and get another recipe.
    by_items : bool
        Whether the items of its first output are as wide as these very items need. A recipe for
        that which is for other widths is unsuitable for them, and not wrong.
    side_by_side : bool
        Whether its outputs are several kinds of items, which have nothing to do with each other.
    """

    id: ClassVar[int]
    name: ClassVar[str]
    parts: ClassVar[tuple[str, ...]] = ("output",)
    finishes: ClassVar[bool] = False
    starts: ClassVar[bool] = False
    by_shape: ClassVar[bool] = False
    by_items: ClassVar[bool] = False
    side_by_side: ClassVar[bool] = False

    @abstractmethod
    def accepts(self, layout: Layout) -> bool:
        """Whether it is defined for such items."""

    @abstractmethod
    def outputs(self, parameters: Any, layout: Layout) -> Sequence[Layout]:
        """The layouts of the outputs for such items."""

    @abstractmethod
    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[Any, Sequence[Bytes]]:
        """Parameters and outputs, which may be views of the items.

        Raises
        ------
        Unsuitable
            If the items are not what the settings say.
        """

    @abstractmethod
    def inverse(
        self, parameters: Any, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        """Fill `out` with the items that `forward` makes these outputs of.

        The outputs are the arrays of `buffers`, and may hold anything.
        """

    def buffers(self, parameters: Any, layout: Layout, out: Bytes) -> Sequence[Bytes | None]:
        """Where the outputs are to be decoded before `inverse` fills `out`.

        None stands for wherever they are, and perhaps cannot be written to: a stream that is stored
        is not copied then. `Vectors` come to `inverse` as such.
        """
        return [empty(output.nbytes, np.uint8) for output in self.outputs(parameters, layout)]

    def then(self, parameters: Any, layout: Layout, finish: Finish) -> Finish | None:
        """What undoes the transform and does `finish` then; None if it takes a turn of its own."""
        return None

    def first(self, layout: Layout, start: Start, *settings: Setting) -> tuple[Any, Start] | None:
        """Its parameters, and what does `start` and then the transform; None if it takes a turn.

        It must not depend on the items, and have one output.
        """
        return None

    def lacking(self, parameters: Any) -> Mapping[int, str]:
        """Outputs that a recipe names, and there are none of with these parameters.

        By their numbers, with what a recipe may say of them. An output that is lacking has no node.
        """
        return {}

    def check(self, *settings: Setting) -> None:
        """Raise ValueError if `forward` does not take these settings."""
        if settings:
            raise ValueError(f"the transform {self.name!r} takes no settings")

    def part(self, number: int, count: int) -> str:
        """What an output is called, of so many."""
        if number < len(self.parts) - (count > len(self.parts)):
            return self.parts[number]
        return f"{self.parts[-1]} {number - len(self.parts) + 1}"

    def describe(self, parameters: Any) -> Sequence[Setting]:
        """Settings that lead to these parameters, or say as much of them as fits a line."""
        return ()

    def pack(self, parameters: Any) -> bytes:
        """The parameters as a recipe holds them."""
        return b""

    def parse(self, reader: ByteReader, layout: Layout) -> Any:
        """Undo `pack`; CorruptDataError for what `forward` cannot choose for such items."""
        return None


class Finished(Transform):
    """A transform that is undone by what is done with numbers last."""

    @abstractmethod
    def then(self, parameters: Any, layout: Layout, finish: Finish) -> Finish | None: ...

    def buffers(self, parameters: Any, layout: Layout, out: Bytes) -> list[Bytes]:
        return [out]

    def inverse(
        self, parameters: Any, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        finish = self.then(parameters, layout, NOTHING)
        assert finish is not None, "it can always be done alone"
        finish.apply(out, layout.itemsize)


class Finisher(Transform):
    """A transform whose `inverse` makes numbers, and does with them what is done last."""

    finishes = True

    @abstractmethod
    def inverse(
        self,
        parameters: Any,
        outputs: Sequence[Bytes],
        layout: Layout,
        out: Bytes,
        finish: Finish = NOTHING,
    ) -> None:
        """Fill `out` with the items, finished."""


class Starter(Transform):
    """A transform whose `forward` takes numbers, and does with them what is done first."""

    starts = True

    @abstractmethod
    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting, start: Start = UNTOUCHED
    ) -> tuple[Any, Sequence[Bytes]]:
        """Parameters and outputs for what `start` makes of the items."""
