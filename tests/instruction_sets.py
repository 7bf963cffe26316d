"""Instruction sets to test kernels with."""

from ansflow.kernels.vector.isa import available, chosen_isa


def with_own_code(targets):
    """One of those for which kernels are the same: if this machine uses one of them, that.

    `targets` tells by instruction set what makes the code for it.
    """
    known = [isa for isa in (*available(), chosen_isa()) if isa in targets]
    return list({targets[isa]: isa for isa in known}.values())
