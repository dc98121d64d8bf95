"""What is personal in a text, what lists show instead, and what leaves for a model and comes back."""

import pytest

from agent.graph.spoken import filled_in
from core.personal import Placeholders, masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("I am ada.marsh@mail.example, call +49 171 2345678", "I am [e-mail], call [phone]"),
        ("my card 4111 1111 1111 1111 was charged twice", "my card [card] was charged twice"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [account] please"),
        ("ssn 078-05-1120", "ssn [identity number]"),
        ("mi DNI es 12345678Z", "mi DNI es [identity number]"),
        ("NIE X1234567L", "NIE [identity number]"),
        ("codice fiscale RSSMRA85T10A562S", "codice fiscale [identity number]"),
        ("Meine Ausweisnummer ist L01X00T471", "Meine Ausweisnummer ist [identity number]"),
        ("passport number: 533380006", "passport number: [identity number]"),
        ("mijn BSN is 111222333", "mijn BSN is [identity number]"),
        ("my password is Hunter2! ok", "my password is [secret] ok"),
        ("Mein Passwort lautet „Sommer2024“", "Mein Passwort lautet „[secret]“"),
        ("my api key sk-live-51Habc99 leaked", "my api key [secret] leaked"),
        ("CVC 123 and PIN: 4711", "CVC [secret] and PIN: [secret]"),
        ("015123456789", "[phone]"),
        ("Ring 07700900123 bitte", "Ring [phone] bitte"),
        ("mi número: 612 345 678", "mi número: [phone]"),
        ("o al 612 34 56 78", "o al [phone]"),
        ("612345678", "[phone]"),
        ("555-123-4567 or 555.123.4567", "[phone] or [phone]"),
        ("sono al 3471234567", "sono al [phone]"),
        ("347 123 4567", "[phone]"),
        ("bel me op 0612345678", "bel me op [phone]"),
        ("Telefon 4711 8822 33", "Telefon [phone]"),
        ("whatsapp: 5551234", "whatsapp: [phone]"),
        ("my password is swordfish", "my password is [secret]"),
        ("Das Passwort lautet geheim.", "Das Passwort lautet [secret]."),
        ("mi contraseña es girasol, gracias", "mi contraseña es [secret], gracias"),
        ("la password è girasole", "la password è [secret]"),
        ("mijn wachtwoord is: zonnebloem", "mijn wachtwoord is: [secret]"),
        ("password: p@ss.word! ok", "password: [secret] ok"),
        ("clave 1234, Passwort 98765", "clave [secret], Passwort [secret]"),
        ("iban de89 3704 0044 0532 0130 00 dass ich", "iban [account] dass ich"),
        ("nl91abna0417164300 en", "[account] en"),
        ("gb29 nwbk 6016 1331 9268 19", "[account]"),
        ("DE89-3704-0044-0532-0130-00", "[account]"),
        ("jane (at) mail", "[e-mail]"),
        ("jane.doe [at] mail [dot] example please", "[e-mail] please"),
        ("jane at mail dot com", "[e-mail]"),
        ("Jane (ät) mail punkt de", "[e-mail]"),
    ],
)
def test_it_is_shown_by_its_kind(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Where is order 1024-5566? I ordered on 2026-11-20 for 49.90 EUR.",
        "My password is wrong and the token is not valid",
        "4111 1111 1111 1112 is no card",
        "12345678A is no identity number",
        "I bought 2 pairs in size 42 at 15:30",
        "the passport holder is blue",
        "Order 3471234567, order number: 612345678, order no. is 07700900123",
        "Can you call me about order 612345678?",
        "Bestellung 015123456789, Bestellnummer: 612345678",
        "pedido número 612345678, ordine 3471234567, bestelnummer 612345678",
        "Order system: 3471234567 is not found.",
        "{'message_id': 612345678, \"chat_id\": 3471234567}",
        "#3471234567, TH-612345678 and 1234567890",
        "tracking 00340434161094042557",
        "Passwort ist falsch, la contraseña es incorrecta, la password è scaduta, wachtwoord is verlopen",
        "my password was reset and is not working; the password is required",
        "the secret is patience",
        "We met at noon, at the dot of the i",
        "ab12 were then that they call 3 times",
        "",
    ],
)
def test_what_an_answer_needs_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1 ",
        "a@",
        "+1 ",
        "password is ",
        "A1 ",
        "dni a ",
        "sk-a",
        "a at ",
        "0",
        "612 ",
        "de89 ",
        "call 1",
        "clave ",
        "a(at)a.",
        "order ",
    ],
)
def test_a_long_text_is_read_in_one_go(piece: str) -> None:
    assert masked(piece * 5_000)


def test_the_same_thing_has_one_placeholder_in_the_whole_request() -> None:
    personal = Placeholders()

    first = personal.hide("Write to ada@mail.example or bob@mail.example")
    second = personal.hide("I said Ada@mail.example, or +49 171 2345678")

    assert first == "Write to [e-mail 1] or [e-mail 2]"
    assert second == "I said [e-mail 1], or [phone 1]"


def test_an_answer_gets_addresses_back_and_of_what_one_pays_with_only_the_end() -> None:
    personal = Placeholders()
    personal.hide("ada@mail.example, 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00, my password is Hunter2!")

    written = "We write to [e-mail 1]. [card 1], [account 1] and [secret 1] are safe; [phone 9] is not ours."
    answer = filled_in(written, personal.spoken(written))

    assert answer == "We write to ada@mail.example. •••1111, •••3000 and ••• are safe; [phone 9] is not ours."
