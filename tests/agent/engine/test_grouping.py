"""Like questions come together, others stay apart, and what is kept goes on where it was."""

import numpy as np

from agent.engine.encoder import Encoder
from agent.engine.grouping import Groups


def test_questions_alike_join_and_others_begin_groups(encoder: Encoder) -> None:
    texts = [
        "Do you rent out canoes?",
        "Can I rent a canoe from you?",
        "Is there a discount for students?",
        "Do students get a discount?",
        "Do you rent out canoes for a weekend?",
    ]
    vectors = encoder.encode(texts)
    groups = Groups([], [], width=vectors.shape[1])

    assert [groups.place(vector) for vector in vectors] == [0, 0, 1, 1, 0]


def test_a_group_that_was_kept_is_joined_again() -> None:
    first = Groups([], [], width=2)
    first.place(np.array([1, 0], dtype=np.float32))

    again = Groups([first.middle(0)], [1], width=2)

    assert again.place(np.array([0.8, 0.6], dtype=np.float32)) == 0
    assert again.place(np.array([-1, 0], dtype=np.float32)) == 1
