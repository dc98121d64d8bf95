"""Partners by signed webhook: what their customers write is in the log, and comes again where a fault repeats it."""

from tests.simulator.rig import Rig
from tests.waiting import wait_until

SECRET = "whsec_b3JkZXJzb3JkZXJzb3JkZXJzb3JkZXJzb3JkZXJzMTI="


def test_what_a_partners_customer_writes_is_in_the_log(rig: Rig) -> None:
    rig.order("partners", partners=[{"name": "shop", "secrets": [SECRET], "webhook_url": rig.receiver.url}])

    said = rig.order("partner-says", partner="shop", user="ada", text="Hello")

    (row,) = rig.log("customer")
    assert (row["account"], row["message_id"], row["conversation_id"]) == ("shop", said["message_id"], "c-ada")


def test_a_repeated_event_is_posted_beside_the_first_and_each_is_proved(rig: Rig) -> None:
    rig.order("partners", partners=[{"name": "shop", "secrets": [SECRET], "webhook_url": rig.receiver.url}])
    rig.order("faults", rules=[{"where": "webhook", "kind": "duplicate", "copies": 2}])
    # The receiver judges another platform's signatures; refused, each would be posted again.
    rig.receiver.statuses += [200, 200, 200]

    said = rig.order("partner-says", partner="shop", user="ada", text="Hello")

    wait_until(lambda: len(rig.receiver.received) == 3, what="the event and its repetitions")
    assert {each.headers["webhook-id"] for each in rig.receiver.received} == {said["message_id"]}
    assert [row["name"] for row in rig.log("fault")] == ["duplicate"]
