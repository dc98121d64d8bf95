"""The mutants: each edit fits the product as it is, and changes it only where it is asked to."""

import pytest

from drill import mutant, mutants
from drill.invariants import INVARIANTS

EDITS = {**mutant.EDITS, **mutant.FAILPOINTS}


@pytest.mark.parametrize("name", EDITS)
def test_each_edit_fits_the_product(name: str) -> None:
    for edit in EDITS[name]:
        assert edit.edited().co_code != edit.function().__code__.co_code


def test_an_edit_that_no_longer_fits_is_an_error() -> None:
    edit = mutant.Edit("agent.llm.spend:reserve", {"no such words": "pass"})

    with pytest.raises(mutant.DoesNotFit, match="no such words"):
        edit.edited()


def test_a_function_that_is_gone_is_an_error() -> None:
    with pytest.raises(mutant.DoesNotFit, match="no function any more"):
        mutant.Edit("agent.llm.spend:lend", {}).function()


def test_each_mutant_has_one_trial_and_invariants_that_must_bite() -> None:
    numbers = {invariant.number for invariant in INVARIANTS}

    assert sorted(trial.mutant for trial in mutants.TRIALS) == sorted(mutant.EDITS)
    assert all(trial.bites and set(trial.bites) <= numbers for trial in mutants.TRIALS)
