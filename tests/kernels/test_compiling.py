"""Kernels do what their functions say, though a compiler takes statements and code apart."""

import copy
import gc
import math
import pickle
from collections import Counter

import numpy as np
import pytest
from llvmlite.binding import parse_bitcode
from no_cache import NoCache
from numba.core import config, ir
from numba.core.dispatcher import Dispatcher
from numba.core.errors import TypingError

from ansflow.kernels import compiler, steps
from ansflow.kernels.coders.rans import next_word
from ansflow.kernels.jit import brief_kernel, inlined, inner, kernel, sampling_kernel
from ansflow.kernels.lowering import KernelLibrary
from ansflow.kernels.transforms.words import item_bits

pytestmark = [
    pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled"),
    pytest.mark.skipif(not compiler.KNOWN, reason="Numba compiles in its own way"),
]

ONE = np.uint64(1)
FEW = 1
MINUS = -0.0


def uncached(function, decorator=kernel):
    compiled = decorator(function)
    compiled.dispatcher._cache = NoCache()
    return compiled


@inner
def last(array):
    return array[array.size - 1]


@inner
def last_of_what_is_wide(array):
    # LLVM drops the call at once, and with it what is called, if nobody else does it.
    return last(array) if item_bits(array) > 64 else array[0]


@inner
def last_of_all(array):
    return last(array) + array[1]


def both(array):
    return last_of_what_is_wide(array) + last_of_all(array)


def test_what_compiles_a_kernel_is_made_by_its_first_call():
    """Or by whoever asks for more than the function, such as a kernel that calls it."""
    called, asked = map(kernel, (both, both))
    for used, of in ((called, lambda: called(np.arange(5, 10))), (asked, lambda: asked.signatures)):
        assert used.__name__ == "both"
        assert not isinstance(used.func, Dispatcher)
        of()
        assert used.func is used.dispatcher
        assert isinstance(used.func, Dispatcher)
    assert called(np.arange(5, 10)) == 5 + 9 + 6
    assert len(called.signatures) == 1


def test_kernels_are_pickled_by_name_and_copies_are_the_same():
    assert pickle.loads(pickle.dumps(next_word)) is next_word
    assert copy.deepcopy([next_word]) == [next_word]


def test_functions_that_one_caller_does_not_need_are_there_for_another():
    assert uncached(both)(np.arange(5, 10)) == 5 + 9 + 6


def code_of(compiled, *arguments):
    """What LLVM makes of a kernel, and its result."""
    found = []
    optimised = KernelLibrary._optimize_final_module

    def watched(self):
        optimised(self)
        found.append(str(self._final_module))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KernelLibrary, "_optimize_final_module", watched)
        result = compiled(*arguments)
    [code] = found
    return code, result


def counted(array):
    total = 0.0
    for i in range(array.size):
        total += array[i] * 2.0
    return total


@pytest.mark.skipif(bool(config.BOUNDSCHECK), reason="no loop is unrolled around checks")
def test_loops_of_kernels_for_samples_take_one_step_at_a_time():
    codes = []
    for decorator in (kernel, sampling_kernel):
        code, total = code_of(uncached(counted, decorator), np.ones(100))
        assert total == 200
        codes.append(code.count("fadd"))
    assert codes[0] > codes[1] >= 1


@pytest.mark.skipif(bool(config.BOUNDSCHECK), reason="Numba makes what Python calls")
def test_only_brief_kernels_keep_the_gil():
    codes = [code_of(uncached(counted, each), np.ones(3))[0] for each in (kernel, brief_kernel)]
    assert ["PyEval_SaveThread" in code for code in codes] == [True, False]


def test_what_is_kept_on_disk_has_names_for_instructions():
    compiled = uncached(counted)
    compiled(np.ones(3))
    [code] = compiled.overloads.values()
    _, form, (machine_code, names) = code.library.serialize_using_object_code()
    wrapper = code.fndesc.llvm_cpython_wrapper_name
    assert form == "object"
    assert wrapper.encode() in machine_code
    module = parse_bitcode(names)
    assert not module.get_function(wrapper).is_declaration
    assert "fadd" not in str(module)


