"""The vector of the wire facts, byte for byte."""

from simulator.tiktok import events, signature

BODY = (
    rb'{"client_key":"7000000000000000001","event":"im_receive_msg","create_time":1767225600,'
    rb'"user_openid":"biz-open-id","content":"{\"conversation_id\":\"Y29udi0x==\",\"message_id\":\"bXNnLTE=\",'
    rb'\"type\":\"text\",\"text\":{\"body\":\"Is my order on its way?\"},\"timestamp\":1767225600123}"}'
)


def test_the_known_vector_is_signed_as_the_platform_signs_it() -> None:
    header = signature.header("tt-test-secret", body=BODY, at=1767225600)

    assert header == "t=1767225600,s=1237d5578c7fb2e4676d8af8b5c43cf821dce67b304fea2e2304af85ee68f7cc"


def test_the_envelope_of_the_known_vector_is_built_byte_for_byte() -> None:
    content = {
        "conversation_id": "Y29udi0x==",
        "message_id": "bXNnLTE=",
        "type": "text",
        "text": {"body": "Is my order on its way?"},
        "timestamp": 1767225600123,
    }

    body = events.body(
        client_key="7000000000000000001",
        event="im_receive_msg",
        create_time=1767225600,
        business_id="biz-open-id",
        content=content,
    )

    assert body == BODY


def test_half_a_surrogate_pair_travels_as_an_escape() -> None:
    body = events.body(
        client_key="k", event="im_receive_msg", create_time=1, business_id="b", content={"text": {"body": "\ud83d"}}
    )

    assert rb"\\ud83d" in body
