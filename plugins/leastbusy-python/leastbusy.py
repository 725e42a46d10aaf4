#!/usr/bin/python3
"""A dispatch policy for sipd: the agent who was busy least gets the call."""

import sipd_policy


class LeastBusy:
    def configure(self, settings):
        """Takes dispatch_policy_param; a ValueError is shown to the operator."""
        if settings:
            raise ValueError("leastbusy takes no settings, got " + ", ".join(sorted(settings)))

    def decide(self, center):
        """Yields (call, agent, reason). The center knows what was yielded before:
        waiting() are the calls that somebody can take, room(call) who can."""
        for call in center.waiting():
            agent = min(center.room(call), key=lambda a: (center.load(a), a.since))
            yield call, agent, f"busy {center.load(agent):.0%} of the time"


if __name__ == "__main__":
    sipd_policy.serve(LeastBusy())
