"""Which recipe suits an array: measured on a sample, never on all of it.

effort.py
    how much is tried at each level
sample.py
    boxes of an array, small enough that what is tried on them takes no time
detect.py
    what numbers of a sample have in common: facts that say which maps are worth trying
factors.py
    factors that make integers of floats
steps.py
    a common step of floats that isn't known beforehand
dealt.py
    some numbers of a sample in two parts: what is found by the one is told by the other
cost.py
    what numbers cost as tokens and raw bits
dictionary.py
    how many values a dictionary is expected to have in a chunk, and what they take
mapped.py
    numbers that came through maps, and what else these made of them
maps.py
    maps of numbers that leave less to predict
axes.py
    which differences of neighbours are worth trying
lines.py
    lines through rows of numbers
predictor.py
    what predicts numbers, and the tokens of what is left
offers.py
    ways to predict numbers that were tried, and the cheapest of them
binned.py
    which numbers and differences bins are tried for
predictors.py
    the deltas and lines worth trying on boxes, and the cheapest of them
sums.py
    weighted sums of neighbours, for high levels
periods.py
    periods, found by how differences correlate
choice.py
    a recipe that is chosen, and what it gains
predicted.py
    how numbers that came through maps are predicted: as they are, in rows of a period, in columns
numbers.py
    the map, predictor and tokens of one kind of numbers
tables.py
    many quantities side by side, told from pictures and fields
digits.py
    digits that were packed in integers
traits.py
    columns of a table as integers, and what those of one group have in common
alike.py
    maps of such columns
likeness.py
    columns that are alike, by what they take together and apart
columns.py
    whether columns of numbers have one recipe, or each has its own, or those that are alike
shapes.py
    shapes with fewer axes: those of one place do not count, and several short ones are a row
far.py
    numbers that others far back predict, beyond the boxes of a sample
choose.py
    arrays of any dtype: fields and columns, and the numbers in them

Maps and predictors are compared by a part of the sample first. All of it is for those that are
about as good as the best of them, for what a part says too little of, such as dictionaries and
linear tokens, and for weighted sums.

Most of the time is that of calls, above all where an array is the first one for a while and no code
is in the caches: a kernel tells all that is known at a glance, or that several ways cost.

What is chosen is a `Recipe`, with what each of its stages gains. A decoder knows nothing of this.
"""
