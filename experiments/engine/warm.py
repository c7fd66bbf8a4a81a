"""Has the loops of the model compiled before anything depends on them."""

from __future__ import annotations

import sys
from datetime import date

from experiments.study import BEHAVIOUR, ROOT

_MESSAGE = "compiling the model: about half a minute, once after each change of it\n"
_EVERYTHING = {
    "operator_use": 1.0,
    "channels": {
        "app": {"register_moved_share": 0.3},
        "email": {"enabled": True},
        "social_media": {"enabled": True},
        "nl_alert": {"enabled": True},
        "amber_alert": {"enabled": True},
    },
    "campaigns": [{"day": date(2014, 7, 3), "written_share": 0.1}],
}
"""Levers under which every loop has work."""


def ensure_compiled() -> None:
    """Compile every loop that is not there, with a word to the user, by running one year.

    Workers that start together would otherwise each compile all of it.
    """
    from sim.compiled import is_complete, note_complete

    if is_complete():
        return
    sys.stderr.write(_MESSAGE)
    sys.stderr.flush()
    from sim.parameters import Parameters
    from sim.policy import Policy
    from sim.replication import simulate
    from sim.world import World

    world = World.load(ROOT / "data" / "twente_grid", BEHAVIOUR)
    policies = [
        Policy(name="today"),
        Policy.model_validate({"name": "everything", **_EVERYTHING}),
    ]
    simulate(world, policies, Parameters.defaults(), seed=1, replication=0, years=1)
    note_complete()


if __name__ == "__main__":
    ensure_compiled()
