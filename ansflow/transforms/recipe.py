"""Recipes: trees of transforms, whose leaves are streams of symbols.

A `Recipe` says which transforms to apply. `Recipe.forward` applies them and writes down what it
did, parameters included; `node.read_recipe` reads that, and `Node.inverse` undoes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from ansflow.buffers import Bytes
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import (
    ALL_STREAMS,
    MAX_DEPTH,
    MAX_STREAMS,
    STREAM,
    STREAM_ID,
    SYMBOL_SIZES,
    TOO_MUCH,
    room_of,
    text_of,
)
from ansflow.transforms.registry import by_name
from ansflow.transforms.start import UNTOUCHED, Start
from ansflow.transforms.transform import Misfit, Setting, Transform, Unsuitable

__all__ = ["Recipe", "Stream"]

NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*")
SETTINGS = re.compile(r"\[([^\[\]()]*)\]\s*")


class Stream(NamedTuple):
    """Symbols on their way to a coder, as bytes; the layout's items have 1 or 2."""

    symbols: Bytes
    layout: Layout

    @property
    def width(self) -> int:
        """Bytes of a symbol."""
        return self.layout.itemsize


@dataclass(frozen=True, init=False)
class Recipe:
    """Which transforms to apply to the items of a chunk.

    Parameters
    ----------
    name : str
        A transform, or ``"stream"`` for items of one or two bytes that are symbols as they are.
    outputs : sequence of Recipe
        What to do with each output of the transform; if empty, all of them are streams.
    settings : sequence of int, float or str
        What the transform is told.

    Attributes
    ----------
    depth : int
        Nodes from the root to the deepest leaf, both included.
    nodes : int
        How many there are, but for streams that go without saying.
    has_leaves : bool
        Whether all outputs are streams.

    Raises
    ------
    ValueError
        If there is no such transform, it does not take the settings, or the tree is deeper than 8
        nodes.

    Examples
    --------
    >>> from ansflow.transforms import Recipe
    >>> Recipe("planes") == Recipe.of("planes")
    True
    """

    name: str
    outputs: tuple[Recipe, ...]
    settings: tuple[Setting, ...]
    depth: int = field(init=False, repr=False, compare=False)
    nodes: int = field(init=False, repr=False, compare=False)
    has_leaves: bool = field(init=False, repr=False, compare=False)

    def __init__(
        self, name: str = STREAM, outputs: Sequence[Recipe] = (), settings: Sequence[Setting] = ()
    ) -> None:
        depth, nodes, has_leaves = 1, 1, True
        if name != STREAM:
            by_name(name).check(*settings)
            depth = 2  # at least, if its outputs are streams
            for output in outputs:
                depth = max(depth, 1 + output.depth)
                nodes += output.nodes
                has_leaves = has_leaves and output.name == STREAM
        elif outputs or settings:
            raise ValueError(
                "a stream has no settings and no outputs: what follows it in the recipe must go"
            )
        self._fill(name, tuple(outputs), tuple(settings), depth, nodes, has_leaves)

    def _fill(
        self,
        name: str,
        outputs: tuple[Recipe, ...],
        settings: tuple[Setting, ...],
        depth: int,
        nodes: int,
        has_leaves: bool,
    ) -> None:
        if depth > MAX_DEPTH:
            raise ValueError(f"the recipe is {depth} nodes deep, more than {MAX_DEPTH}")
        # At once, and not one by one past what keeps them from being changed.
        vars(self).update(
            name=name,
            outputs=outputs,
            settings=settings,
            depth=depth,
            nodes=nodes,
            has_leaves=has_leaves,
        )

    @classmethod
    def of(cls, text: str) -> Self:
        """A recipe from its text: a name, and in parentheses the recipes of its outputs.

        Settings stand between them in brackets.

        Examples
        --------
        >>> from ansflow.transforms import Recipe
        >>> print(Recipe.of("planes(stream, stream)"))
        planes(stream, stream)
        """
        recipe, rest = cls._read(text, text)
        if rest:
            raise ValueError(f"the recipe {text!r} goes on after its end: {rest!r}")
        return recipe

    @classmethod
    def _read(cls, text: str, whole: str, depth: int = 1) -> tuple[Self, str]:
        """The recipe that a text begins with, and the rest of the text."""
        if depth > MAX_DEPTH:
            raise ValueError(f"the recipe is more than {MAX_DEPTH} nodes deep: {whole:.60}")
        name = NAME.match(text)
        if name is None:
            raise ValueError(f"the recipe {whole!r} lacks a name before {text!r}")
        outputs: list[Self] = []
        rest = text[name.end() :]
        settings: tuple[Setting, ...] = ()
        if rest.startswith("["):
            inside = SETTINGS.match(rest)
            if inside is None:
                raise ValueError(f"the recipe {whole!r} lacks a closing bracket")
            settings = tuple(_setting(part, whole) for part in inside[1].split(","))
            rest = rest[inside.end() :]
        separator = "("
        while rest.startswith(separator):
            output, rest = cls._read(rest[1:], whole, depth + 1)
            outputs.append(output)
            separator = ","
        if outputs:
            if not rest.startswith(")"):
                raise ValueError(f"the recipe {whole!r} lacks a closing parenthesis")
            rest = rest[1:].lstrip()
        return cls(name[1], tuple(outputs), settings), rest

    def __str__(self) -> str:
        return text_of(self.name, self.settings, self.outputs)

    @property
    def alone(self) -> Recipe:
        """The same without its outputs."""
        return Recipe(self.name, settings=self.settings)

    def around(self, first: Recipe) -> Recipe:
        """The same with another recipe for its first output, in front of those for the others."""
        outputs = (first, *self.outputs)
        depth = max(self.depth, 1 + first.depth)
        has_leaves = self.has_leaves and first.name == STREAM
        found = object.__new__(Recipe)
        found._fill(self.name, outputs, self.settings, depth, self.nodes + first.nodes, has_leaves)
        return found

    def forward(
        self,
        items: Bytes,
        layout: Layout,
        instead: Callable[[Layout], Recipe] | None = None,
    ) -> tuple[bytes, list[Stream]]:
        """Apply the recipe.

        Parameters
        ----------
        items : contiguous ndarray of uint8
        layout : Layout
        instead : callable, optional
            Says which recipe to take for what one of several columns or fields cannot be given to:
            the others keep theirs.

        Returns
        -------
        bytes
            The recipe with the parameters that were chosen, as FORMAT.md says.
        list of Stream

        Raises
        ------
        Unsuitable
            If a transform cannot be applied to what it is given, or not to that shape, or if what
            the transforms give grows too large.
        ValueError
            If one is not defined for that, or has another number of outputs, whatever items are.
        """
        written = bytearray()
        streams: list[Stream] = []
        # The next one last; what it is if the recipe is not for such items, whether it is one of
        # several kinds of items, and the room of outputs.
        fault: type[ValueError] = ValueError
        left = [(self, items, layout, fault, UNTOUCHED, False, room_of(layout))]
        while left:
            node, items, layout, fault, start, beside, room = left.pop()
            if node.name == STREAM:
                written.append(STREAM_ID)
                streams.append(_symbols(items, layout, fault))
                continue
            transform = node._transform(layout, fault)
            if len(node.outputs) == 1 and not node.has_leaves:
                early = transform.first(layout, start, *node.settings)
                if early is not None:
                    parameters, start = early
                    written.append(transform.id)
                    written += transform.pack(parameters)
                    room -= layout.nbytes
                    left.append((node.outputs[0], items, layout, fault, start, beside, room))
                    continue
            try:
                parameters, outputs = _taken(transform, items, layout, start, node.settings)
            except Unsuitable as unsuitable:
                other = instead(layout) if instead is not None and beside else STREAMS
                # A stream would have to go without saying in what is written already.
                if other == STREAMS or isinstance(unsuitable, Misfit):
                    raise
                items = items if start is UNTOUCHED else start.apply(items, layout.itemsize)
                left.append((other, items, layout, fault, UNTOUCHED, False, room))
                continue
            layouts = transform.outputs(parameters, layout)
            room -= sum([output.size for output in outputs])
            if room < 0:
                raise Unsuitable(f"the transforms up to {node.name!r} make {TOO_MUCH}")
            lacking = transform.lacking(parameters)
            nodes, are_leaves = node._nodes(transform, len(layouts), lacking, fault)
            faults = [Unsuitable if transform.by_items else fault, *[fault] * (len(layouts) - 1)]
            written.append(transform.id | (ALL_STREAMS if are_leaves else 0))
            written += transform.pack(parameters)
            if are_leaves:
                streams += map(_symbols, outputs, layouts, faults)
            else:
                beside = beside or transform.side_by_side
                given = zip(nodes, outputs, layouts, faults, strict=True)
                left += [(*output, UNTOUCHED, beside, room) for output in given][::-1]
            del items, outputs  # whose memory is used again
        if len(streams) > MAX_STREAMS:
            raise ValueError(f"the recipe gives {len(streams)} streams, more than {MAX_STREAMS}")
        return bytes(written), streams

    def _transform(self, layout: Layout, fault: type[ValueError]) -> Transform:
        """The transform, for items of that layout."""
        transform = by_name(self.name)
        if not transform.accepts(layout):
            raise (Misfit if transform.by_shape else fault)(
                f"the transform {self.name!r} is not defined for items of {layout.itemsize} bytes "
                f"in shape {layout.shape}"
            )
        return transform

    def _nodes(
        self, transform: Transform, count: int, lacking: Collection[int], fault: type[ValueError]
    ) -> tuple[Sequence[Recipe], bool]:
        """What is done with each of so many outputs, and whether all of them are streams."""
        count += len(lacking)
        nodes = self.outputs or (STREAMS,) * count
        if len(nodes) != count:
            raise (Misfit if transform.by_shape else fault)(
                f"the transform {self.name!r} has {count} outputs here; the recipe names "
                f"{len(nodes)}"
            )
        if not lacking:
            return nodes, self.has_leaves
        kept = [node for number, node in enumerate(nodes) if number not in lacking]
        return kept, all(node.name == STREAM for node in kept)


STREAMS = Recipe()  # the outputs of a recipe that names none


def _taken(
    transform: Transform, items: Bytes, layout: Layout, start: Start, settings: Sequence[Setting]
) -> tuple[Any, Sequence[Bytes]]:
    """What a transform makes of items, or of what comes first of them: parameters and outputs."""
    if start is UNTOUCHED:
        return transform.forward(items, layout, *settings)
    if transform.starts:
        starter: Any = transform
        found: tuple[Any, Sequence[Bytes]] = starter.forward(items, layout, *settings, start=start)
        return found
    return transform.forward(start.apply(items, layout.itemsize), layout, *settings)


def _symbols(items: Bytes, layout: Layout, fault: type[ValueError]) -> Stream:
    if layout.itemsize not in SYMBOL_SIZES:
        raise fault(
            f"items of {layout.itemsize} bytes cannot be symbols, which have 1 or 2: "
            "the recipe has to transform them"
        )
    return Stream(items, layout)


def _setting(text: str, whole: str) -> Setting:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    name = NAME.fullmatch(text)
    if name is None:
        raise ValueError(f"the recipe {whole!r} has {text.strip()!r} for a setting")
    return name[1]
