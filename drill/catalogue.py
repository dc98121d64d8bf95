"""What there is to be tried and what is judged, for people: ``python -m drill list``."""

from collections.abc import Mapping

from drill import crash, mutants
from drill.faults import FAULTS
from drill.invariants import INVARIANTS

PROMISES: Mapping[int, str] = {
    1: "What a platform, or a page of the web chat, was told we have is kept, and kept once.",
    2: "Each message of a customer has one end: answered, handed over to people, ignored or dead.",
    3: "The platform has each of our messages once; of what is in doubt a person was asked.",
    4: "What was written is answered once, by our record and by the platform's.",
    5: "Replies arrive in the order of their numbers.",
    6: "Messages are numbered without a gap, in the order in which they came.",
    7: "No send of the bot begins after a person took over, but for what was on its way just then.",
    8: "Nothing waits for ever: no event, turn, send, export or erasure is left.",
    9: "What was given up has a case for people, and a reason.",
    10: "No cap on spending is exceeded by more than one call.",
    11: "Every deed is in the audit trail, sealed, and the chain of seals holds.",
    12: "Nothing is tried more often than it may be.",
}


def tell() -> None:
    """Print promises, crash points, faults and mutants, each in a line."""
    print("What must hold when everything has come to rest:")
    for invariant in INVARIANTS:
        print(f"  {invariant.number:>2} {invariant.name:<20} {PROMISES[invariant.number]}")
    print("\nCrash points, at each of which a process dies once (F02; python -m drill crash):")
    for point in crash.POINTS:
        print(f"  {point.name}")
    print("\nFaults, which strike while customers write (python -m drill faults --only …):")
    for fault in FAULTS.values():
        shapes = f" Only {fault.shapes[0]}: {fault.only}." if fault.only else ""
        print(f"  {fault.number:<5} {fault.name}: {str(fault.strike.__doc__).splitlines()[0]}{shapes}")
    print(
        "\nMutants, promises taken out of the product, each of which the judge must notice (python -m drill mutants):"
    )
    for trial in mutants.TRIALS:
        bites = ", ".join(str(number) for number in trial.bites)
        shape = f" Only {trial.only}." if trial.only else ""
        print(f"  {trial.mutant:<28} breaks {bites}.{shape}")
