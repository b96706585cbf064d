"""What a plan would give, without running it: a Timeline made by arithmetic alone, drawn and judged like that of a real run."""

from labs.timeline.simulate.engine import killed_after, simulate
from labs.timeline.simulate.overheads import Overheads
from labs.timeline.simulate.plan import Include, Local, Plan, Play, Room, Run, Step, Wait, batches, window

__all__ = ["Include", "Local", "Overheads", "Plan", "Play", "Room", "Run", "Step", "Wait", "batches", "killed_after", "simulate", "window"]