@inner
def first_of_both(arrays):
    one, other = arrays
    return one[0, ONE] + other[-1]


def takes_apart(array, numbers):
    row, few = array[1], numbers[1:-1]
    numbers[:2] = 3
    total = first_of_both((array, few))
    for i in range(row.size):
        total += row[i]
    return total


@pytest.mark.skipif(bool(config.BOUNDSCHECK), reason="checks need more")
def test_what_is_known_of_arrays_is_not_put_together_for_nobody():
    texts = []
    simplify = KernelLibrary._optimize_functions

    def watched(self, module):
        texts.append(str(module))
        simplify(self, module)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KernelLibrary, "_optimize_functions", watched)
        assert uncached(takes_apart)(np.arange(6.0).reshape(2, 3), np.arange(5.0)) == 1 + 3 + 12
    [text] = [each for each in texts if "define" in each and "first_of_both" in each.split("\n")[0]]
    assert "insertvalue" not in text
    assert "extractvalue" not in text


@inlined
def plus_one(x):
    return x + ONE


def alike(x, out):
    out[0], out[1] = 1 / 2, np.uint64(1) // np.uint64(2)
    out[2], out[3] = math.copysign(1.0, 0.0), math.copysign(1.0, MINUS)
    out[4], out[5] = -1 // 2, -1.0 // 2
    out[6] = plus_one(x) + plus_one(ONE) + FEW
    sign = 1
    for _ in range(3):
        sign = -sign
    out[7] = sign
    out[8] = True + np.uint8(255) + np.inf if x > 9 else np.float64(x)


def test_values_that_look_alike_are_kept_apart():
    found, expected = np.zeros((2, 9))
    uncached(alike)(np.uint64(5), found)
    alike(np.uint64(5), expected)
    assert found.tolist() == expected.tolist()
    assert np.signbit(found).tolist() == np.signbit(expected).tolist()


def repeats_itself(x):
    return np.uint64(x) + np.uint64(ONE) + plus_one(ONE) if x > 1 else np.uint64(x) + ONE


def test_values_are_stated_once():
    assert uncached(repeats_itself)(5) == 8
    [read] = [each for (function, _), each in steps.READ.items() if function is repeats_itself]
    stated = [
        (type(known.value), repr(known.value))
        for block in read.blocks.values()
        for statement in block.body
        if isinstance(statement, ir.Assign)
        for known in [statement.value]
        if isinstance(known, (ir.Global, ir.FreeVar, ir.Const))
    ]
    assert not [known for known, count in Counter(stated).items() if count > 1]
    assert (type(np), repr(np)) not in stated


def widening(array):
    x, y = 0, 0
    for i in range(array.size):
        y = x
        x = x + array[i]
    return x, y


def test_variables_whose_types_are_known_late():
    found = uncached(widening)(np.array([0.5, 0.25]))
    assert found == (0.75, 0.5)


def test_what_has_no_type_is_an_error():
    with pytest.raises(TypingError, match="size"):
        uncached(counted)(3.0)


@pytest.mark.parametrize("enabled", [True, False])
def test_what_rests_while_a_kernel_is_compiled_goes_on_afterwards(monkeypatch, enabled):
    """The garbage collector, and events of LLVM; also after an error."""

    def told():
        return gc.isenabled(), *gc.get_threshold(), *compiler.LLVM_LOCK._cblist

    def noted(self, func):
        during.append(told())
        return compile_extra(self, func)

    @uncached
    def doubled(x):
        return x + x

    @uncached
    def without_a_type(x):
        return x.nothing_like_it

    during, after, compile_extra = [], [], compiler.Compiler.compile_extra
    monkeypatch.setattr(compiler.Compiler, "compile_extra", noted)
    if not enabled:
        gc.disable()
    try:
        before = told()
        assert doubled(2.0) == 4.0
        after.append(told())
        with pytest.raises(TypingError):
            without_a_type(1)
        after.append(told())
    finally:
        gc.enable()
    is_enabled, first, *others, _ = before
    assert is_enabled == enabled
    assert first > 0
    assert after == 2 * [before]
    assert during == 2 * [(enabled, 0, *others)]
