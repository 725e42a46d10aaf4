"""The protocol between sipd and a dispatch policy: see ../policy/README.md.

A policy is an object with configure(settings) and decide(center), for serve().
"""

import os
import sys
import threading
from concurrent import futures

import grpc

import policy_pb2 as pb

PROTOCOL = 1  # the version of policy.proto this file was written for


class Center:
    """What sipd has told: the sum of the deltas, and what is proposed now."""

    def __init__(self):
        self.now = 0  # nanoseconds since 1970: the only clock a policy looks at
        self.calls = {}  # that wait, by id
        self.agents = {}  # at their desks, by id
        self._chats = {}  # proposed now, by agent; None: an audio call

    def apply(self, delta):
        if delta.reset:
            self.calls.clear()
            self.agents.clear()
        self._chats.clear()
        self.now = delta.now_ns
        for id in delta.gone:
            self.calls.pop(id, None)
        for id in delta.left:
            self.agents.pop(id, None)
        self.calls.update((call.id, call) for call in delta.calls)
        self.agents.update((agent.id, agent) for agent in delta.agents)

    def waiting(self):
        """The calls in the order of service, without those nobody can take."""
        nobody = set()
        for call in sorted(self.calls.values(), key=lambda c: (c.media, c.priority, not c.refused, c.turn)):
            kind = (call.skill, call.media)
            if kind not in nobody:
                if self.room(call):
                    yield call
                else:
                    nobody.add(kind)

    def room(self, call):
        """The agents who have the skill and room for the call."""
        return [a for a in self.agents.values() if self._fits(a, call.media) and call.skill in a.skills]

    def _fits(self, agent, media):
        proposed = self._chats.get(agent.id, 0)
        if media == pb.MEDIA_MSRP:
            return proposed is not None and agent.slots > proposed
        return agent.audio and proposed == 0

    def propose(self, call, agent):
        self._chats[agent.id] = self._chats.get(agent.id, 0) + 1 if call.media == pb.MEDIA_MSRP else None

    def load(self, agent):
        """The share of the time since login in which the agent was busy."""
        busy = agent.busy_ns
        if agent.busy_from_ns:
            busy += max(self.now - agent.busy_from_ns, 0)
        return min(busy / (self.now - agent.login_ns), 1) if self.now > agent.login_ns else 0.0


class Refused(Exception):
    """The policy cannot work with its settings."""


def answer(policy, center, question):
    """The answer to a question, or None when it is of a kind not known here."""
    kind = question.WhichOneof("question")
    if kind == "hello":
        try:
            policy.configure(dict(question.hello.settings))
        except ValueError as e:
            raise Refused(str(e)) from e
        return pb.Answer(welcome=pb.Welcome(name=type(policy).__name__, version="1"))
    if kind != "delta":
        return None
    center.apply(question.delta)
    decision = pb.Decision(seq=question.delta.seq)
    for call, agent, reason in policy.decide(center):
        center.propose(call, agent)
        decision.assign.add(call=call.id, agent=agent.id, reason=reason)
    return pb.Answer(decision=decision)


def serve(policy):
    """Runs until sipd ends the stream."""
    if os.environ.get("SIPD_POLICY_PLUGIN") != "dispatch":
        sys.exit(f'{sys.argv[0]} is started by sipd: modparam("call_center", "dispatch_policy", '
                 f'"plugin:{os.path.abspath(sys.argv[0])}")')
    if str(PROTOCOL) not in os.environ.get("PLUGIN_PROTOCOL_VERSIONS", "").split(","):
        sys.exit(f"sipd does not speak version {PROTOCOL} of the protocol: generate policy_pb2.py anew")
    if os.environ.get("PLUGIN_CLIENT_CERT"):
        sys.exit("this program has no certificates: leave dispatch_policy_mtls at 0")
    over = threading.Event()

    def decide(questions, context):
        center = Center()
        try:
            for question in questions:
                reply = answer(policy, center, question)
                if reply is not None:
                    yield reply
        except Refused as e:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(e))
        finally:
            over.set()

    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler("sipd.policy.v1.Policy", {
            "Decide": grpc.stream_stream_rpc_method_handler(
                decide, pb.Question.FromString, pb.Answer.SerializeToString)}),
        # SERVING, as protobuf writes it: Debian has no package grpc-health.
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {
            "Check": grpc.unary_unary_rpc_method_handler(lambda request, context: b"\x08\x01")}),
    ))
    socket = os.path.join(os.environ["PLUGIN_UNIX_SOCKET_DIR"], "socket")
    server.add_insecure_port("unix:" + socket)
    server.start()
    print(f"1|{PROTOCOL}|unix|{socket}|grpc", flush=True)
    over.wait()
    server.stop(grace=0.2).wait()
